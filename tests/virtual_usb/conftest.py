"""What the tests of the virtual USB share."""

from __future__ import annotations

import pytest

from tests.virtual_usb import VirtualBus, find_picotool, why_no_picotool
from tests.virtual_usb.images import bootable, uf2_file


def pytest_report_header():
    """Which picotool runs."""
    return f"picotool: {why_no_picotool() or find_picotool()}"


@pytest.fixture(scope="session")
def picotool(record_testsuite_property):
    """The picotool that runs; skips where there is none."""
    reason = why_no_picotool()
    if reason is not None:
        pytest.skip(reason)
    record_testsuite_property("picotool", str(find_picotool()))
    return find_picotool()


@pytest.fixture
def bus(picotool, tmp_path):
    """An empty bus."""
    folder = tmp_path / "usb"
    folder.mkdir()
    with VirtualBus(folder) as bus:
        yield bus


@pytest.fixture
def bootsel(bus):
    """A blank board in BOOTSEL."""
    return bus.plug("1-2", application="dummy")


@pytest.fixture
def running(bus):
    """A board whose dummy application runs."""
    return bus.plug("1-2", application="dummy", flash=bootable(seed=0))


@pytest.fixture
def image(tmp_path):
    """An image that a dummy application starts from."""
    return uf2_file(tmp_path, bootable())
