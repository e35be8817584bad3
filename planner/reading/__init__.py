"""A model's reply to one plan document: bounded, every repair logged, nothing invented."""
