"""What goes wrong with boards and their flash."""

from __future__ import annotations

from collections.abc import Iterable

from harness.errors.root import HarnessError


class BoardNotFound(HarnessError):
    """No board answers to the given name."""

    advice = "`tflm-hil boards` lists what can be used now"


class NoFirmware(BoardNotFound):
    """The board is there and waits for a firmware: its flash is empty, or it was switched on with BOOTSEL pressed."""

    advice = "flash it: run pytest with --flash auto, or `tflm-hil flash BOARD`"


class BoardBusy(HarnessError):
    """Another process holds the board.

    Attributes:
        pid: that process, None where unknown.
        command: what it was started with, "" where unknown.
        since: since when it holds the board, in seconds since the epoch, None where unknown.
    """

    advice = "wait until it ends, or use another board"

    def __init__(
        self,
        message: str,
        *,
        pid: int | None = None,
        command: str = "",
        since: float | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(message, advice=advice)
        self.pid = pid
        self.command = command
        self.since = since


class WrongBoard(HarnessError):
    """Another board is plugged in where this one was: it has another serial number, or another chip.

    Attributes:
        expected: what was there, or should be.
        came: what is there now.
    """

    advice = "plug the boards in as before, or name the one that is there now"

    def __init__(self, message: str, *, expected: str, came: str, advice: str | None = None) -> None:
        super().__init__(message, advice=advice)
        self.expected = expected
        self.came = came


class NoPermission(HarnessError):
    """The system does not let this user use the board."""

    advice = (
        "on Linux, copy ci/60-tflm-hil.rules to /etc/udev/rules.d, run `udevadm control --reload`, join the group "
        "dialout, and plug the board in anew; `tflm-hil doctor` tells which of these is missing"
    )


class BoardLost(HarnessError):
    """The board does not come back by anything that can be done from here; `tried` has a line for each thing."""

    advice = "unplug the board and plug it in again; if it does not come up, hold BOOTSEL down while plugging it in"

    def __init__(self, message: str, *, tried: Iterable[str] = (), advice: str | None = None) -> None:
        self.tried = tuple(tried)
        super().__init__("\n".join([message, *(f"  tried: {line}" for line in self.tried)]), advice=advice)


class FlashFailed(HarnessError):
    """The image could not be brought onto the board."""


class NotStarted(FlashFailed):
    """An image is in the board's flash, and brings no serial port that a computer could read."""

    advice = "is it an image for this board, that logs over USB (pico_enable_stdio_usb)? It may crash before it does"


class ImageTooLarge(FlashFailed):
    """The models do not fit the model pack, or the firmware does not fit its place.

    Attributes:
        size: bytes that it would have.
        capacity: bytes that there are.
    """

    advice = "leave models out, or make them smaller"

    def __init__(self, *, size: int, capacity: int, what: str = "the model pack", advice: str | None = None) -> None:
        super().__init__(
            f"{what} has {size:,} bytes and the board's flash holds {capacity:,}: {size - capacity:,} too many",
            advice=advice,
        )
        self.size = size
        self.capacity = capacity
