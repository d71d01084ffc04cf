import pytest

from harness.errors import ImageTooLarge, Misuse
from harness.flash.image import Image
from harness.flash.layout import FLASH_ADDRESS, FLASH_BYTES, PACK_ADDRESS, PACK_BYTES, SETTINGS_BYTES
from harness.flash.pack import CAPACITY, ModelPack
from harness.flash.uf2 import RP2040, Uf2, Uf2Invalid, read_uf2, write_uf2

MIB = 1024 * 1024


def image(*segments, pack=None):
    return Image("b", write_uf2(Uf2(RP2040, segments)), pack or ModelPack([("m", b"TFL3")]))


def test_the_regions_lie_one_behind_the_other():
    assert PACK_ADDRESS == 0x10100000 == FLASH_ADDRESS + MIB
    assert PACK_ADDRESS + PACK_BYTES + SETTINGS_BYTES == FLASH_ADDRESS + FLASH_BYTES
    assert CAPACITY == PACK_BYTES == 1_040_384


def test_firmware_and_models_are_one_file():
    made = read_uf2(image((FLASH_ADDRESS, b"f" * 5000)).uf2())
    assert made.family == RP2040
    (first, firmware), (second, models) = made.segments
    assert (first, second) == (FLASH_ADDRESS, PACK_ADDRESS)
    assert firmware == b"f" * 5000 + b"\xff" * 3192
    assert models.startswith(image((FLASH_ADDRESS, b"f")).pack.encode())


def test_a_firmware_that_fills_its_place_touches_the_models_and_no_more():
    made = read_uf2(image((FLASH_ADDRESS, b"f" * MIB)).uf2())
    [(address, data)] = made.segments
    assert address == FLASH_ADDRESS
    assert data[MIB : MIB + 8] == b"TFLMPACK"


def test_a_firmware_that_reaches_into_the_models_says_by_how_much():
    with pytest.raises(
        ImageTooLarge, match="the firmware has 1,048,832 bytes.*holds 1,048,576: 256 too many"
    ) as caught:
        image((FLASH_ADDRESS, b"f" * (MIB + 1))).uf2()
    assert (caught.value.size, caught.value.capacity) == (MIB + 256, MIB)


def test_models_beyond_flash_say_by_how_much():
    pack = ModelPack([("m", bytes(CAPACITY))], capacity=2 * CAPACITY)
    with pytest.raises(ImageTooLarge, match="the model pack has .*: 80 too many"):
        image((FLASH_ADDRESS, b"f"), pack=pack).uf2()


def test_a_firmware_that_is_not_for_flash():
    with pytest.raises(
        Uf2Invalid, match="a firmware for flash expected, from 0x10000000 on; 4,096 bytes at 0x0ffff000"
    ):
        image((FLASH_ADDRESS - 256, b"f")).uf2()
    with pytest.raises(ImageTooLarge):
        image((0x20000000, b"f")).uf2()
    with pytest.raises(Uf2Invalid):
        Image("b", b"text", ModelPack()).uf2()


def test_the_host_boards_image_is_no_file():
    with pytest.raises(Misuse, match="the host board"):
        Image("b", b"", ModelPack()).uf2()
