import io
import pickle
import re
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.cases.inputs import make_steps
from harness.datasets import files as module
from harness.errors import CaseError


@pytest.fixture
def refused(case_with):
    """The error that inputs make with a model; it names the file and the case's line."""

    def make(text, model):
        case = case_with(text)
        with pytest.raises(CaseError) as caught:
            make_steps(case, model)
        assert (caught.value.path, caught.value.line) == (str(case.path), 4)
        assert all(line.isprintable() for line in str(caught.value).splitlines())
        return caught.value.message

    return make


def values(steps):
    return [[array.ravel().tolist() for array in step] for step in steps]


# --- generators ------------------------------------------------------------------------------------------------------


def test_the_uniform_generator_gives_these_values_forever(case_with, float_model):
    """PCG64 with seed 1, from -1 to 1: golden files hold only as long as these numbers."""
    steps = make_steps(case_with("generator: uniform, seed: 1, steps: 2"), float_model)
    np.testing.assert_allclose(
        np.array(steps).ravel(), [0.023643249, 0.9009273, -0.71168077, 0.8972988], rtol=0, atol=1e-7
    )


def test_the_normal_generator_gives_these_values_forever_and_keeps_its_limits(case_with, float_model):
    steps = make_steps(case_with("generator: normal, seed: 1, steps: 2, low: -0.5, high: 0.5"), float_model)
    np.testing.assert_allclose(np.array(steps).ravel(), [0.34558418, 0.5, 0.33043706, -0.5], rtol=0, atol=1e-7)


def test_the_plain_generators(case_with, float_model):
    def generated(text):
        return values(make_steps(case_with(text), float_model))

    assert generated("generator: zeros, steps: 2") == [[[0.0, 0.0]], [[0.0, 0.0]]]
    assert generated("generator: ones") == [[[1.0, 1.0]]]
    assert generated("generator: ramp, low: 1, high: 3, steps: 3") == [[[1.0, 1.0]], [[2.0, 2.0]], [[3.0, 3.0]]]
    assert generated("generator: ramp, low: 1, high: 3") == [[[1.0, 1.0]]]


def test_a_seed_decides_and_a_longer_sequence_begins_like_a_shorter_one(case_with, two_input_model):
    def generated(text):
        return values(make_steps(case_with(f"generator: uniform, {text}"), two_input_model))

    assert generated("seed: 7, steps: 5") == generated("seed: 7, steps: 5")
    assert generated("seed: 7, steps: 9")[:5] == generated("seed: 7, steps: 5")
    assert generated("seed: 8, steps: 5") != generated("seed: 7, steps: 5")
    assert generated("steps: 5") == generated("seed: 0, steps: 5")


def test_generated_values_are_quantised_or_the_tensors_own(case_with, int8_model):
    real = make_steps(case_with("generator: ramp, low: -64, high: 64, steps: 3"), int8_model)
    assert values(real) == [[[-128, -128]], [[-1, -1]], [[127, 127]]]
    raw = make_steps(case_with("generator: ramp, low: -128, high: 127, steps: 3, real: false"), int8_model)
    assert values(raw) == [[[-128, -128]], [[0, 0]], [[127, 127]]]
    assert all(array.dtype == np.int8 for step in real + raw for array in step)


def test_raw_values_of_a_float_model_are_not_rounded(case_with, float_model):
    steps = make_steps(case_with("generator: ramp, low: 0.25, high: 0.25, real: false"), float_model)
    assert values(steps) == [[[0.25, 0.25]]]


def test_generated_values_that_the_tensor_cannot_hold(refused, int8_model):
    message = refused("generator: ramp, low: 0, high: 128, steps: 2, real: false", int8_model)
    assert "low and high within -128 to 127 expected, the range of x (int8)" in message
    assert "too far apart" in refused("generator: uniform, low: -1.7e308, high: 1.7e308", int8_model)


# --- values in the case file -----------------------------------------------------------------------------------------


def test_values_may_lie_flat_or_in_the_tensors_shape(case_with, float_model):
    flat = make_steps(case_with("values: [[1, 2], [3, 4.5]]"), float_model)
    shaped = make_steps(case_with("values: [[[1, 2]], [[3, 4.5]]]"), float_model)
    assert values(flat) == values(shaped) == [[[1.0, 2.0]], [[3.0, 4.5]]]
    assert flat[0][0].shape == (1, 2)


