"""The USB port that a board is plugged into, where it is found again whatever it is called after a restart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from harness.boards.pico.names import Target, attached, check
from harness.boards.pico.usb import Mode, Usb, UsbDevice
from harness.boards.pico.waiting import poll
from harness.deadline import Deadline

_GO_SECONDS = 2.0


class Place:
    """Where the target is.

    Args:
        target: the board.
        usb: what is attached.
        on_serial: told the board's serial number once it is known, if it was not from the start.

    Attributes:
        target: the board, with all that is known by now.
    """

    def __init__(self, target: Target, usb: Usb, on_serial: Callable[[str], None] = lambda serial: None) -> None:
        self.target = target
        self.usb = usb
        self._on_serial = on_serial

    def look(self) -> UsbDevice | None:
        """What is there now, or None. In the application mode it has a serial port that can be opened.

        Raises:
            WrongBoard: it is another board.
        """
        device = self.present()
        # Interfaces and nodes come a moment after the device, and a device that lost them goes a moment later.
        if device is None or (device.mode is Mode.APPLICATION and not any(tty.exists() for tty in device.ttys)):
            return None
        if device.mode is Mode.APPLICATION and self.target.serial is None and device.own_serial is not None:
            self._on_serial(device.own_serial)
            self.target = replace(self.target, serial=device.own_serial)
        if not self.target.chip and device.chip:
            self.target = replace(self.target, chip=device.chip)
        return device

    def present(self) -> UsbDevice | None:
        """What is there now, with a serial port or without; for what needs none.

        Raises:
            WrongBoard: it is another board.
        """
        device = self.usb.at(self.target.port_path)
        if device is not None:
            check(self.target, device)
        return device

    def wait(
        self, deadline: Deadline, mode: Mode | None = None, *, restarted_from: UsbDevice | None = None
    ) -> UsbDevice | None:
        """Waits for the board.

        Args:
            deadline: until when.
            mode: which mode it must be in; None for any.
            restarted_from: what was there before a restart: it must have gone.

        Returns:
            The device; None if it does not come.

        Raises:
            WrongBoard: another board comes.
        """
        old = 0 if restarted_from is None else restarted_from.address

        def arrived() -> UsbDevice | None:
            device = self.look()
            if device is None or (mode is not None and device.mode is not mode) or (old and device.address == old):
                return None
            return device

        if restarted_from is not None and not old:
            # Where addresses are not known, a board that restarts is seen by its absence.
            poll(lambda: True if self.look() is None else None, Deadline(min(_GO_SECONDS, deadline.remaining())))
        return poll(arrived, deadline)

    def surroundings(self) -> str:
        """What is attached to the computer, in words."""
        return attached(self.usb.devices(), self.usb)
