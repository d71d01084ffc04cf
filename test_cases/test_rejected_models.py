"""Models that no board can run: each is refused with its reason, and the board goes on."""

from pathlib import Path

import numpy as np
import pytest

from harness import ModelNotFound, ModelRejected, UnsupportedOp

MODELS = Path(__file__).parent / "models"


@pytest.fixture
def broken(tmp_path):
    """Writes a changed copy of a good model and returns its path."""

    def write(change):
        path = tmp_path / "broken.tflite"
        path.write_bytes(change((MODELS / "sine_int8.tflite").read_bytes()))
        return path

    return write


@pytest.fixture(autouse=True)
def the_board_goes_on(open_model):
    yield
    assert open_model("sine_int8").invoke(np.zeros((1, 1), np.int8)).outputs[0].shape == (1, 1)


@pytest.fixture
def flashable(board):
    """For models that are not among those that a board is flashed with at first."""
    if not board.flashable:
        pytest.skip(f"{board.name} can be given no other models than those that are on it")


def test_an_operator_that_tflm_lacks_is_named(open_model, flashable):
    with pytest.raises(UnsupportedOp) as caught:
        open_model(MODELS / "rejected" / "unsupported_op.tflite")
    print(caught.value)
    assert caught.value.name.isupper()


def test_a_custom_operator_is_named(open_model, flashable):
    with pytest.raises(UnsupportedOp, match="NoSuchOp"):
        open_model(MODELS / "rejected" / "custom_op.tflite")


def test_a_truncated_file_is_refused(open_model, broken):
    with pytest.raises(ModelRejected):
        open_model(broken(lambda data: data[: len(data) // 2]))


def test_an_empty_file_is_refused(open_model, broken):
    with pytest.raises(ModelRejected):
        open_model(broken(lambda data: b""))


def test_another_file_with_the_ending_of_a_model_is_refused(open_model, broken):
    with pytest.raises(ModelRejected, match="not a .tflite model"):
        open_model(broken(lambda data: b"# a readme, renamed\n" * 50))


def test_another_schema_version_is_refused(open_model, broken):
    def change(data):
        # The root table's vtable tells where field 0, the version, stands.
        root = int.from_bytes(data[:4], "little")
        vtable = root - int.from_bytes(data[root : root + 4], "little", signed=True)
        version = root + int.from_bytes(data[vtable + 4 : vtable + 6], "little")
        assert data[version] == 3
        return data[:version] + b"\x04" + data[version + 1 :]

    with pytest.raises(ModelRejected, match="version 3 expected, 4 came"):
        open_model(broken(change))


def test_a_damaged_table_is_refused(open_model, broken):
    with pytest.raises(ModelRejected):
        open_model(broken(lambda data: data[:64] + b"\xff" * 64 + data[128:]))


def test_a_model_that_is_not_there_is_said_with_those_that_are(open_model):
    with pytest.raises(ModelNotFound, match="sine_int8"):
        open_model("sine_int9")
