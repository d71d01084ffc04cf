"""`tflm-hil state` as a person and as a program use it, and the state checks on a host board that forgets."""

import json
import sys

import numpy as np
import pytest

from harness.bench import Bench
from harness.boards.host import board as host_board
from harness.cli.main import main
from harness.errors import HarnessError, SessionClosed, StateLost
from harness.models.library import ModelLibrary
from tests.integration.conftest import MODELS, ROOT


def path(name):
    return str(MODELS / f"{name}.tflite")


@pytest.fixture
def forgetful(monkeypatch):
    """Host boards whose state is cleared before each invoke."""
    monkeypatch.setattr(host_board, "DEVICE_COMMAND", (sys.executable, "-m", "tests.support.faulty_device", "forget"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_without_models_it_is_the_examples(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(["state", "--steps", "8"]) == 0
    shown = capsys.readouterr().out
    for words in ("lstm_resvar_int8", "lstm_seq_int8", "lstm_feedback_int8", "on host", "8 steps", "WRONG since"):
        assert words in shown
    assert shown.count("8/8") == 4


def test_elsewhere_it_asks_for_models(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["state"]) == 1
    assert "no models were named" in capsys.readouterr().err


def test_for_programs(capsys):
    assert main(["state", path("lstm_feedback_float"), "--feed", "1:1,2:2", "--steps", "6", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [way["way"] for way in told["ways"]] == ["staged", "preserved", "naive"]
    assert [way["right"] for way in told["ways"]] == [True, True, False]
    assert told["ways"][2]["wrong_since_step"] == 0
    assert all(way["carrying_us"] > 0 and way["latency_us"]["count"] == 5 for way in told["ways"])


def test_a_board_that_forgets_is_exit_code_1(capsys, forgetful):
    assert main(["state", path("lstm_seq_int8"), "--steps", "8", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["right"], told["ways"][0]["wrong_since_step"]) == (False, 1)
    # What the application carries, the board cannot forget.
    assert main(["state", path("lstm_feedback_int8"), "--steps", "8"]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([path("sine_int8")], "carries no state"),
        ([path("lstm_feedback_int8"), "--feed", "0:0"], "same quantisation expected"),
        ([path("lstm_feedback_int8"), "--feed", "9:1"], "no 9:1"),
        ([path("lstm_seq_int8"), "--steps", "1"], "two steps at least"),
    ],
)
def test_what_cannot_be_compared(capsys, arguments, words):
    assert main(["state", *arguments]) == 2
    said = capsys.readouterr()
    assert words in " ".join(said.err.split()) and "Traceback" not in said.err


@pytest.mark.parametrize("feed", ["", "1", "1:1,", "1:1;2:2", "1:-1", "1:1111"])
def test_a_feed_that_cannot_be_read(capsys, feed):
    with pytest.raises(SystemExit) as caught:
        main(["state", "m.tflite", "--feed", feed])
    assert caught.value.code == 2
    assert "pairs such as 1:1,2:2 expected" in capsys.readouterr().err


@pytest.mark.parametrize("model", ["lstm_seq_int8", "lstm_resvar_float", "svdf_int8"])
@pytest.mark.parametrize(
    "check",
    ["equals_reference", "differs_from_stateless", "persists", "is_cleared_by_reset", "survives_pause", "survives_all"],
)
def test_every_check_tells_of_a_board_that_forgets(forgetful, model, check):
    bench = Bench(host_board.HostBoard(), ModelLibrary([MODELS]))
    try:
        session = bench.open(model)
        inputs = np.random.default_rng(2).uniform(-0.9, 0.9, (12, *session.inputs[0].shape))
        with pytest.raises(StateLost, match="state lost at step 2") as caught:
            getattr(session.state(inputs, real=True), check)()
    finally:
        bench.close()
    assert caught.value.step == 1
    assert "CMSIS-NN" in caught.value.advice


def test_a_session_can_be_opened_again_in_another_arena_and_is_over_if_that_fails(unflashed_boards):
    bench = Bench(host_board.HostBoard(), ModelLibrary([MODELS]))
    one = np.ones((1, 1), np.float32)
    try:
        session = bench.open("accumulator", arena=16_384)
        session.reopen(8192)
        assert session.arena.size == session.measurement.arena.size == 8192
        session.reopen()
        assert session.arena.size == 8192
        assert session.invoke(one).outputs[0].item() == 11
        with pytest.raises(HarnessError):
            session.reopen(1200)
        assert not session.open
        with pytest.raises(SessionClosed, match="closed to be opened again, which failed"):
            session.invoke(one)
        with bench.open("accumulator") as session:
            assert session.arena.size == bench.identity.arena_max
    finally:
        bench.close()
