import dataclasses
import json

import numpy as np
import pytest

from harness.cases.golden import read_golden, write_golden
from harness.cases.inputs import make_steps
from harness.errors import CaseError

GENERATED = "generator: ramp, low: 0, high: 3, steps: 4"


@pytest.fixture
def case(case_with):
    return case_with(GENERATED, "golden: golden/g.npz")


@pytest.fixture
def golden(case, int8_model):
    """A golden file of four steps, and what it was made of."""
    steps = make_steps(case, int8_model)
    outputs = [(np.array([[number, -number]], np.int8),) for number in range(4)]
    path = write_golden(case, int8_model, steps, outputs, {"engine": "a test"})
    return path, steps, outputs


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
    assert told == {"engine": "a test", "inputs_crc": "3a8d78d7", "model_sha256": "0" * 64}


def test_the_same_contents_make_the_same_bytes(golden, case, int8_model):
    path, steps, outputs = golden
    before = path.read_bytes()
    write_golden(case, int8_model, steps, outputs, {"engine": "a test"})
    assert path.read_bytes() == before


def test_another_version_of_the_model(golden, refused, int8_model):
    error = refused(golden[1], dataclasses.replace(int8_model, sha256="1" * 64))
    assert "golden file g.npz was made for another version of m" in error.message
    assert "--update-golden" in error.advice


@pytest.mark.parametrize("change", ["values", "order", "fewer"])
def test_other_inputs(golden, refused, change):
    _, steps, _ = golden
    other = {"values": [*steps[:3], (steps[3][0] + 1,)], "order": steps[::-1], "fewer": steps[:3]}[change]
    assert "golden file g.npz was made for other inputs" in refused(other).message


def test_other_resets(golden, case_with, int8_model):
    """The same inputs give other outputs if the state is cleared on the way."""
    case = case_with(GENERATED, "golden: golden/g.npz}\n    state: {reset_before: [2]")
    with pytest.raises(CaseError, match=r"golden file g\.npz was made for other inputs or resets"):
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


@pytest.mark.parametrize("conditions", [None, "", "{}", "[]", "3", "[" * 9999, '{"model_sha256": "00"}'])
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
        write_golden(case, int8_model, steps, steps, {})
