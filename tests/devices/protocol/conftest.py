"""Every device that speaks docs/protocol.md, through its serial port: one suite for all of them."""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.flash.pack import ModelPack
from harness.tflm.availability import why_unavailable as why_no_tflm
from tests.devices.conftest import demand, make_emulator
from tests.support.firmware_images import why_no_image
from tests.support.loopback_model import loopback_model
from tests.support.terminal import HostProgram, Terminal

_MODELS = Path(__file__).parents[3] / "test_cases" / "models"


@dataclass(frozen=True)
class Counter:
    """A model whose output tells how often it was invoked.

    Attributes:
        data: its input.
        output: the output that tells.
        figure: that output's format.
        opened: what it tells at the first invokes after `open`.
        reset: at the first ones after `reset`.
    """

    data: bytes
    output: int
    figure: str
    opened: tuple[float, ...]
    reset: tuple[float, ...]


class Target(ABC):
    """A kind of device, and one that is running.

    Attributes:
        models: its pack. "small" has one byte in and one byte out; "counter" is described by `counter`; "large" needs
            more than 16 bytes of arena.
        sessions: how many it holds.
        tick_hz: ticks per second that it measures in.
        repeats: the most that one command may ask for.
    """

    models: ModelPack
    counter: Counter
    tick_hz: int
    repeats: int
    sessions = 4

    def __init__(self) -> None:
        self._terminal: Terminal | None = None

    @abstractmethod
    def port(self) -> str:
        """Where it is now."""

    @abstractmethod
    def power_cycle(self) -> None:
        """Starts it anew, whatever state it is in."""

    @property
    def terminal(self) -> Terminal:
        """A terminal with its port open."""
        if self._terminal is None:
            self._terminal = Terminal(self.port())
        return self._terminal

    def hang_up(self) -> None:
        """Closes the terminal."""
        if self._terminal is not None:
            self._terminal.close()
            self._terminal = None

    def after_reboot(self) -> Terminal:
        """A terminal on a device that restarts by itself."""
        self.hang_up()
        return self.terminal

    def after_relink(self) -> Terminal:
        """A terminal on a device that has left and come back."""
        self.hang_up()
        return self.terminal

    def restart(self) -> Terminal:
        """A terminal on a device that has just started."""
        self.hang_up()
        self.power_cycle()
        return self.terminal


class TflmTarget(Target):
    """One that runs models of TFLM's: "counter" adds its input to a variable that CALL_ONCE sets to 10."""

    counter = Counter(struct.pack("<f", 1.0), 0, "<f", (11.0, 12.0, 13.0, 14.0), (1.0, 2.0, 3.0, 4.0))

    def __init__(self) -> None:
        super().__init__()
        read = {"small": "sine_int8", "counter": "accumulator", "large": "accumulator"}
        self.models = ModelPack((name, (_MODELS / f"{file}.tflite").read_bytes()) for name, file in read.items())


class Host(TflmTarget):
    """The host board's program."""

    tick_hz = 10**9
    repeats = 100_000

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._flash = folder / "a.flash"
        self._program: HostProgram | None = None

    def after_reboot(self) -> Terminal:
        # The program ends, and whoever started it starts it again.
        self.hang_up()
        if self._program is not None:
            assert self._program.process.wait(60) == 0
        return self.restart()

    def port(self) -> str:
        if self._program is None:
            self._program = HostProgram(self._flash, self.models)
        return self._program.pty

    def after_relink(self) -> Terminal:
        assert self._program is not None
        self._program.await_port()
        return super().after_relink()

    def power_cycle(self) -> None:
        self.close()

    def close(self) -> None:
        self.hang_up()
        if self._program is not None:
            self._program.close()
            self._program = None


class Emulated(Target):
    """A firmware on an emulated RP2040."""

    tick_hz = 125_000_000
    repeats = 1024
    engine: str

    def __init__(self, folder: Path) -> None:
        super().__init__()
        models = [(entry.name, entry.data) for entry in self.models.entries]
        self._board = make_emulator(demand(self.engine), folder, models=models)

    def port(self) -> str:
        return self._board.port()

    def power_cycle(self) -> None:
        self._board.power_cycle()

    def close(self) -> None:
        self.hang_up()
        self._board.close()


class Loopback(Emulated):
    """The loopback firmware."""

    engine = "loopback"
    models = ModelPack([("small", loopback_model(1)), ("counter", loopback_model(4)), ("large", loopback_model(64))])
    counter = Counter(b"abcd", 1, "<I", (1, 2, 3, 4), (1, 2, 3, 4))


class Tflm(Emulated, TflmTarget):
    """The firmware that runs models."""

    engine = "tflm"

    def __init__(self, folder: Path) -> None:
        TflmTarget.__init__(self)
        Emulated.__init__(self, folder)


KINDS = {"host": Host, "loopback": Loopback, "tflm": Tflm}
# An image that is not there is told by one skip (test_images.py), and not by one for each of a hundred tests.
PRESENT = [kind for kind, device in KINDS.items() if kind == "host" or why_no_image(device.engine) is None]


@pytest.fixture(scope="session", params=PRESENT)
def target(request, tmp_path_factory):
    """Each kind of device in turn."""
    if request.param == "host" and (reason := why_no_tflm()) is not None:
        pytest.skip(reason)
    target = KINDS[request.param](tmp_path_factory.mktemp(request.param))
    yield target
    target.close()


@pytest.fixture
def terminal(target):
    """A device that is used by one test after the other, and must be in step after each."""
    terminal = target.terminal
    try:
        yield terminal
        terminal.end_sessions()
        assert terminal.ask("ping #999")["id"] == 999
    except BaseException:
        # What is wrong with it is this test's, and no later one's.
        target.restart()
        raise


@pytest.fixture
def fresh(target):
    """A device that has just started."""
    yield target.restart()
    target.hang_up()
