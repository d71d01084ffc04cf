"""What was flashed without proof is flashed again, whatever the firmware on the board says of itself."""

import pytest

from harness.bench import Bench
from harness.boards.pico.failures import NotVerified
from harness.errors import FlashFailed
from harness.flash.pack import ModelPack
from harness.models.library import ModelLibrary
from tests.integration.conftest import MODELS
from tests.integration.pico.conftest import SERIAL

LIBRARY = ModelLibrary([MODELS])
SINE = [LIBRARY.find("sine_int8")]


@pytest.fixture
def pico(bus, old_flash):
    return bus.plug("1-2", unique_id=SERIAL, flash=old_flash, application="dummy")


@pytest.fixture
def spoilt(open_pico, pico):
    """A board whose flash has one wrong byte, and whose firmware tells the build that was wanted all the same."""
    board = open_pico("1-2")
    bench = Bench(board, LIBRARY)
    pico.faults.bad_address = 0x10000923
    with pytest.raises(NotVerified):
        bench.prepare(SINE)
    pico.faults.clear()
    return bench


def is_right(pico, firmware):
    return pico.flash.startswith(firmware.uf2.segments[0][1])


def test_the_next_test_does_not_run_on_it(spoilt, pico, firmware):
    spoilt.ensure_ready()
    assert is_right(pico, firmware)
    spoilt.prepare(SINE)
    pico.counts.clear()
    spoilt.ensure_ready()
    assert not spoilt.prepare(SINE).done and not pico.counts.flash_touched, "proved now"


def test_nor_does_the_next_run_even_if_somebody_has_started_it(spoilt, open_pico, pico, firmware):
    spoilt.close()
    pico.power_cycle()
    assert pico.mode == "application" and not is_right(pico, firmware)
    for name in ("1-2", SERIAL):
        with pytest.raises(FlashFailed, match="whose last flashing was proved expected"):
            Bench(board := open_pico(name), LIBRARY, flash="never").prepare(SINE)
        board.close()
    board = open_pico(SERIAL)
    assert Bench(board, LIBRARY).prepare(SINE).done
    assert is_right(pico, firmware)
    board.close()
    assert not Bench(open_pico("1-2"), LIBRARY).prepare(SINE).done


def test_nor_where_the_run_was_killed_while_it_wrote(open_pico, pico, firmware, monkeypatch):
    board = open_pico("1-2")
    Bench(board, LIBRARY).prepare(SINE)

    def killed(*arguments, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("harness.boards.pico.picotool.Picotool._call", killed)
        patch.setattr("harness.boards.pico.recovery.Recovery.to_bootsel", lambda self: self._place.present())
        with pytest.raises(KeyboardInterrupt):
            board.flash(board.image(ModelPack()))
    board.close()
    pico.counts.clear()
    assert Bench(open_pico("1-2"), LIBRARY).prepare(SINE).done
    assert pico.counts.flash_touched
