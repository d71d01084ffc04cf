"""What is read from a sound model, and from files that are none."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import Misuse, ModelNotFound, ModelRejected
from harness.models.quantization import Quantization
from harness.models.tflite import OpUse, TensorSpec, load, parse


def test_dense_model(dense_bytes: bytes) -> None:
    model = parse(dense_bytes, "dense")
    assert model.name == "dense"
    assert model.data == dense_bytes
    assert model.sha256 == hashlib.sha256(dense_bytes).hexdigest()
    assert model.crc32 == zlib.crc32(dense_bytes)
    assert model.inputs == (TensorSpec("x", (1, 4), np.dtype("int8"), Quantization(0.5, 0)),)
    assert model.outputs == (TensorSpec("y", (3,), np.dtype("int8"), Quantization(0.25, -7)),)
    assert model.ops == (OpUse(0, "FULLY_CONNECTED", 0), OpUse(1, "RESHAPE", 0))
    assert (model.resource_variables, model.variable_tensors, model.tensor_count) == (0, 0, 5)
    assert not model.stateful
    assert model.description == "made for a test"


def test_counter_model(counter_bytes: bytes) -> None:
    model = parse(counter_bytes, "counter")
    assert model.inputs == (TensorSpec("x", (1,), np.dtype("<f4"), None),)
    assert model.ops == (
        OpUse(0, "CALL_ONCE", 0),
        OpUse(1, "VAR_HANDLE", 0),
        OpUse(2, "VAR_HANDLE", 0),
        OpUse(3, "MyOp", 0, custom=True),
        OpUse(0, "VAR_HANDLE", 1),
        OpUse(1, "ASSIGN_VARIABLE", 1),
    )
    # "count" is used in both subgraphs and is one variable.
    assert (model.resource_variables, model.variable_tensors, model.tensor_count) == (2, 1, 7)
    assert model.stateful


@pytest.mark.parametrize(("resources", "variables", "stateful"), [(False, True, True), (True, False, True)])
def test_either_kind_of_state_counts(counter: Any, pack: Any, resources: bool, variables: bool, stateful: bool) -> None:
    if not resources:
        for subgraph in counter.subgraphs:
            subgraph.operators = []
    counter.subgraphs[0].tensors[2].isVariable = variables
    model = parse(pack(counter), "m")
    assert (model.resource_variables > 0, model.variable_tensors > 0) == (resources, variables)
    assert model.stateful is stateful


def test_model_is_hashable_and_its_repr_is_short(dense_bytes: bytes) -> None:
    model = parse(dense_bytes, "dense")
    assert hash(model) == hash(parse(dense_bytes, "dense"))
    assert len(repr(model)) < 800


def test_scalar_input(dense: Any, pack: Any) -> None:
    dense.subgraphs[0].tensors[0].shape = []
    spec = parse(pack(dense), "m").inputs[0]
    assert (spec.shape, spec.nbytes) == ((), 1)


@pytest.mark.parametrize(
    ("shape", "dtype", "size"),
    [((), "<f4", 4), ((2, 3), "<i2", 12), ((0, 3), "<i4", 0), ((1 << 20, 1 << 10), "|i1", 1 << 30)],
)
def test_nbytes(shape: tuple[int, ...], dtype: str, size: int) -> None:
    assert TensorSpec("t", shape, np.dtype(dtype)).nbytes == size


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [(0, "float32"), (1, "float16"), (2, "int32"), (3, "uint8"), (4, "int64"), (6, "bool"), (7, "int16"), (9, "int8")],
)
def test_dtypes(dense: Any, pack: Any, kind: int, dtype: str) -> None:
    dense.subgraphs[0].tensors[0].type = kind
    assert parse(pack(dense), "m").inputs[0].dtype == np.dtype(dtype)


@pytest.mark.parametrize(("kind", "name"), [(5, "STRING"), (13, "RESOURCE"), (17, "INT4"), (18, "BFLOAT16")])
def test_types_that_cannot_be_passed(dense: Any, pack: Any, kind: int, name: str) -> None:
    dense.subgraphs[0].tensors[0].type = kind
    with pytest.raises(ModelRejected, match=rf"input 0 \(x\) is of type {name}"):
        parse(pack(dense), "m")


def test_float_tensors_have_no_quantisation(dense: Any, pack: Any) -> None:
    dense.subgraphs[0].tensors[0].type = 0
    assert parse(pack(dense), "m").inputs[0].quantization is None


def test_a_scale_of_zero_is_no_quantisation(dense: Any, pack: Any) -> None:
    dense.subgraphs[0].tensors[0].quantization.scale = [0.0]
    assert parse(pack(dense), "m").inputs[0].quantization is None


def test_input_quantised_per_channel(dense: Any, pack: Any) -> None:
    quantization = dense.subgraphs[0].tensors[0].quantization
    quantization.scale, quantization.zeroPoint, quantization.quantizedDimension = [0.1] * 4, [0] * 4, 1
    with pytest.raises(ModelRejected, match=r"input 0 \(x\) is quantised per channel"):
        parse(pack(dense), "m")


def test_too_many_inputs(dense: Any, pack: Any) -> None:
    dense.subgraphs[0].inputs = [0] * 257
    with pytest.raises(ModelRejected, match="257 inputs"):
        parse(pack(dense), "m")


def test_operator_newer_than_the_package(dense: Any, pack: Any) -> None:
    dense.operatorCodes[0].builtinCode = 999
    assert parse(pack(dense), "m").ops[0] == OpUse(0, "BUILTIN_999", 0)


@pytest.mark.parametrize("field", ["builtinCode", "deprecatedBuiltinCode"])
def test_either_operator_field(dense: Any, pack: Any, field: str) -> None:
    """Files written before 2020 have the 8-bit field only, and some that were not made by a converter the later one."""
    setattr(dense.operatorCodes[0], field, 0)
    assert parse(pack(dense), "m").ops[0].name == "FULLY_CONNECTED"


def test_name_that_is_no_utf8(dense: Any, pack: Any) -> None:
    dense.subgraphs[0].tensors[0].name = b"\xff\xfe"
    assert parse(pack(dense), "m").inputs[0].name == "\ufffd\ufffd"


# --- names and files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "lstm_resvar-int8.v2", "x" * 31])
def test_names(dense_bytes: bytes, name: str) -> None:
    assert parse(dense_bytes, name).name == name


@pytest.mark.parametrize("name", ["", "x" * 32, "two words", "a/b", "naïve", "line\n", "a=b"])
def test_bad_names(dense_bytes: bytes, name: str) -> None:
    with pytest.raises(Misuse, match="cannot be a model's name"):
        parse(dense_bytes, name)


def test_advice_for_a_bad_name(dense_bytes: bytes) -> None:
    with pytest.raises(Misuse) as caught:
        parse(dense_bytes, "my model (2)")
    assert "my_model_2_.tflite" in caught.value.advice


def test_load(tmp_path: Path, dense_bytes: bytes) -> None:
    path = tmp_path / "small.v1.tflite"
    path.write_bytes(dense_bytes)
    assert load(path) == parse(dense_bytes, "small.v1")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"no model at .*none\.tflite"):
        load(tmp_path / "none.tflite")


@pytest.mark.parametrize("name", ["\0", "x" * 300])
def test_impossible_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelNotFound, match="cannot be read"):
        load(tmp_path / name)


def test_directory_and_device(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="is not a file"):
        load(tmp_path)
    with pytest.raises(ModelNotFound, match="is not a file"):
        load(Path("/dev/null"))


def test_file_larger_than_any_model(tmp_path: Path) -> None:
    path = tmp_path / "large.tflite"
    with path.open("wb") as file:
        file.truncate(1 << 31)
    with pytest.raises(ModelRejected, match="2,147,483,648 bytes"):
        load(path)


def test_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(ModelRejected, match=r"broken\.tflite: not a \.tflite model: .* zip") as caught:
        load(path)
    assert "TFLiteConverter" in caught.value.advice


def test_badly_named_file(tmp_path: Path, dense_bytes: bytes) -> None:
    path = tmp_path / "my model.tflite"
    path.write_bytes(dense_bytes)
    with pytest.raises(Misuse, match=r"my model\.tflite: 'my model' cannot be"):
        load(path)
