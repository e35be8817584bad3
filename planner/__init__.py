"""Objective in, checked plan out."""
