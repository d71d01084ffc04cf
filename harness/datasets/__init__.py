"""Data sets: inputs and what should come of them, from files."""
