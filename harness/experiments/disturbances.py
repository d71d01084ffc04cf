"""What happens to a product between two calls, for tests of what its state survives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass

from harness.bench import Bench
from harness.errors import HarnessError
from harness.experiments.inputs import shared_inputs
from harness.models.tflite import TfliteModel

# Each is `State.survives_...`.
DISTURBANCES = ("pause", "relink", "logging", "another_model", "second_core")

_STEPS_OF_ANOTHER = 3


@dataclass(frozen=True)
class Happening:
    """Something that happens between two steps.

    Attributes:
        words: such as "after a pause".
        begin: makes it happen; what it gives lasts until the end of the sequence.
    """

    words: str
    begin: Callable[[], AbstractContextManager[object]]


def pause(bench: Bench, seconds: float) -> Happening:
    """The board sleeps."""
    return Happening(f"after a pause of {seconds:g} s", _at_once(lambda: bench.pause(seconds)))


def relink(bench: Bench) -> Happening:
    """The board leaves USB and comes back."""
    return Happening("after USB had gone and come back", _at_once(bench.relink))


def log(bench: Bench, lines: int) -> Happening:
    """The board prints."""
    return Happening(f"after {lines:,} lines of log", _at_once(lambda: bench.log(lines)))


def second_core(bench: Bench) -> Happening:
    """The second core works, until the end."""

    @contextmanager
    def begin() -> Iterator[None]:
        bench.work(True)
        try:
            yield
        except BaseException:
            # What is on its way tells more.
            with suppress(HarnessError):
                bench.work(False)
            raise
        bench.work(False)

    return Happening("while the second core works", begin)


def another_model(bench: Bench, model: TfliteModel) -> Happening:
    """A model is opened in what is free, run, and closed."""

    def run() -> None:
        # Nobody's figures.
        report, bench.on_measurement = bench.on_measurement, lambda measurement: None
        try:
            with bench.open(model) as other:
                other.run(shared_inputs(model, model, 0, _STEPS_OF_ANOTHER)[0])
        finally:
            bench.on_measurement = report

    return Happening(f"after another session with {model.name}", _at_once(run))


def _at_once(action: Callable[[], object]) -> Callable[[], AbstractContextManager[None]]:
    """What is over when the next step begins."""

    def begin() -> AbstractContextManager[None]:
        action()
        return nullcontext()

    return begin
