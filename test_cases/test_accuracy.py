"""Whether the models do what they were trained for, on the board."""

from pathlib import Path

import numpy as np
import pytest

from harness import load_dataset, measure_accuracy

DATA = Path(__file__).parent / "data"
# The first steps of a stream do not count: nobody can know a frequency from one value.
WARM_UP = 8


@pytest.mark.parametrize(("model", "largest"), [("sine_float", 0.03), ("sine_int8", 0.05)])
def test_the_sine_is_a_sine(open_model, model, largest):
    data = np.load(DATA / "sine.npz")
    run = open_model(model).run(data["inputs"].reshape(-1, 1, 1), real=True)
    outputs = np.array([step[0][0, 0] for step in run.real_outputs])
    error = np.abs(outputs - data["targets"][:, 0]).max()
    print(f"largest error {error:.4f}")
    assert error < largest


def test_shapes_are_recognised(open_model):
    accuracy = measure_accuracy(open_model("shapes_int8"), load_dataset(DATA / "shapes.npz", divide=255))
    print(f"top-1 {accuracy.describe('top1')}")
    accuracy.assert_within(top1=">= 92 %")
    worst = min(accuracy.counted.recall(label) for label in range(4))
    assert worst >= 0.9


@pytest.mark.parametrize("model", ["lstm_resvar_float", "lstm_resvar_int8", "lstm_seq_float", "lstm_seq_int8"])
def test_an_lstm_forecasts_much_better_with_its_memory(open_model, model):
    data = np.load(DATA / "lstm.npz")
    session = open_model(model)

    def rmse(forget):
        errors = []
        for stream, targets in zip(data["inputs"][:2], data["targets"][:2], strict=True):
            session.reset()
            inputs = stream.reshape(-1, *session.inputs[0].shape)
            run = session.run(inputs, real=True, reset_before=range(len(stream)) if forget else ())
            forecast = np.array([step[0][0, 0] for step in run.real_outputs])
            errors.append((forecast - targets[:, 0])[WARM_UP:])
        return float(np.sqrt(np.mean(np.square(errors))))

    with_memory, without = rmse(forget=False), rmse(forget=True)
    print(f"RMSE {with_memory:.4f} with memory, {without:.4f} without")
    assert with_memory < without / 2


def test_chirps_are_found_where_they_end(open_model):
    data = np.load(DATA / "svdf.npz")
    session = open_model("svdf_int8")
    right = 0
    streams = slice(0, 4)
    for frames, labels in zip(data["inputs"][streams], data["labels"][streams], strict=True):
        session.reset()
        run = session.run(frames.reshape(-1, 1, 8), real=True)
        classes = np.array([step[0].argmax() for step in run.outputs])
        right += int(((classes == labels) & (labels > 0)).sum())
    chirps = int((data["labels"][streams] > 0).sum())
    print(f"{right} of {chirps} chirps")
    assert right >= 0.9 * chirps
