"""A board that has no firmware yet, or another one: it is flashed, if that is allowed."""

import pytest

from harness.bench import Bench
from harness.boards.host.board import HostBoard
from harness.errors import DeviceTimeout, NoFirmware, ProtocolError
from harness.flash.image import Image
from harness.models.library import ModelLibrary
from tests.integration.conftest import MODELS


class EmptyBoard(HostBoard):
    """Cannot be connected before it is flashed; its firmware is a file, as a Pico's is."""

    def __init__(self, directory, error):
        super().__init__(directory)
        self.error = error

    def image(self, pack):
        told = super().image(pack)
        return Image(told.build, b"a firmware" if self.has_file else b"", pack)

    has_file = True

    def flash(self, image):
        super().flash(image)
        self.error = None

    def connect(self):
        if self.error is not None:
            raise self.error
        return super().connect()


@pytest.fixture
def board(tmp_path):
    made = EmptyBoard(tmp_path, NoFirmware("nothing in flash"))
    yield made
    made.close()


ERRORS = [
    NoFirmware("the board is in BOOTSEL"),
    DeviceTimeout("the answer to `identify`", 10),
    ProtocolError("protocol version 1 expected, the device speaks 2"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("policy", ["auto", "always"])
def test_it_is_flashed_without_being_asked_what_is_on_it(board, error, policy):
    board.error = error
    bench = Bench(board, ModelLibrary([MODELS]), flash=policy)
    done = bench.prepare([bench.library.find("sine_int8")])
    assert done.done and " 1 model (" in done.text
    with bench.open("sine_int8") as session:
        assert session.open


def test_never_means_never(board):
    bench = Bench(board, ModelLibrary([MODELS]), flash="never")
    with pytest.raises(NoFirmware, match="--flash auto"):
        bench.prepare()


def test_where_the_firmware_is_no_file_flashing_would_not_help(board):
    board.has_file = False
    board.error = DeviceTimeout("the answer to `identify`", 10)
    with pytest.raises(DeviceTimeout):
        Bench(board, ModelLibrary([MODELS])).prepare()
