import dataclasses
import json
import os

import numpy as np
import pytest

from harness.cases import golden as module
from harness.cases.golden import read_golden, write_golden
from harness.cases.inputs import make_steps
from harness.errors import CaseError

GENERATED = "generator: ramp, low: 0, high: 3, steps: 4"


@pytest.fixture
def case(case_with):
    return case_with(GENERATED, "golden: golden/g.npz")


@pytest.fixture(autouse=True)
def tflm(monkeypatch):
    """A TFLM of the test's own, whatever is installed."""
    monkeypatch.setattr(module.availability, "why_unavailable", lambda: None)
    monkeypatch.setattr(module.availability, "commit", lambda: "abc1234")


@pytest.fixture
def golden(case, int8_model):
    """A golden file of four steps, and what it was made of."""
    steps = make_steps(case, int8_model)
    outputs = [(np.array([[number, -number]], np.int8),) for number in range(4)]
    update = write_golden(case, int8_model, steps, outputs)
    assert str(update) == "g.npz: created, 8 elements"
    return update.path, steps, outputs


@pytest.fixture
def refused(case, int8_model):
    """The error of reading the golden file; it names the case's line and says how the file is made."""

    def read(steps, model=int8_model):
        with pytest.raises(CaseError) as caught:
            read_golden(case, model, steps)
        assert (caught.value.path, caught.value.line) == (str(case.path), 4)
        return caught.value

    return read


def rewrite(path, **changes):
    """Changes arrays of the file; None takes one away."""
    with np.load(path) as loaded:
        arrays = {**loaded, **changes}
    np.savez(path, **{key: array for key, array in arrays.items() if array is not None})


def test_what_was_written_is_read(golden, case, int8_model, tmp_path):
    path, steps, outputs = golden
    assert path == tmp_path / "golden" / "g.npz"
    read = read_golden(case, int8_model, steps)
    assert [step[0].tolist() for step in read] == [step[0].tolist() for step in outputs]
    assert read[0][0].dtype == np.int8
    assert [file.name for file in path.parent.iterdir()] == ["g.npz"]


def test_the_file_tells_its_conditions_and_opens_without_the_harness(golden):
    path, _, _ = golden
    with np.load(path, allow_pickle=False) as loaded:
        assert sorted(loaded) == ["conditions", "output_0"]
        assert loaded["output_0"].shape == (4, 1, 2)
        told = json.loads(str(loaded["conditions"]))
    # Of the bytes ff ff 01 01 03 03 05 05: 0, 1, 2, 3 with scale 0.5 and zero point -1.
    assert told == {
        "format": 1,
        "engine": "TFLM on the host",
        "tflm": "abc1234",
        "inputs_crc": "3a8d78d7",
        "model_sha256": "0" * 64,
    }


def test_the_same_contents_make_the_same_bytes(golden, case, int8_model):
    path, steps, outputs = golden
    before = path.read_bytes()
    path.unlink()
    write_golden(case, int8_model, steps, outputs)
    assert path.read_bytes() == before


def test_what_is_there_already_is_not_written_again(golden, case, int8_model):
    path, steps, outputs = golden
    os.utime(path, (1, 1))
    assert str(write_golden(case, int8_model, steps, outputs)) == "g.npz: unchanged, 8 elements"
    assert path.stat().st_mtime == 1


def test_an_update_tells_what_is_other_than_before(golden, case, int8_model, monkeypatch):
    path, steps, outputs = golden
    monkeypatch.setattr(module.availability, "commit", lambda: "def5678")
    others = [*outputs[:2], (outputs[2][0] + np.int8(5),), (outputs[3][0] - np.int8(1),)]
    assert str(write_golden(case, int8_model, steps, others)) == (
        "g.npz: changed, 4 of 8 elements, by at most 5; TFLM commit abc1234, now def5678"
    )
    assert [step[0].tolist() for step in read_golden(case, int8_model, steps)] == [step[0].tolist() for step in others]
    assert str(write_golden(case, int8_model, steps[:3], others[:3])) == (
        "g.npz: changed, 6 elements, of other outputs, shapes or types than before; "
        "CRC-32 of inputs and resets 3a8d78d7, now 9438c2c8"
    )


