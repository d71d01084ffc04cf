"""The real picotool flashes the real image, and an emulated RP2040 boots it and answers: nothing is a dummy."""

import numpy as np
import pytest

from harness.bench import Bench
from harness.boards.emulator.availability import why_unavailable
from harness.errors import FlashFailed
from harness.flash.pack import ModelPack
from harness.models.library import ModelLibrary
from tests.integration.conftest import MODELS
from tests.integration.pico.conftest import SERIAL
from tests.support.firmware_images import load_image, why_no_image
from tests.support.loopback_model import arena_for, loopback_model

pytestmark = pytest.mark.emulated


def image_of(engine):
    reason = why_unavailable() or why_no_image(engine)
    if reason is not None:
        pytest.skip(reason)
    return load_image(engine)


@pytest.fixture
def pico(bus):
    """A blank emulated board, in BOOTSEL as such boards are."""
    return bus.plug("1-2", unique_id=SERIAL, application="emulator")


def test_flashed_and_asked_and_brought_back(open_pico, pico):
    loopback = image_of("loopback")
    board = open_pico("1-2", firmware=loopback)
    pack = ModelPack([("echo", loopback_model(16))])
    board.flash(board.image(pack))
    client = board.connect()
    told = client.identify()
    assert (told.build, told.serial, told.engine) == (loopback.build, SERIAL, "loopback")
    opened = client.open("echo", arena=arena_for(16) + 64, preserve_all_tensors=False, resource_variables=0)
    client.write_input(opened.opened.session, 0, bytes(range(16)))
    client.invoke(opened.opened.session, warmup=0, repeats=1, profile=False, seconds=60)
    assert client.read_output(opened.opened.session, 0) == bytes(range(16))

    board.recover()
    assert board.connect().identify().serial == SERIAL
    assert board.to_bootsel().chip == "RP2040"
    board.recover()
    assert board.connect().identify().build == loopback.build


def test_an_unplugged_flashing_leaves_a_board_that_can_be_flashed(open_pico, pico):
    board = open_pico("1-2", firmware=image_of("loopback"))
    pico.faults.unplug_during = "write"
    with pytest.raises(FlashFailed):
        board.flash(board.image(ModelPack()))
    # What is on it now begins like a firmware and ends in the middle.
    pico.replug("bootsel")
    board.flash(board.image(ModelPack()))
    assert board.connect().identify().serial == SERIAL


def test_a_model_is_brought_onto_the_board_and_computed_there(open_pico, pico):
    library = ModelLibrary([MODELS])
    board = open_pico("auto", firmware=image_of("tflm"))
    bench = Bench(board, library)
    assert bench.prepare([library.find("sine_int8")]).done
    with bench.open("sine_int8") as session:
        spec = session.inputs[0]
        assert session.invoke(np.zeros(spec.shape, spec.dtype)).latency.median > 0
    assert bench.conditions.kind == "pico" and bench.conditions.serial == SERIAL
    pico.counts.clear()
    assert not Bench(board, library).prepare([library.find("sine_int8")]).done
    assert not pico.counts.flash_touched
