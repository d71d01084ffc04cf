"""Boards that are plugged into another computer, which serves their serial port over the network."""
