"""`tflm-hil accuracy` and `tflm-hil compare`, as a person and as a program use them."""

import json
import sys

import numpy as np
import pytest

from harness.cli.main import main
from tests.integration.conftest import MODELS, ROOT

DATA = ROOT / "test_cases" / "data"
SHAPES = ["accuracy", str(MODELS / "shapes_int8.tflite"), "--data", str(DATA / "shapes.npz"), "--divide", "255"]


def test_accuracy_at_a_glance(capsys):
    names = ["--classes", "circle,square,triangle,cross"]
    assert main([*SHAPES, *names, "--limit", "40", "--require", "top1 >= 80 %"]) == 0
    said = capsys.readouterr()
    for words in ("shapes_int8 on host", "host reference", "% sure", "40 of 40 samples", "2 triangle", "as 3"):
        assert words in said.out
    assert "0 of 40 predictions differ from the host reference's" in said.out
    assert said.err == ""


def test_accuracy_for_programs(capsys):
    assert main([*SHAPES, "--limit", "40", "--metric", "top1", "--metric", "top2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["samples"], told["done"], told["metric"]) == (40, 40, "top1")
    assert told["metrics"] == told["reference"]
    assert told["metrics"]["top1"] <= told["metrics"]["top2"]
    assert told["agreement"]["different"] == 0
    low, high = told["interval_95"]["top1"]
    assert low < told["metrics"]["top1"] <= high
    assert np.sum(told["confusion"]) == 40 and len(told["classes"]) == 4


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_requirement_that_does_not_hold_is_exit_code_1(capsys, as_json):
    assert main([*SHAPES, "--limit", "40", "--require", "top1 >= 100 %", "--no-reference", *as_json]) == 1
    said = capsys.readouterr()
    assert "LimitExceeded" in said.err and "top1 >= 100 % expected" in " ".join(said.err.split())
    if as_json:
        assert json.loads(said.out)["reference"] is None


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_crash_on_the_way(capsys, monkeypatch, unflashed_boards, as_json):
    monkeypatch.setattr(
        "harness.boards.host.board.DEVICE_COMMAND", (sys.executable, "-m", "tests.support.faulty_device", "die")
    )
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert main([*SHAPES, *as_json]) == 1
    said = capsys.readouterr()
    assert "DatasetInterrupted: sample 0 (counted from 0): DeviceCrashed" in " ".join(said.err.split())
    assert "Traceback" not in said.err
    if as_json:
        told = json.loads(said.out)
        assert (told["error"], told["cause"], told["sample"]) == ("DatasetInterrupted", "DeviceCrashed", 0)
        assert (told["partial"]["done"], told["partial"]["samples"]) == (0, 256)
        assert told["partial"]["metrics"]["top1"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--require", "top1 <= 5 %"], 2, "greater is better"),
        (["--require", "top1"], 2, "a metric and its limit expected"),
        (["--metric", "f1"], 2, "no metric"),
        (["--divide", "0"], 2, "a number above 0 expected"),
        (["--raw", "--divide", "2"], 2, "not allowed with"),
        (["--sequences", "--keep-state"], 2, "not allowed with"),
    ],
)
def test_wrong_arguments(capsys, arguments, code, words):
    with pytest.raises(SystemExit) as caught:
        main(["accuracy", "m.tflite", "--data", "d.npz", *arguments])
    assert caught.value.code == code
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--data", "none.npz"], 1, "cannot be read"),
        (["--data", str(DATA / "sine.npz")], 1, "samples of 256 values expected"),
        (["--data", str(DATA / "shapes.npz")], 1, "--raw"),
        (["--data", str(DATA / "shapes.npz"), "--divide", "255", "--skip", "3"], 2, "skip is for sequences"),
        (["--data", str(DATA / "shapes.npz"), "--divide", "255", "--classes", "one"], 2, "at least two"),
    ],
)
def test_a_data_set_that_does_not_fit(capsys, arguments, code, words):
    assert main(["accuracy", str(MODELS / "shapes_int8.tflite"), *arguments]) == code
    said = capsys.readouterr().err
    assert words in " ".join(said.split()) and "Traceback" not in said


def test_names_of_classes_from_a_file(capsys, tmp_path):
    (tmp_path / "labels.txt").write_text("circle\nsquare\ntriangle\ncross\n")
    assert main([*SHAPES, "--limit", "8", "--classes", str(tmp_path / "labels.txt"), "--json"]) == 0
    names = [one["name"] for one in json.loads(capsys.readouterr().out)["classes"]]
    assert names == ["circle", "square", "triangle", "cross"]


PAIR = [str(MODELS / "sine_float.tflite"), str(MODELS / "sine_int8.tflite")]


def test_two_models_side_by_side(capsys):
    assert main(["compare", *PAIR, "--repeats", "5", "--steps", "20"]) == 0
    shown = capsys.readouterr().out
    for words in ("sine_float", "sine_int8", "2,208 B", "1,776 B", "-19.6 %", "arena used", "first invoke", "p95"):
        assert words in shown
    assert "output 0 on the same 20 random inputs, as real values: at most 0.0" in " ".join(shown.split())


def test_two_models_for_programs(capsys):
    assert main(["compare", *PAIR, "--repeats", "5", "--data", str(DATA / "sine.npz"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    one, other = told["models"]
    assert (one["bytes"], one["latency_us"]["count"], one["arena"]["minimum"]) == (2208, 5, None)
    assert one["accuracy"]["metrics"]["rmse"] < other["accuracy"]["metrics"]["rmse"] < 0.05
    assert told["outputs"] == []


def test_two_models_of_one_name(capsys, tmp_path):
    """The newer build of a model, in a folder of its own."""
    newer = tmp_path / "sine_int8.tflite"
    newer.write_bytes((MODELS / "sine_float.tflite").read_bytes())
    assert main(["compare", PAIR[1], str(newer), "--repeats", "3", "--steps", "5"]) == 0
    shown = capsys.readouterr().out
    assert "A: sine_int8" in shown and "B: sine_int8" in shown and "+24.3 %" in shown


@pytest.mark.parametrize("option", [["--divide", "255"], ["--labels", "y.npy"], ["--metric", "top1"]])
def test_options_of_a_data_set_without_one(capsys, option):
    assert main(["compare", *PAIR, *option]) == 2
    assert "has no effect without --data" in " ".join(capsys.readouterr().err.split())
