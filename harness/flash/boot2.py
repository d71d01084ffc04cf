"""The second-stage bootloader at the start of an RP2040's flash: without its checksum the boot ROM does not start it.

Source: RP2040 datasheet, section 2.8.1.3.1 "Checksum": CRC-32 of the first 252 bytes, polynomial 0x04C11DB7, initial
value 0xFFFFFFFF, no reflection, no final XOR; it stands behind them, little-endian.
"""

from __future__ import annotations

from harness.flash.layout import FLASH_ADDRESS
from harness.flash.uf2 import RP2040, Uf2, Uf2Invalid

BOOT2_BYTES = 256
_COVERED = BOOT2_BYTES - 4
_POLYNOMIAL = 0x04C11DB7


def crc32_mpeg2(data: bytes) -> int:
    """CRC-32/MPEG-2; that of b"123456789" is 0x0376e6e7."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ (_POLYNOMIAL if crc & 0x80000000 else 0)
            crc &= 0xFFFFFFFF
    return crc


def check_boot2(uf2: Uf2) -> None:
    """Makes sure that an RP2040's boot ROM starts what this file writes. An RP2350 has no such checksum.

    Raises:
        Uf2Invalid: it would not.
    """
    if uf2.family != RP2040:
        return
    start = next((data for address, data in uf2.segments if address == FLASH_ADDRESS), b"")[:BOOT2_BYTES]
    if len(start) < BOOT2_BYTES:
        raise Uf2Invalid(f"UF2: a second-stage bootloader at {FLASH_ADDRESS:#010x} expected, {len(start)} bytes came")
    expected, came = crc32_mpeg2(start[:_COVERED]), int.from_bytes(start[_COVERED:], "little")
    if expected != came:
        raise Uf2Invalid(
            f"UF2: checksum {expected:#010x} of the second-stage bootloader expected, {came:#010x} came: the board "
            "would not start it"
        )