def test_values_are_quantised_or_the_tensors_own(case_with, int8_model):
    assert values(make_steps(case_with("values: [[1, 2.5]]"), int8_model)) == [[[1, 4]]]
    assert values(make_steps(case_with("values: [[1, -128]], real: false"), int8_model)) == [[[1, -128]]]


def test_real_false_takes_floats_for_a_float_model(case_with, float_model):
    assert values(make_steps(case_with("values: [[1, 2.5]], real: false"), float_model)) == [[[1.0, 2.5]]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("values: []", "at least one step expected, none came"),
        ("values: [1, 2]", "steps of shape [1, 2] expected for x"),
        ("values: [[1, 2, 3]]", "steps of shape [1, 2] expected for x"),
        ("values: [[1, 2], [3]]", "steps of shape [1, 2] expected for x"),
        ("values: [[1, a]]", "numbers expected"),
        ("values: [[1, ~]]", "numbers expected"),
        ("values: [[1, {a: 1}]]", "numbers expected"),
        ("values: [[1, .nan]]", "NaN"),
        ("values: [[1, 128]], real: false", "not all values fit int8"),
        ("values: [[1, 1.5]], real: false", "int8[1, 2] expected, float64[1, 2] came"),
        (f"values: [[1, {2**70}]], real: false", "numbers expected"),
    ],
)
def test_values_that_do_not_fit(refused, int8_model, text, message):
    assert message in refused(text, int8_model)


def test_values_are_for_models_of_one_input(refused, two_input_model):
    message = refused("values: [[1, 2]]", two_input_model)
    assert "values need a model of one input; use a file with one key per input" in message


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_npy_file_has_one_row_per_step(case_with, tmp_path, int8_model):
    np.save(tmp_path / "x.npy", np.array([[[1.0, 2.0]], [[3.0, 4.0]]]))
    assert values(make_steps(case_with("file: x.npy"), int8_model)) == [[[1, 3]], [[5, 7]]]
    assert values(make_steps(case_with("file: x.npy, steps: 1"), int8_model)) == [[[1, 3]]]


def test_a_csv_file_has_one_line_per_step(case_with, tmp_path, float_model):
    (tmp_path / "x.csv").write_text("# a comment\nleft,right\n1,2\n3,4.5\n")
    assert values(make_steps(case_with("file: x.csv"), float_model)) == [[[1.0, 2.0]], [[3.0, 4.5]]]


def test_a_npz_file_has_one_array_per_input_or_a_key(case_with, tmp_path, int8_model, two_input_model):
    np.savez(tmp_path / "x.npz", first=np.array([[1, 2]]), second=np.array([[3.5, 4.5]]))
    assert values(make_steps(case_with("file: x.npz"), two_input_model)) == [[[1, 3], [3.5, 4.5]]]
    assert values(make_steps(case_with("file: x.npz, key: second"), int8_model)) == [[[6, 8]]]


def test_raw_arrays_of_any_integer_type_do_if_their_values_fit(case_with, refused, tmp_path, int8_model):
    np.save(tmp_path / "x.npy", np.array([[1, -128]], np.int64))
    assert values(make_steps(case_with("file: x.npy, real: false"), int8_model)) == [[[1, -128]]]
    np.save(tmp_path / "x.npy", np.array([[1, 255]], np.uint8))
    assert "not all values fit int8" in refused("file: x.npy, real: false", int8_model)


def test_a_file_is_found_relative_to_the_case_file(case_with, tmp_path, float_model, monkeypatch):
    (tmp_path / "data").mkdir()
    np.save(tmp_path / "data" / "x.npy", np.ones((1, 2)))
    monkeypatch.chdir("/")
    assert len(make_steps(case_with("file: data/x.npy"), float_model)) == 1


def pickled(path):
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)


def bare_pickle(path):
    path.write_bytes(pickle.dumps([1, 2]))


def truncated(path):
    np.save(path, np.ones((4, 2)))
    path.write_bytes(path.read_bytes()[:-8])


def enormous(path):
    """A header that announces more than any memory holds."""
    np.save(path, np.ones((4, 2)))
    path.write_bytes(path.read_bytes().replace(b"(4, 2), }" + b" " * 13, b"(4, 2000000000000000), "[:-1] + b"}"))


