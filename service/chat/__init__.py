"""Conversations: who may be talked to here, and what each does to answer."""
