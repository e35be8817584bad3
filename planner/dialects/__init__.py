"""Plans in other formats, brought to plan documents, or refused with what plan/1 finds wrong in them."""
