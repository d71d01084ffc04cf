"""What is asked about a state, of boards that keep it and of boards that do not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from harness.errors import DeviceCrashed, Misuse, OutputMismatch, StateKept, StateLost
from harness.experiments.state import DISTURBANCES, State
from harness.measure.measurement import Measurement
from harness.models import tflite
from harness.models.reference import ReferenceRun

MODELS = Path(__file__).parents[3] / "test_cases" / "models"
MODEL = tflite.load(MODELS / "accumulator.tflite")
STEPS = 8
MIDDLE = 4
INPUTS = np.arange(1, STEPS + 1, dtype=np.float32).reshape(STEPS, 1, 1)
CHECKS = (
    "differs_from_stateless",
    "persists",
    "is_cleared_by_reset",
    "initial_values_return_after_reopen",
    *(f"survives_{name}" for name in DISTURBANCES),
)


class Session:
    """A running sum from 10 on, 0 after a reset; its output is the sum in units of `unit`."""

    model, outputs, open = MODEL, MODEL.outputs, True

    def __init__(self, *, forgets=(), unit=1, keeps="", size=1000, used=500):
        self.forgets, self.unit, self.keeps = forgets, unit, keeps
        self.arena = SimpleNamespace(size=size, used=used)
        conditions = SimpleNamespace(describe=lambda: "a board of straw")
        self.measurement = Measurement(MODEL.name, MODEL.sha256, conditions, self.arena)
        self.sum, self.calls, self.told, self.fails_at = 10, 0, [], None

    def invoke(self, *inputs, feed=(), copy="staged"):
        if self.fails_at == self.calls:
            raise DeviceCrashed("HardFault")
        if self.calls in self.forgets:
            self.sum = 0
        self.sum += float(inputs[0].item())
        self.calls += 1
        self.told.append("step")
        self.measurement.add_samples((100.0,))
        return SimpleNamespace(outputs=(np.array([[self.sum // self.unit]], np.float32),))

    def reset(self):
        if self.keeps != "reset":
            self.sum = 0

    def reopen(self, size=None):
        self.sum = self.sum if self.keeps == "reopen" else 10
        self.calls = 0
        self.told.append("reopen" if size is None else f"reopen {size}")
        self.arena = SimpleNamespace(size=size or self.arena.size, used=self.arena.used)

    def lose(self):
        self.sum = 0


class Bench:
    """A board to which things happen, some of which the session does not survive."""

    def __init__(self, session, loses=()):
        self.session, self.loses = session, loses
        self.identity = SimpleNamespace(arena_max=4000)
        self.library = SimpleNamespace(find=lambda name: tflite.load(MODELS / f"{name}.tflite"))
        self.on_measurement = self.reported = lambda measurement: None

    def _happens(self, name):
        self.session.told.append(name)
        if name in self.loses:
            self.session.lose()

    def pause(self, seconds):
        self._happens("pause")

    def relink(self):
        self._happens("relink")

    def log(self, lines):
        self._happens("logging")

    def work(self, on):
        self._happens("second_core" if on else "off")

    def open(self, model):
        assert self.on_measurement is not self.reported
        self._happens("another_model")
        self.session.told.append(model.name)
        return Other()


class Other:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def run(self, steps):
        assert len(steps) == 3


def state_of(session, inputs=INPUTS, loses=(), **given):
    return State(Bench(session, loses), session, inputs, **given)


@pytest.mark.parametrize("check", CHECKS)
def test_a_board_that_does_what_it_should_passes(check):
    getattr(state_of(Session()), check)()


@pytest.mark.parametrize("name", DISTURBANCES)
def test_it_happens_between_two_steps_in_the_middle(name):
    session = Session()
    state = state_of(session)
    state.survives(name)
    told = session.told[len(session.told) - 1 - session.told[::-1].index("reopen") :]
    extra = {"another_model": ["accumulator"]}.get(name, [])
    end = ["off"] if name == "second_core" else []
    assert told == ["reopen", *["step"] * MIDDLE, name, *extra, *["step"] * (STEPS - MIDDLE), *end]
    assert session.measurement.comparisons[-1].equal_steps == STEPS


@pytest.mark.parametrize("name", DISTURBANCES)
def test_a_loss_is_told_with_its_step_and_its_cause(name):
    with pytest.raises(StateLost) as caught:
        state_of(Session(), loses=[name]).survives(name)
    words = {
        "pause": "after a pause of 0.1 s",
        "relink": "after USB had gone and come back",
        "logging": "after 20 lines of log",
        "another_model": "after another session with accumulator",
        "second_core": "while the second core works",
    }[name]
    assert caught.value.step == MIDDLE
    text = str(caught.value)
    assert f"accumulator: state lost at step 5, {words} before step 5" in text
    assert "25.0 expected, 5.0 came" in text
    assert "a board of straw" in text and "what to do: find what resets the state" in text
    with pytest.raises(StateLost):
        state_of(Session(), loses=[name]).survives_all()
    state_of(Session(), loses=[name]).survives(*(other for other in DISTURBANCES if other != name))


@pytest.mark.parametrize("name", DISTURBANCES)
def test_what_is_invoked_while_something_happens_is_not_timed(name):
    session = Session()
    state = state_of(session)
    state.persists()
    before = len(session.measurement.samples_us)
    assert before > 0
    getattr(state, f"survives_{name}")()
    assert before <= len(session.measurement.samples_us) <= session.told.count("step") - STEPS + MIDDLE
    assert not session.measurement.cold


@pytest.mark.parametrize("check", CHECKS)
def test_a_kernel_that_forgets_is_told_by_every_check(check):
    with pytest.raises(StateLost, match="state lost at step 2") as caught:
        getattr(state_of(Session(forgets=range(1, 100))), check)()
    assert caught.value.step == 1


@pytest.mark.parametrize("call", [1, 5, 7])
def test_a_single_loss_is_found_at_its_call(call):
    with pytest.raises(StateLost, match=f"state lost at step {call + 1}: from there on") as caught:
        state_of(Session(forgets=[call])).persists()
    assert caught.value.step == call


def test_outputs_that_happen_to_be_the_same_are_no_loss():
    """The sum shows in units of 20: calls 2 and 3 show nothing of what was before, and later ones do."""
    state_of(Session(unit=20)).persists()
    with pytest.raises(StateLost, match="state lost at step 7"):
        state_of(Session(unit=20, forgets=[6])).persists()


def test_more_calls_than_the_sequence_has():
    state_of(Session()).persists(calls=20)
    with pytest.raises(StateLost, match="state lost at step 19"):
        state_of(Session(forgets=[18])).persists(calls=20)
    state_of(Session(forgets=[18])).persists()
    with pytest.raises(Misuse, match="two calls at least"):
        state_of(Session()).persists(calls=1)


@pytest.mark.parametrize(
    ("keeps", "check"), [("reset", "is_cleared_by_reset"), ("reopen", "initial_values_return_after_reopen")]
)
def test_a_state_that_stays(keeps, check):
    with pytest.raises(StateKept, match=f"state kept over {keeps}") as caught:
        getattr(state_of(Session(keeps=keeps)), check)()
    assert caught.value.step == {"reset": 1, "reopen": 0}[keeps]


def test_what_only_reset_leaves_behind():
    """It clears, but not all: what is left of a longer past is more."""
    session = Session()
    session.reset = lambda: setattr(session, "sum", session.sum // 10)
    with pytest.raises(StateKept, match=r"state kept over reset\(\): after another past, step 1 is another"):
        state_of(session).is_cleared_by_reset()


def test_a_sequence_that_cannot_show_a_loss_is_no_proof():
    """At the middle the sum is 0, so that nobody sees whether it is there."""
    inputs = np.array([3, -4, -4, -5, 1, 2, 3, 4], np.float32).reshape(STEPS, 1, 1)
    with pytest.raises(Misuse, match="shows nothing: a model that has its state cleared before step 5"):
        state_of(Session(), inputs).survives_pause()


def test_a_board_that_does_not_compute_the_same_twice_is_told_as_such():
    session = Session()
    state = state_of(session)
    state.survives_pause()
    session.forgets = [2]
    with pytest.raises(StateLost, match="step 3 is another than in the run before, though nothing had happened yet"):
        state.survives_pause()


def test_the_second_core_is_switched_off_after_a_crash_too():
    session = Session()
    state = state_of(session)
    state.survives_second_core()
    session.fails_at = 6
    with pytest.raises(DeviceCrashed):
        state.survives_second_core()
    assert session.told[-1] == "off"


# --- another model --------------------------------------------------------------------------------------------------


def test_a_session_with_all_memory_makes_room_for_another_model():
    session = Session(size=3984, used=500)
    state = state_of(session)
    state.survives_another_model("sine_int8")
    assert [told for told in session.told if told.startswith("reopen ")] == ["reopen 2000", "reopen 3984"]
    assert "sine_int8" in session.told
    assert state._bench.on_measurement is state._bench.reported


def test_a_model_beside_which_no_other_fits_is_told_with_figures():
    with pytest.raises(Misuse, match=r"uses 2,500 bytes, more than half of the board's 4,000: there is no room"):
        state_of(Session(size=3984, used=2500)).survives_another_model()


# --- the reference --------------------------------------------------------------------------------------------------


def reference(outputs, stateless=None):
    run = ReferenceRun([(np.array([[value]], np.float32),) for value in outputs], stateless)
    return SimpleNamespace(run=lambda steps, feed, initial: run)


RIGHT = [11, 13, 16, 20, 25, 31, 38, 46]


def test_equal_to_the_reference():
    session = Session()
    state_of(session).equals_reference(reference=reference(RIGHT))
    assert [vars(one) for one in session.measurement.comparisons] == [
        {"what": "reference", "equal_steps": 8, "steps": 8}
    ]


def test_a_later_difference_is_a_loss_and_the_first_step_is_not():
    with pytest.raises(StateLost, match="state lost at step 4") as caught:
        state_of(Session(forgets=[3])).equals_reference(reference=reference(RIGHT))
    assert caught.value.step == 3
    with pytest.raises(OutputMismatch, match="from the first step on") as caught:
        state_of(Session()).equals_reference(reference=reference([0, *RIGHT[1:]]))
    assert not isinstance(caught.value, StateLost)


# --- misuse ---------------------------------------------------------------------------------------------------------


def test_what_is_no_state_or_no_sequence():
    with pytest.raises(Misuse, match=r"1 step\(s\) cannot show a state"):
        state_of(Session(), INPUTS[:1])
    with pytest.raises(Misuse, match="'tickling' came") as caught:
        state_of(Session()).survives("pause", "tickling")
    assert "second_core" in caught.value.message
    session = Session()
    session.model = tflite.load(MODELS / "sine_float.tflite")
    with pytest.raises(Misuse, match="sine_float has no state") as caught:
        state_of(session)
    assert "feed=" in caught.value.advice


@pytest.mark.parametrize("check", ["is_cleared_by_reset", "initial_values_return_after_reopen"])
def test_what_is_fed_back_is_the_applications_to_clear(check):
    session = Session()
    with pytest.raises(Misuse, match="it is the application that begins anew"):
        getattr(State(Bench(session), session, [()] * STEPS, feed=((0, 0),)), check)()
