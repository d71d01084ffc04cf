"""An image: what one flashing brings onto a board."""

from __future__ import annotations

from dataclasses import dataclass

from harness.flash.pack import ModelPack


@dataclass(frozen=True)
class Image:
    """A firmware and its models.

    Attributes:
        build: the firmware's build id, as the board reports it.
        firmware: the firmware's bytes; empty for the host board, whose firmware is a program on this computer.
        pack: the models.
    """

    build: str
    firmware: bytes
    pack: ModelPack
