"""Loads the plugin from this checkout, and pytest's own tester of plugins for `tests/`."""

pytest_plugins = ["harness.plugin", "pytester"]
