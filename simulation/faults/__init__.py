"""Faults that are planted to see whether the laws find them."""