@pytest.mark.parametrize("write", [pickled, bare_pickle, truncated, enormous, lambda path: path.write_bytes(b"")])
def test_a_npy_file_that_cannot_be_read(refused, tmp_path, float_model, write):
    write(tmp_path / "x.npy")
    assert "x.npy cannot be read: " in refused("file: x.npy", float_model)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.float64(1), "an array with one row per step expected, a single number came"),
        (np.zeros((0, 1, 2)), "inputs: at least one step expected, none came"),
        (np.zeros((3, 5)), "inputs: steps of shape [1, 2] expected for x"),
        (np.array([["1", "2"]]), "numbers expected"),
        (np.array([[1 + 2j, 2]]), "numbers expected"),
        (np.zeros((2, 2), "datetime64[s]"), "numbers expected"),
        (np.zeros(2, [("a", "<f4"), ("b", "<i4")]), "numbers expected"),
    ],
)
def test_an_array_that_does_not_fit(refused, tmp_path, float_model, array, message):
    np.save(tmp_path / "x.npy", array)
    assert message in refused("file: x.npy", float_model)


def test_too_few_steps(refused, tmp_path, float_model):
    np.save(tmp_path / "x.npy", np.zeros((3, 2)))
    assert "x.npy has 3 steps, 4 are wanted" in refused("file: x.npy, steps: 4", float_model)


def test_arrays_of_unequal_length(refused, case_with, tmp_path, two_input_model):
    np.savez(tmp_path / "x.npz", a=np.zeros((3, 2)), b=np.zeros((5, 2)))
    assert "arrays of the same number of steps expected, [3, 5] came" in refused("file: x.npz", two_input_model)
    assert len(make_steps(case_with("file: x.npz, steps: 2"), two_input_model)) == 2


def test_keys(refused, tmp_path, float_model, two_input_model):
    np.savez(tmp_path / "x.npz", a=np.zeros((1, 2)), b=np.zeros((1, 2)))
    np.save(tmp_path / "x.npy", np.zeros((1, 2)))
    assert "x.npz has no array 'c'; there are a, b" in refused("file: x.npz, key: c", float_model)
    assert "x.npz has the arrays a, b; choose one with key" in refused("file: x.npz", float_model)
    assert "x.npz: 2 arrays expected, one per input, 1 came" in refused("file: x.npz, key: a", two_input_model)
    assert "leave key out, the file has only one array" in refused("file: x.npy, key: a", float_model)


def test_other_members_of_a_zip_file(refused, tmp_path, float_model):
    np.savez(tmp_path / "x.npz", a=np.zeros((1, 2)))
    with zipfile.ZipFile(tmp_path / "x.npz", "a") as archive:
        archive.writestr("notes.txt", "nothing of numpy's")
    assert "'notes.txt' is not a numpy array" in refused("file: x.npz, key: a", float_model)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("none.npy", None, "none.npy cannot be read: .*No such file"),
        ("..npy", "", "cannot be read"),
        ("x.csv", "1,2\n3,x\n", "x.csv:2: a finite number expected in column 1, came 'x'"),
        ("x.csv", "1,2\n3\n", "x.csv:2: 2 columns expected, as above, 1 came"),
        ("x.csv", "", "inputs: at least one step expected, none came"),
        ("x.txt", "1 2\n", "x.txt: a .npy, .npz or .csv file expected"),
    ],
)
def test_a_file_that_cannot_be_read(refused, tmp_path, float_model, name, text, message):
    if text is not None:
        (tmp_path / name).write_text(text)
    assert re.search(message, refused(f"file: {name}", float_model))


def test_a_file_that_unpacks_to_too_much(refused, tmp_path, float_model, monkeypatch):
    np.savez_compressed(tmp_path / "x.npz", a=np.zeros((1000, 2)))
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 10_000)
    assert (tmp_path / "x.npz").stat().st_size < 10_000
    assert "at most 10,000 bytes expected when unpacked" in refused("file: x.npz", float_model)
    np.save(tmp_path / "x.npy", np.zeros((1000, 2)))
    assert "x.npy: at most 10,000 bytes expected" in refused("file: x.npy", float_model)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_file_gives_steps_or_an_error(case_with, tmp_path, float_model, data):
    kind = data.draw(st.sampled_from(["npz", "npy"]))
    good = io.BytesIO()
    if kind == "npz":
        np.savez_compressed(good, a=np.ones((4, 2)))
    else:
        np.save(good, np.ones((4, 2)))
    raw = bytearray(good.getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / f"x.{kind}").write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    try:
        assert make_steps(case_with(f"file: x.{kind}"), float_model)
    except CaseError as error:
        assert error.line == 4