def test_an_update_of_a_broken_file(golden, case, int8_model):
    path, steps, outputs = golden
    path.write_bytes(b"broken")
    assert "g.npz: changed, 8 elements; the old file could not be read: " in str(
        write_golden(case, int8_model, steps, outputs)
    )
    assert read_golden(case, int8_model, steps)


def test_another_version_of_the_model(golden, refused, int8_model):
    error = refused(golden[1], dataclasses.replace(int8_model, sha256="1" * 64))
    assert error.message.endswith(
        f"golden file g.npz was made under other conditions: model SHA-256 {'0' * 64}, now {'1' * 64}"
    )
    assert "--update-golden" in error.advice


def test_another_tflm(golden, refused, monkeypatch, case, int8_model):
    monkeypatch.setattr(module.availability, "commit", lambda: "def5678")
    assert "under other conditions: TFLM commit abc1234, now def5678" in refused(golden[1]).message
    # Without a TFLM there is none to be another one.
    monkeypatch.setattr(module.availability, "why_unavailable", lambda: "not installed")
    assert read_golden(case, int8_model, golden[1])


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("format", 2, "format 2, now 1"),
        ("format", True, "format True, now 1"),
        ("format", None, "format none, now 1"),
        ("engine", "another\x1b[31m", r"engine 'another\x1b[31m', now TFLM on the host"),
        ("engine", "e" * 1000, f"engine {'e' * 80}..., now"),
        ("model_sha256", [], "model SHA-256 [], now 0000"),
    ],
)
def test_other_conditions(golden, refused, key, value, words):
    path, steps, _ = golden
    with np.load(path) as loaded:
        told = json.loads(str(loaded["conditions"]))
    rewrite(path, conditions=np.array(json.dumps({**told, key: value})))
    assert words in refused(steps).message


@pytest.mark.parametrize("change", ["values", "order", "fewer"])
def test_other_inputs(golden, refused, change):
    _, steps, _ = golden
    other = {"values": [*steps[:3], (steps[3][0] + 1,)], "order": steps[::-1], "fewer": steps[:3]}[change]
    assert "under other conditions: CRC-32 of inputs and resets 3a8d78d7, now " in refused(other).message


def test_other_resets(golden, case_with, int8_model):
    """The same inputs give other outputs if the state is cleared on the way."""
    case = case_with(GENERATED, "golden: golden/g.npz}\n    state: {reset_before: [2]")
    with pytest.raises(CaseError, match=r"other conditions: CRC-32 of inputs and resets 3a8d78d7, now "):
        read_golden(case, int8_model, golden[1])


@pytest.mark.parametrize(
    ("array", "came"),
    [
        (np.zeros((4, 1, 2), np.int16), "int16[4, 1, 2]"),
        (np.zeros((3, 1, 2), np.int8), "int8[3, 1, 2]"),
        (np.zeros((4, 2), np.int8), "int8[4, 2]"),
        (None, "nothing"),
    ],
)
def test_outputs_of_another_dtype_or_shape(golden, refused, array, came):
    path, steps, _ = golden
    rewrite(path, output_0=array)
    assert f"g.npz: output_0 of int8[4, 1, 2] expected, {came} came" in refused(steps).message


@pytest.mark.parametrize("conditions", [None, "", "[]", "3", "[" * 9999])
def test_a_file_without_conditions(golden, refused, conditions):
    path, steps, _ = golden
    rewrite(path, conditions=None if conditions is None else np.array(conditions))
    assert "g.npz is not a golden file: no conditions in it" in refused(steps).message


def test_a_truncated_file(golden, refused):
    path, steps, _ = golden
    path.write_bytes(path.read_bytes()[:-30])
    assert "g.npz cannot be read: " in refused(steps).message


def test_a_missing_file_is_not_made_in_silence(golden, refused):
    path, steps, _ = golden
    path.unlink()
    error = refused(steps)
    assert "golden file g.npz does not exist" in error.message
    assert "--update-golden" in error.advice
    assert not path.exists()


def test_a_file_that_cannot_be_written(case, int8_model, tmp_path):
    (tmp_path / "golden").write_text("a file where the folder should be")
    steps = make_steps(case, int8_model)
    with pytest.raises(CaseError, match=r"g\.npz cannot be written"):
        write_golden(case, int8_model, steps, steps)
