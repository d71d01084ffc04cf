"""What every kind of board can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from harness.flash.image import Image
from harness.flash.pack import ModelPack
from harness.protocol.client import Client
from harness.protocol.devicelog import DeviceLog

if TYPE_CHECKING:
    from harness.flash.firmware import Firmware


class Board(ABC):
    """A board that firmware runs on.

    Call order: `flash` when needed, `connect`, work, `recover` after a fault, `close`.

    Attributes:
        kind: "host", "emulator" or "pico"; limits in test cases are given per kind.
        name: what a person calls it.
        place: what it is plugged into; "" for a board that is a program.
        log: all that the board has said, over all its connections.
        flashable: whether `flash` can do anything at all.
        unproved: whether a flashing was begun, by whomever, and not proved: then nothing on it counts as unchanged.
        firmware: what `image` brings, with its symbols; None where the firmware is no file.
    """

    kind: str
    name: str
    place: str = ""
    flashable: bool = True
    unproved: bool = False
    firmware: Firmware | None = None

    def __init__(self) -> None:
        self.log = DeviceLog()

    @abstractmethod
    def image(self, pack: ModelPack) -> Image:
        """The image for this board, of its firmware and these models."""

    @abstractmethod
    def flash(self, image: Image) -> None:
        """Brings an image onto the board and restarts it; clients from before are dead.

        Raises:
            FlashFailed: it did not work, or it cannot be proved that it did.
        """

    @abstractmethod
    def connect(self) -> Client:
        """A client for the running firmware. Waits, up to a deadline, for a board that restarts.

        A crash is told once: who asks `identify` here hands on the client that it was told to.

        Raises:
            NoFirmware: it waits for a firmware; `flash` brings it one.
            BoardNotFound, BoardBusy, LinkLost, DeviceTimeout: it cannot be reached.
        """

    @abstractmethod
    def recover(self) -> None:
        """Brings the firmware back to its start, whatever state it is in; clients from before are dead.

        Raises:
            HarnessError: the board cannot be brought back.
        """

    @abstractmethod
    def close(self) -> None:
        """Lets the board go."""
