"""Native agent `time`: deadlines in words, zones and machine forms, read as instants in UTC."""
