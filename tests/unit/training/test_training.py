"""The example models: a rebuild gives the committed files, the files are well-formed, and they do what is claimed."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tflite_micro", reason="TFLM's interpreter exists as a wheel for x86-64 Linux only")

from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from harness.models.tflite import load
from test_cases.training.evaluate import EVALUATIONS, Figures
from test_cases.training.graph import BUFFER_ALIGNMENT, FILE_IDENTIFIER, SCHEMA_VERSION
from test_cases.training.tflm import Model

REPOSITORY = Path(__file__).resolve().parents[3]
MODELS = REPOSITORY / "test_cases" / "models"
DATA = REPOSITORY / "test_cases" / "data"
NAMES = (
    "accumulator", "lstm_feedback_float", "lstm_feedback_int8", "lstm_resvar_float", "lstm_resvar_int8",
    "lstm_seq_float", "lstm_seq_int8", "shapes_int8", "sine_float", "sine_int8", "svdf_int8",
)  # fmt: skip
REJECTED = ("custom_op", "unsupported_op")
LSTMS = tuple(name for name in NAMES if name.startswith("lstm"))
SMALL_ARENA = 16 * 1024
STEPS = 64
# From this version on, tables of different sizes no longer share a vtable; older ones write other, equivalent bytes.
OLDEST_FLATBUFFERS = (25, 12, 19)


def content(name: str) -> bytes:
    return (MODELS / f"{name}.tflite").read_bytes()


def data(task: str) -> dict[str, np.ndarray]:
    with np.load(DATA / f"{task}.npz") as arrays:
        return dict(arrays)


def figures(name: str) -> Figures:
    task = name.partition("_")[0]
    return EVALUATIONS[task](Model(content(name)), data(task))


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything rebuilt, by the command that a person uses."""
    folder = tmp_path_factory.mktemp("rebuilt")
    done = command("-m", "test_cases.training", "--out", str(folder))
    assert done.returncode == 0, done.stderr
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    found = [*(folder / "models").rglob("*.tflite"), *(folder / "data").glob("*.npz")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_rebuild_is_byte_identical(rebuilt: Path) -> None:
    version = importlib.metadata.version("flatbuffers")
    if tuple(int(part) for part in version.split(".")[:3]) < OLDEST_FLATBUFFERS:
        pytest.skip(f"flatbuffers {version} lays a file out differently; take the version in constraints.txt")
    committed = REPOSITORY / "test_cases"
    new = files_of(rebuilt)
    different = [path for path, bytes_ in new.items() if bytes_ != (committed / path).read_bytes()]
    assert not different
    assert {path for path in new if path.startswith("models/") and "rejected" not in path} == {
        f"models/{name}.tflite" for name in NAMES
    }


def test_check_reports_a_changed_and_a_missing_file(rebuilt: Path, tmp_path: Path) -> None:
    from test_cases.training.build import differences

    files = files_of(rebuilt)
    for path, bytes_ in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(bytes_)
    assert differences(files, tmp_path) == []
    changed = tmp_path / "models/sine_int8.tflite"
    changed.write_bytes(changed.read_bytes()[:-1] + b"?")
    (tmp_path / "data/svdf.npz").unlink()
    assert sorted(line.partition(":")[0] for line in differences(files, tmp_path)) == [
        "data/svdf.npz",
        "models/sine_int8.tflite",
    ]


@pytest.mark.parametrize("name", [*NAMES, *(f"rejected/{name}" for name in REJECTED)])
def test_file_is_well_formed(name: str) -> None:
    file = content(name)
    assert file[4:8] == FILE_IDENTIFIER
    model = schema.Model.GetRootAs(file)
    assert model.Version() == SCHEMA_VERSION
    assert model.Buffers(0).DataIsNone()
    start = np.frombuffer(file, np.uint8).ctypes.data
    for index in range(1, model.BuffersLength()):
        assert (model.Buffers(index).DataAsNumpy().ctypes.data - start) % BUFFER_ALIGNMENT == 0
    subgraph = model.Subgraphs(0)
    for index in (*subgraph.InputsAsNumpy(), *subgraph.OutputsAsNumpy()):
        tensor = subgraph.Tensors(index)
        is_quantised = tensor.Quantization() is not None and tensor.Quantization().ScaleLength() == 1
        assert is_quantised == (tensor.Type() in (schema.TensorType.INT8, schema.TensorType.INT16))
    for index in range(model.SubgraphsLength()):
        for position in range(model.Subgraphs(index).OperatorsLength()):
            operator = model.Subgraphs(index).Operators(position)
            if model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode() == schema.BuiltinOperator.VAR_HANDLE:
                options = schema.VarHandleOptions()
                options.Init(operator.BuiltinOptions().Bytes, operator.BuiltinOptions().Pos)
                assert options.Container() == b""


@pytest.mark.parametrize("name", NAMES)
def test_fits_a_small_arena(name: str) -> None:
    Model(content(name), arena_bytes=SMALL_ARENA)


@pytest.mark.parametrize(
    ("name", "message"),
    [("unsupported_op", "Didn't find op for builtin opcode 'ATAN2'"), ("custom_op", "op code CUSTOM")],
)
def test_tflm_refuses(name: str, message: str) -> None:
    # In a process of its own: a refused model may take the interpreter's process with it.
    code = (
        "import sys, pathlib; from test_cases.training.tflm import Model; Model(pathlib.Path(sys.argv[1]).read_bytes())"
    )
    done = command("-c", code, str(MODELS / "rejected" / f"{name}.tflite"))
    assert done.returncode != 0
    assert message in done.stderr


@pytest.mark.parametrize(("name", "limit"), [("sine_float", 0.015), ("sine_int8", 0.05)])
def test_sine_is_close(name: str, limit: float) -> None:
    assert figures(name)["largest_error"] < limit


def test_shapes_are_recognised() -> None:
    assert figures("shapes_int8")["accuracy"] >= 0.95


@pytest.mark.parametrize("name", LSTMS)
def test_lstm_needs_its_memory(name: str) -> None:
    measured = figures(name)
    assert measured["rmse"] < 0.05
    assert measured["rmse_reset_each_step"] > 8 * measured["rmse"]


def forecasts(name: str) -> np.ndarray:
    return np.array([Model(content(name)).stream(stream[:STEPS]) for stream in data("lstm")["inputs"]])


@pytest.mark.parametrize("kind", ["seq", "feedback"])
def test_float_lstms_agree(kind: str) -> None:
    assert np.abs(forecasts("lstm_resvar_float") - forecasts(f"lstm_{kind}_float")).max() < 1e-5


def test_a_state_that_is_fed_back_is_the_one_that_is_kept_in_variables() -> None:
    assert np.array_equal(forecasts("lstm_feedback_int8"), forecasts("lstm_resvar_int8"))


@pytest.mark.parametrize("name", ["lstm_feedback_float", "lstm_feedback_int8"])
def test_the_bytes_of_a_state_can_be_fed_back_as_they_are(name: str) -> None:
    model = load(MODELS / f"{name}.tflite")
    for before, after in zip(model.inputs[1:], model.outputs[1:], strict=True):
        assert after.name == f"{before.name}_next"
        assert (after.shape, after.dtype, after.quantization) == (before.shape, before.dtype, before.quantization)


@pytest.mark.parametrize("kind", ["resvar", "seq", "feedback"])
def test_int8_lstm_is_close_to_float(kind: str) -> None:
    assert np.abs(forecasts(f"lstm_{kind}_int8") - forecasts(f"lstm_{kind}_float")).max() < 0.2


@pytest.mark.parametrize("name", [*LSTMS, "svdf_int8"])
def test_reset_starts_over(name: str) -> None:
    stream = data(name.partition("_")[0])["inputs"][0][:STEPS]
    model = Model(content(name))
    first = np.array([model.invoke(x) for x in stream])
    continued = np.array([model.invoke(x) for x in stream])
    assert np.array_equal(first, model.stream(stream))
    assert not np.array_equal(first, continued)


def test_svdf_finds_chirps_by_its_memory() -> None:
    measured = figures("svdf_int8")
    assert measured["found"] >= 0.95 * measured["chirps"]
    assert measured["false_alarms"] <= 0.05 * measured["chirps"]
    assert measured["found_reset_each_step"] <= 0.1 * measured["chirps"]


def test_accumulator_starts_at_ten_and_a_reset_at_zero() -> None:
    one = np.ones((1, 1))
    model = Model(content("accumulator"))
    assert [float(model.invoke(one)[0]) for _ in range(3)] == [11, 12, 13]
    model.reset()
    assert [float(model.invoke(one)[0]) for _ in range(2)] == [1, 2]
    assert float(Model(content("accumulator")).invoke(one)[0]) == 11
    assert set(figures("accumulator").values()) == {0}
