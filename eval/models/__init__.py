"""How fast models answer: calls measured one by one, summed up by setting, drawn."""
