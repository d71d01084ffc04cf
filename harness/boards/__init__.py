"""Boards: how a firmware is reached, flashed, and brought back."""
