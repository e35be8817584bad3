"""Deterministic simulation of dispatcher, journal and storage: virtual time, a disk that loses writes, planted faults."""
