"""The Picos that are attached, and who has them: for `tflm-hil boards` and for messages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.boards.pico.inventory import Entry, load_inventory
from harness.boards.pico.lock import Holder, holders, lock_folder
from harness.boards.pico.usb import Mode, Usb, UsbDevice, this_computer
from harness.errors import HarnessError


@dataclass(frozen=True)
class Listed:
    """A board in the list.

    Attributes:
        name: what to write after --board: its name in the inventory, else its USB port path.
        device: what is there; None for a board of the inventory that is not there.
        holder: the run that has it, or None.
        entry: what the inventory says of it, or None.
    """

    name: str
    device: UsbDevice | None
    holder: Holder | None
    entry: Entry | None

    @property
    def usable(self) -> bool:
        """Whether a run can have it now."""
        return self.device is not None and self.device.is_pico and self.holder is None

    @property
    def about(self) -> str:
        """One line: what it is, and who has it."""
        if self.device is None:
            return "in the inventory, not attached"
        held = f"; in use by {self.holder.describe()}" if self.holder else ""
        return self.device.describe() + held


def list_boards(inventory: Path | None = None, usb: Usb | None = None, locks: Path | None = None) -> list[Listed]:
    """All Picos that are attached, and debug probes beside them, then those that the inventory knows and are not there.

    Raises:
        InventoryError: the inventory is wrong.
    """
    known = load_inventory(inventory)
    named = {id(entry): name for name, entry in known.entries.items()}
    try:
        held = holders(locks or lock_folder())
    except HarnessError:
        held = []
    found = []
    for device in (usb or this_computer()).devices():
        if not device.is_pico and device.mode is not Mode.PROBE:
            continue
        entry = known.by_place(device.port_path, device.own_serial)
        keys = {device.port_path, device.own_serial or device.port_path}
        holder = next((one for one in held if keys.intersection(one.names)), None)
        found.append(Listed(named.pop(id(entry), device.port_path), device, holder, entry))
    return found + [Listed(name, None, None, entry) for name, entry in known.entries.items() if id(entry) in named]
