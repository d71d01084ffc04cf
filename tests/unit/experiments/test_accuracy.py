"""Accuracy over a data set, on a host board with the example models."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tflite_micro", reason="TFLM's wheel exists for x86-64 Linux only")

from harness.bench import Bench
from harness.boards.host.board import HostBoard
from harness.datasets.dataset import Dataset, load_dataset
from harness.datasets.errors import DatasetError
from harness.errors import DeviceCrashed, Misuse
from harness.experiments.accuracy import AccuracyPlan, DatasetInterrupted, measure_accuracy
from harness.experiments.versus import Contest, compare_models
from harness.measure.metrics import Classification
from harness.models.library import ModelLibrary
from harness.models.reference import ReferenceEngine

ROOT = Path(__file__).parents[3]
MODELS = ROOT / "test_cases" / "models"
DATA = ROOT / "test_cases" / "data"
SEQUENCES = AccuracyPlan(sequences=True, limit=2)


@pytest.fixture(scope="module")
def engine():
    engine = ReferenceEngine()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    bench = Bench(HostBoard(tmp_path_factory.mktemp("boards")), ModelLibrary([MODELS]))
    yield bench
    bench.close()


@pytest.fixture
def open_model(bench):
    yield bench.open
    bench.close_sessions()


def shapes(**given):
    return load_dataset(DATA / "shapes.npz", divide=255, **given)


def test_classes(open_model, engine):
    told = []
    session = open_model("shapes_int8")
    found = measure_accuracy(
        session,
        shapes(),
        AccuracyPlan(metrics=("top1", "top2"), limit=64),
        reference=engine,
        on_progress=lambda *of: told.append(of),
    )
    # As numpy counts them.
    with np.load(DATA / "shapes.npz") as data:
        images = data["inputs"][:64].astype(np.float64).reshape(-1, 1, 16, 16, 1) / 255
        labels = data["labels"][:64]
    run = session.run(images, real=True)
    classes = np.array([step[0].argmax() for step in run.outputs])
    assert found.top1 == pytest.approx((classes == labels).mean())
    assert isinstance(found.counted, Classification)
    wanted = np.zeros((4, 4), int)
    np.add.at(wanted, (labels, classes), 1)
    assert found.counted.confusion.tolist() == wanted.tolist()
    assert (found.done, found.samples, found.metric, told[-1]) == (64, 64, "top1", (64, 64))
    assert (found.agreement.count, found.agreement.different, found.agreement.largest) == (64, 0, 0.0)
    assert session.measurement.scores == found.figures
    assert found.figures["top2"] >= found.top1


def test_values(open_model):
    dataset = load_dataset(DATA / "sine.npz")
    session = open_model("sine_int8")
    found = measure_accuracy(session, dataset)
    run = session.run(dataset.inputs[0].reshape(-1, 1, 1), real=True)
    errors = np.array([step[0].item() for step in run.real_outputs], float) - dataset.targets[:, 0]
    assert found.rmse == pytest.approx(float(np.sqrt((errors**2).mean())))
    assert found.figures["mae"] == pytest.approx(float(np.abs(errors).mean()))
    assert (found.metric, found.reference, found.agreement) == ("rmse", None, None)


@pytest.mark.parametrize("model", ["lstm_seq_int8", "lstm_resvar_int8"])
def test_each_sequence_begins_with_a_state_of_its_own(open_model, engine, model):
    dataset = load_dataset(DATA / "lstm.npz")
    session = open_model(model)
    session.invoke(np.full(session.inputs[0].shape, 99, np.int8))
    plan = AccuracyPlan(sequences=True, limit=2, skip=8)
    found = measure_accuracy(session, dataset, plan, reference=engine)
    assert found.agreement.count == 2 * 88
    assert found.agreement.different == 0
    swapped = Dataset("d", (dataset.inputs[0][1::-1],), dataset.targets[1::-1])
    assert measure_accuracy(session, swapped, plan).rmse == pytest.approx(found.rmse, rel=1e-12)


def test_call_onces_values_come_back_with_each_sequence(open_model):
    """Reset() would start the second sum at 0, not at 10."""
    ones = np.ones((2, 3, 1))
    dataset = Dataset("d", (ones,), np.array([[11.0, 12, 13]] * 2))
    assert measure_accuracy(open_model("accumulator"), dataset, AccuracyPlan(sequences=True)).figures["mae"] == 0


def test_state_that_goes_on(open_model, engine):
    dataset = Dataset("d", (np.ones((3, 1)),), np.array([11.0, 12, 13]))
    session = open_model("accumulator")
    for _ in range(2):
        kept = measure_accuracy(session, dataset, AccuracyPlan(state="keep"), reference=engine)
        assert (kept.figures["mae"], kept.agreement.different) == (0, 0)
    fresh = Dataset("d", (np.ones((3, 1)),), np.array([11.0, 11, 11]))
    assert measure_accuracy(session, fresh, AccuracyPlan(state="reset")).figures["mae"] == 0


def test_what_becomes_of_state_must_be_said(open_model):
    dataset = Dataset("d", (np.ones((3, 1)),), np.array([11.0, 12, 13]))
    with pytest.raises(Misuse, match="accumulator has state") as caught:
        measure_accuracy(open_model("accumulator"), dataset)
    assert "--reset-each" in caught.value.advice


@pytest.mark.parametrize(
    ("targets", "metrics", "error"),
    [
        (None, (), "targets expected"),
        (np.zeros((256, 4)), ("top1",), "labels that are whole numbers expected, float64 came"),
        (np.zeros((256, 4), int), ("top1",), "one label per prediction expected, 4 values came"),
        (np.zeros(256), (), "targets of 4 values expected, as output 0 has them, 1 came"),
        (np.full(256, 4), (), "sample 0: a label from 0 to 3 expected, as the model has outputs, 4 came"),
        (np.full(256, -1), (), "a label from 0 to 3 expected"),
    ],
)
def test_targets_that_do_not_fit(open_model, targets, metrics, error):
    dataset = Dataset("d", shapes().inputs, targets, divide=255)
    with pytest.raises(DatasetError, match=error):
        measure_accuracy(open_model("shapes_int8"), dataset, AccuracyPlan(metrics=metrics))


@pytest.mark.parametrize(
    "given",
    [
        {"state": "forget"},
        {"sequences": True, "state": "keep"},
        {"skip": 3},
        {"limit": 0},
        {"metrics": ("f1",)},
    ],
)
def test_plans_that_cannot_be(given):
    with pytest.raises(Misuse):
        AccuracyPlan(**given)


@pytest.mark.parametrize("plan", [AccuracyPlan(metrics=("top1", "mae")), AccuracyPlan(output=1)])
def test_plans_that_do_not_fit_the_model(open_model, plan):
    with pytest.raises(Misuse):
        measure_accuracy(open_model("shapes_int8"), shapes(), plan)


def test_one_output_is_the_probability_of_the_second_class(open_model):
    """sin(x) above 0.5 or not."""
    angles = np.array([[0.2], [1.5], [3.0], [1.2]])
    found = measure_accuracy(open_model("sine_int8"), Dataset("d", (angles,), np.array([0, 1, 0, 0])))
    assert found.counted.confusion.tolist() == [[2, 1], [0, 1]]


def test_a_board_that_computes_something_else_is_seen(tmp_path, monkeypatch, engine):
    monkeypatch.setattr(
        "harness.boards.host.board.DEVICE_COMMAND", (sys.executable, "-m", "tests.support.faulty_device", "forget")
    )
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    bench = Bench(HostBoard(tmp_path), ModelLibrary([MODELS]))
    try:
        found = measure_accuracy(
            bench.open("lstm_seq_int8"), load_dataset(DATA / "lstm.npz"), SEQUENCES, reference=engine
        )
    finally:
        bench.close()
    assert found.agreement.different > 100
    assert found.agreement.first == (0, 1)
    assert found.rmse > 2 * found.reference.rmse


def test_a_crash_on_the_way_tells_what_was_done(open_model, monkeypatch, bench):
    """And the board is there for the next."""
    session = open_model("shapes_int8")
    invoke, calls = session.invoke, []

    def dies_at_the_sixth(*given, **others):
        calls.append(1)
        if len(calls) == 6:
            raise DeviceCrashed("HardFault", log=["last words"])
        return invoke(*given, **others)

    monkeypatch.setattr(session, "invoke", dies_at_the_sixth)
    with pytest.raises(DatasetInterrupted) as caught:
        measure_accuracy(session, shapes())
    error = caught.value
    assert isinstance(error.__cause__, DeviceCrashed)
    assert (error.sample, error.partial.done, error.partial.samples, error.log) == (5, 5, 256, ("last words",))
    assert "DeviceCrashed: an answer" in error.message or "DeviceCrashed: a device" in error.message
    assert "5 of 256 samples were done: top1 " in error.message


# --- two models -----------------------------------------------------------------------------------------------------


def pair(bench, one, other):
    return bench.library.find(one), bench.library.find(other)


def test_two_models_by_their_outputs(bench):
    one, other = pair(bench, "sine_float", "sine_int8")
    found = compare_models(bench, one, other, Contest(repeats=3, steps=40))
    assert (found.one.flash, found.other.flash) == (48 + 2208, 48 + 1776)
    assert found.one.arena.used != found.other.arena.used
    assert found.one.warm.count == 3 and found.one.cold_us > 0 and found.one.minimum is None
    [outputs] = found.outputs
    assert (outputs.steps, outputs.values, outputs.same_class, found.why_not) == (40, 40, None, "")
    # Both are the sine: 0.05 is what the int8 one may be off.
    assert 0 < outputs.rms <= outputs.largest < 0.05 and 1.5 < outputs.range < 2.1
    again = compare_models(bench, one, other, Contest(repeats=3, steps=40))
    assert (again.outputs[0].largest, again.outputs[0].rms) == (outputs.largest, outputs.rms)


def test_outputs_do_not_depend_on_what_was_timed_before(bench):
    """The timed invokes have left a state behind."""
    models = pair(bench, "lstm_resvar_float", "lstm_resvar_int8")
    [few], [many] = (compare_models(bench, *models, Contest(repeats=n, steps=10)).outputs for n in (1, 30))
    assert few.largest > 0
    assert vars(few) == vars(many)


def test_a_model_agrees_with_itself(bench):
    [outputs] = compare_models(bench, *pair(bench, "shapes_int8", "shapes_int8"), Contest(repeats=1, steps=5)).outputs
    assert (outputs.steps, outputs.same_class, outputs.largest) == (5, 5, 0.0)


def test_two_models_on_a_data_set(bench):
    found = compare_models(bench, *pair(bench, "sine_float", "sine_int8"), dataset=load_dataset(DATA / "sine.npz"))
    assert found.outputs == ()
    assert found.one.accuracy.rmse < found.other.accuracy.rmse < 0.05


@pytest.mark.parametrize(
    ("other", "words"),
    [("shapes_int8", "output 0 has another number of values"), ("svdf_int8", "output 0 has another number of values")],
)
def test_models_that_compute_something_else(bench, other, words):
    found = compare_models(bench, *pair(bench, "sine_int8", other), Contest(repeats=1))
    assert found.outputs == () and words in found.why_not
    assert found.other.arena.used > 0
