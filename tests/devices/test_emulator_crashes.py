"""Real crashes of the real firmware, as a test is told of them: by the bench, with names of the firmware's ELF file."""

import pytest

from harness.bench import Bench
from harness.boards.emulator.availability import why_unavailable
from harness.boards.emulator.board import EmulatorBoard
from harness.errors import DeviceCrashed
from harness.models.library import ModelLibrary
from tests.support.firmware_images import load_image, why_no_image

_REASON = why_unavailable() or why_no_image("loopback")
pytestmark = pytest.mark.skipif(_REASON is not None, reason=_REASON or "")


@pytest.fixture(autouse=True)
def tflm():
    """These tests do not need TFLM's interpreter."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    firmware = load_image("loopback")
    board = EmulatorBoard(firmware, directory=tmp_path_factory.mktemp("boards"))
    board.firmware = firmware
    bench = Bench(board, ModelLibrary())
    bench.prepare()
    yield bench
    bench.close()


def crash_of(bench, kind):
    with pytest.raises(DeviceCrashed) as caught:
        bench.call(lambda client: client.request("fault", {"kind": kind}, seconds=60))
    # Usable at once, and with nothing more to tell.
    bench.client.ping()
    assert bench.client.identify().crash is None
    assert bench.notices == []
    return caught.value


@pytest.mark.parametrize(
    ("kind", "reason", "frame"),
    [
        ("hardfault", "HardFault", "tflm_hil::(anonymous namespace)::ReadNowhere"),
        ("half_record", "HardFault", "tflm_hil::(anonymous namespace)::ReadNowhere"),
        ("panic", "panic", "tflm_hil::Fault"),
        ("assert", "assertion failed", "tflm_hil::Fault"),
        ("stack", "stack overflow", "tflm_hil::Fault"),
        ("hang", "watchdog", "tflm_hil::(anonymous namespace)::Hang"),
    ],
)
def test_each_kind_of_crash_names_the_line_that_caused_it(bench, kind, reason, frame):
    error = crash_of(bench, kind)
    assert error.reason == reason
    assert error.command.startswith(f"fault kind={kind} #")
    [named, *_] = [line for line in error.backtrace if f" {frame} (" in line]
    assert "test_verbs.cpp:" in named
    assert any("tflm_hil::Commands::Handle" in line for line in error.backtrace)
    assert "not all addresses have names" not in str(error)
    assert f"on emulator {bench.identity.serial} (RP2040, 125 MHz, 32-bit), firmware {bench.identity.build}" in str(
        error
    )


def test_what_a_failed_assertion_and_a_panic_say_is_shown(bench):
    assert crash_of(bench, "panic").detail == "panic number 42"
    assert "1 + 1 == 3" in crash_of(bench, "assert").detail
