"""A plan as a small model writes it: agents in order, and who reads whom; the arguments are filled in here."""
