"""The guest in Python; its build takes `main.py`."""
