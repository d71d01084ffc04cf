"""Small images for virtual boards."""

from __future__ import annotations

import random
from pathlib import Path

from harness.flash.uf2 import RP2040, RP2350_ARM_S, Uf2, write_uf2
from tests.virtual_usb.chips import FLASH_ADDRESS, SECTOR_BYTES
from tests.virtual_usb.dummy import second_stage_crc


def bootable(sectors: int = 4, seed: int = 1) -> bytes:
    """A flash's beginning that a dummy application starts from; another one for each seed."""
    noise = random.Random(seed).randbytes(sectors * SECTOR_BYTES)
    return noise[:252] + second_stage_crc(noise[:252]) + noise[256:]


def uf2_file(folder: Path, data: bytes, *, family: int = RP2040, address: int = FLASH_ADDRESS) -> Path:
    """These bytes as a UF2."""
    path = folder / f"image-{family:x}-{address:x}.uf2"
    path.write_bytes(write_uf2(Uf2.joined(family, [(address, data)])))
    return path


__all__ = ["RP2040", "RP2350_ARM_S", "bootable", "uf2_file"]
