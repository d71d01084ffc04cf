"""Settings for all tests of the harness."""

import os

from hypothesis import settings

# On a CI machine the same examples every time: a red run is the change's fault. At a desk new ones, to find more.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("desk", deadline=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


def pytest_configure(config):
    config.addinivalue_line("markers", "emulated: runs a firmware image on an emulated RP2040")
