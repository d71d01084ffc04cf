"""What a board must be able to do for an image that is not ours."""

from __future__ import annotations

from typing import Protocol

from harness.protocol.transport import Transport


class ImageBoard(Protocol):
    """A board that takes any image.

    Attributes:
        kind: "emulator" or "pico".
    """

    kind: str

    @property
    def name(self) -> str:
        """What a person calls it."""

    def flash_raw(self, image: bytes) -> Transport:
        """Brings an image onto the board, whatever runs on it now, starts it, and opens its serial port at once.

        The transport is the caller's to close; it must be closed before the next image.

        Args:
            image: a UF2 as it came from its file.

        Raises:
            Uf2Invalid, WrongChip: the board cannot be given it; before anything is done to the board.
            NotStarted: it was written, and brings no serial port.
            HarnessError: the board cannot be had, or cannot be written to.
        """

    def close(self) -> None:
        """Lets the board go."""
