"""An image: what one flashing brings onto a board."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import ImageTooLarge, Misuse
from harness.flash.layout import FIRMWARE_ADDRESS, FIRMWARE_BYTES, PACK_ADDRESS, PACK_BYTES
from harness.flash.pack import ModelPack
from harness.flash.uf2 import Uf2, Uf2Invalid, read_uf2, write_uf2


@dataclass(frozen=True)
class Image:
    """A firmware and its models.

    Attributes:
        build: the firmware's build id, as the board reports it.
        firmware: the firmware's UF2 file; empty for the host board, whose firmware is a program on this computer.
        pack: the models.
    """

    build: str
    firmware: bytes
    pack: ModelPack

    def uf2(self) -> bytes:
        """One UF2 file of firmware and models.

        Raises:
            ImageTooLarge: the firmware reaches into the models' region, or the models reach beyond theirs.
            Uf2Invalid: the firmware is no UF2 file, or is not for flash.
            Misuse: the firmware is the host board's.
        """
        if not self.firmware:
            raise Misuse("an image for a Pico expected, one for the host board came, whose firmware is no UF2")
        firmware = read_uf2(self.firmware)
        for address, data in firmware.segments:
            if address < FIRMWARE_ADDRESS:
                raise Uf2Invalid(
                    f"a firmware for flash expected, from {FIRMWARE_ADDRESS:#010x} on; {len(data):,} "
                    f"bytes at {address:#010x} came",
                    advice="link the firmware for flash",
                )
            size = address + len(data) - FIRMWARE_ADDRESS
            if size > FIRMWARE_BYTES:
                raise ImageTooLarge(
                    size=size,
                    capacity=FIRMWARE_BYTES,
                    what="the firmware",
                    advice="build the firmware with fewer operators, or with -Os",
                )
        pack = self.pack.encode()
        if len(pack) > PACK_BYTES:
            raise ImageTooLarge(size=len(pack), capacity=PACK_BYTES)
        return write_uf2(Uf2.joined(firmware.family, [*firmware.segments, (PACK_ADDRESS, pack)]))
