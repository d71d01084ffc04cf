"""Crashes of a device: found after a link broke, and told with function, file and line."""
