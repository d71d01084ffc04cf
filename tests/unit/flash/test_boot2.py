"""The checksum without which an RP2040 does not start."""

import pytest

from harness.flash.boot2 import check_boot2, crc32_mpeg2
from harness.flash.uf2 import RP2040, RP2350_ARM_S, Uf2, Uf2Invalid

# pico-sdk 2.1.1's boot2_w25q080 begins and ends like any: 252 bytes, then their checksum.
CODE = bytes(range(252))
FLASH = 0x10000000


def image(start, family=RP2040, address=FLASH):
    return Uf2(family, ((address, start),))


@pytest.mark.parametrize(
    ("data", "crc"), [(b"123456789", 0x0376E6E7), (b"", 0xFFFFFFFF), (b"\0", 0x4E08BFB4), (b"\xff" * 4, 0)]
)
def test_the_checksum_is_crc_32_mpeg_2(data, crc):
    assert crc32_mpeg2(data) == crc


def test_the_right_checksum_passes():
    check_boot2(image(CODE + crc32_mpeg2(CODE).to_bytes(4, "little") + b"firmware"))


@pytest.mark.parametrize("place", [0, 100, 251, 252, 255])
def test_any_bit_makes_a_difference(place):
    data = bytearray(CODE + crc32_mpeg2(CODE).to_bytes(4, "little"))
    data[place] ^= 1
    with pytest.raises(Uf2Invalid, match="the board would not start it"):
        check_boot2(image(bytes(data)))


@pytest.mark.parametrize(("start", "address"), [(b"x" * 255, FLASH), (b"x" * 256, FLASH + 256)])
def test_it_must_be_there(start, address):
    with pytest.raises(Uf2Invalid, match="second-stage bootloader at 0x10000000 expected"):
        check_boot2(image(start, address=address))


def test_an_rp2350_has_none():
    check_boot2(image(b"x", RP2350_ARM_S))
