"""Data sets from files that anybody may have written."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.datasets import files, table
from harness.datasets.dataset import Dataset, load_dataset
from harness.datasets.errors import DatasetError

X = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize("keys", [("x", "y"), ("inputs", "labels"), ("inputs", "targets")])
def test_an_npz_with_the_usual_names(tmp_path, keys):
    np.savez(tmp_path / "d.npz", **{keys[0]: X, keys[1]: [2, 0, 1]})
    found = load_dataset(tmp_path / "d.npz")
    assert (len(found), found.path) == (3, "d.npz")
    assert found.inputs[0].tolist() == X.tolist()
    assert found.targets is not None and found.targets.tolist() == [2, 0, 1]


def test_an_npz_with_names_of_its_own(tmp_path):
    np.savez(tmp_path / "d.npz", a=X, b=X + 1, truth=["cat", "dog", "cat"], classes=np.array(["dog", "cat"]))
    found = load_dataset(tmp_path / "d.npz", inputs=("a", "b"), targets="truth")
    assert [array[0, 0] for array in found.inputs] == [0.0, 1.0]
    assert (found.targets.tolist(), found.classes) == ([1, 0, 1], ("dog", "cat"))


@pytest.mark.parametrize("name", ["y.npy", "y.npz", "y.csv"])
def test_targets_in_a_file_of_their_own(tmp_path, name):
    np.save(tmp_path / "x.npy", X)
    if name == "y.npy":
        np.save(tmp_path / name, [2, 0, 1])
    elif name == "y.npz":
        np.savez(tmp_path / name, labels=[2, 0, 1])
    else:
        (tmp_path / name).write_text("label\n2\n0\n1\n")
    assert load_dataset(tmp_path / "x.npy", tmp_path / name).targets.tolist() == [2, 0, 1]


def test_a_large_npy_stays_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 100)
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", np.arange(3))
    assert isinstance(load_dataset(tmp_path / "x.npy", tmp_path / "y.npy").inputs[0], np.memmap)
    monkeypatch.setattr(files, "MAX_MAPPED_BYTES", 100)
    with pytest.raises(DatasetError, match="at most 100 bytes expected"):
        load_dataset(tmp_path / "x.npy", tmp_path / "y.npy")


@pytest.mark.parametrize(
    ("text", "label", "targets", "dtype"),
    [
        ("a,label,b\n1,0,2\n3,1,4\n", None, [0, 1], "int64"),
        ("a,b,Class\n1,2,0\n3,4,1\n", None, [0, 1], "int64"),
        ("1,2,0.5\n3,4,1\n", "-1", [0.5, 1.0], "float64"),
        ("# from a sensor\n0,1,2\n\n1,3,4\n", "0", [0, 1], "int64"),
        ('a,b,"y, kind"\n1,2,0\n3,4,1\n', "y, kind", [0, 1], "int64"),
    ],
)
def test_a_csv_has_a_column_of_labels(tmp_path, text, label, targets, dtype):
    (tmp_path / "d.csv").write_text(text)
    found = load_dataset(tmp_path / "d.csv", targets=label)
    assert found.inputs[0].tolist() == [[1, 2], [3, 4]]
    assert (found.targets.tolist(), found.targets.dtype.name) == (targets, dtype)


def test_labels_that_are_names(tmp_path):
    (tmp_path / "d.csv").write_text("a,label\n1,no\n2,yes\n")
    assert load_dataset(tmp_path / "d.csv", classes=["no", "yes"]).targets.tolist() == [0, 1]
    with pytest.raises(DatasetError, match="the labels are names") as caught:
        load_dataset(tmp_path / "d.csv")
    assert "in the order of the model's outputs" in caught.value.advice
    with pytest.raises(DatasetError, match="label 'yes' is none of the classes"):
        load_dataset(tmp_path / "d.csv", classes=["no", "maybe"])


@pytest.mark.parametrize(
    ("text", "label", "line", "words"),
    [
        ("a,label\n1,0\nx,1\n", None, 3, "d.csv:3: a finite number expected in column 0 (a), came 'x'"),
        ("a,label\n1,0\nnan,1\n", None, 3, "a finite number expected"),
        ("a,label\n1,0\n\n# c\n1,2,3\n", None, 5, "d.csv:5: 2 columns expected, as above, 3 came"),
        ('a,label\n1,0\n"1,2\n', None, 3, "d.csv:3: "),
        ("a,b\n1,0\n", None, None, "a column called label, class, target, y expected, there is 'a', 'b'"),
        ("1,0\n", None, None, "there is no head"),
        ("1,0\n", "7", None, "2 columns, and no '7' among them"),
        ("a,b\n1,0\n", "c", None, "2 columns, and no 'c' among them: 'a', 'b'"),
        ("a,label\n", None, None, "at least one sample expected, none came"),
        ("", None, None, "at least one sample expected, none came"),
    ],
)
def test_a_csv_that_is_wrong(tmp_path, text, label, line, words):
    (tmp_path / "d.csv").write_text(text)
    with pytest.raises(DatasetError) as caught:
        load_dataset(tmp_path / "d.csv", targets=label)
    assert words in caught.value.message
    assert caught.value.line == line


def test_a_csv_that_is_no_text_or_too_large(tmp_path, monkeypatch):
    (tmp_path / "d.csv").write_bytes(b"\xff\xfe1,2\n")
    with pytest.raises(DatasetError, match="cannot be read"):
        load_dataset(tmp_path / "d.csv")
    monkeypatch.setattr(table, "MAX_TABLE_BYTES", 3)
    with pytest.raises(DatasetError, match="at most 3 bytes") as caught:
        load_dataset(tmp_path / "d.csv")
    assert ".npy" in caught.value.advice


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": X}, "an array y or labels or targets with the targets expected, there are 'x'"),
        ({"y": [1]}, "an array x or inputs with the inputs expected"),
        ({"x": X, "y": [1, 2]}, "as many targets as inputs expected, 2 and 3 came"),
        ({"x": X, "y": 3}, "one row per sample"),
        ({"x": X[:0], "y": []}, "at least one sample"),
        ({"x": X.astype(str), "y": [1, 2, 3]}, "inputs that are numbers"),
        ({"x": X, "y": np.zeros(3, "datetime64[s]")}, "targets that are numbers or names"),
        ({"x": X, "y": ["a", "b", "c"], "classes": np.array([1, 2])}, "a list of texts expected"),
        ({"x": X, "y": ["a", "b", "c"], "classes": np.array(["a", "a"])}, "different names"),
    ],
)
def test_an_npz_that_is_wrong(tmp_path, arrays, words):
    np.savez(tmp_path / "d.npz", **arrays)
    with pytest.raises(DatasetError, match=words):
        load_dataset(tmp_path / "d.npz")


def test_nothing_is_unpickled(tmp_path):
    np.savez(tmp_path / "d.npz", x=np.array([{"a": 1}], dtype=object), y=[1])
    with pytest.raises(DatasetError, match="cannot be read"):
        load_dataset(tmp_path / "d.npz")
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DatasetError, match="cannot be read"):
        load_dataset(tmp_path / "x.npy", tmp_path / "x.npy")


@pytest.mark.parametrize("name", ["x.npy", "x.txt", "none.npz"])
def test_files_that_cannot_be_a_data_set(tmp_path, name):
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(DatasetError):
        load_dataset(tmp_path / name)


@pytest.mark.parametrize("given", [{"divide": 0.0}, {"divide": float("nan")}, {"divide": 255.0, "real": False}])
def test_a_meaning_that_cannot_be(given):
    with pytest.raises(DatasetError):
        Dataset("d", (X,), None, **given)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet='0123,.-\n"#elab \r\x00é', max_size=60))
def test_any_text_is_a_table_or_an_error(tmp_path, text):
    (tmp_path / "d.csv").write_bytes(text.encode())
    try:
        assert len(load_dataset(tmp_path / "d.csv", targets="-1")) > 0
    except DatasetError as error:
        assert "d.csv" in error.message
