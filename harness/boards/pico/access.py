"""Whether this user may use a board: its serial port, and the node through which picotool reaches it."""

from __future__ import annotations

import os
from pathlib import Path

from harness.boards.pico.usb import DEV, UsbDevice


def usb_node(device: UsbDevice, dev: Path = DEV) -> Path | None:
    """The node that libusb opens on Linux; None where the device's address is not known."""
    return dev / "bus" / "usb" / f"{device.bus:03}" / f"{device.address:03}" if device.address else None


def denied_nodes(device: UsbDevice, dev: Path = DEV) -> list[Path]:
    """The board's nodes that are there and that this user may not read and write."""
    nodes = [usb_node(device, dev), *device.ttys]
    return [node for node in nodes if node is not None and node.exists() and not os.access(node, os.R_OK | os.W_OK)]
