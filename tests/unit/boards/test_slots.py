"""Which emulated board a run gets."""

import fcntl
import os
import subprocess
import sys

import pytest

from harness.boards.emulator.board import unique_id
from harness.boards.slots import SLOTS, is_name, state_directory, take_slot
from harness.errors import BoardBusy, BoardNotFound


@pytest.fixture
def take(tmp_path):
    taken = []

    def take(name):
        taken.append(take_slot(tmp_path / "boards", "emulator", name))
        return taken[-1]

    yield take
    for slot in taken:
        os.close(slot.lock)


def test_the_first_that_is_free(take):
    assert [take("emulator").name for _ in range(3)] == ["emulator-0", "emulator-1", "emulator-2"]


def test_a_certain_one_or_none(take):
    assert take("emulator-1").name == "emulator-1"
    with pytest.raises(BoardBusy, match="emulator-1 is in use"):
        take("emulator-1")
    assert [take("emulator").name for _ in range(2)] == ["emulator-0", "emulator-2"]


def test_each_has_a_serial_number_that_stays(take):
    assert take("emulator-0").flash != take("emulator-1").flash
    assert unique_id("emulator-0").hex() == "dfa5dba5260cdf84"
    assert unique_id("emulator-0") != unique_id("emulator-1")
    assert len(unique_id("emulator-1")) == 8


def test_a_file_system_without_locks(take, monkeypatch):
    def refused(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    with pytest.raises(BoardNotFound, match="No locks available"):
        take("emulator")


@pytest.mark.parametrize("name", ["emulator-", "emulator-01", f"emulator-{SLOTS}", "emulator-x", "host", ""])
def test_other_names_are_refused(take, name):
    assert not is_name("emulator", name)
    with pytest.raises(BoardNotFound, match="expected"):
        take(name)


def test_a_board_is_free_again_when_its_owner_is_killed(tmp_path, take):
    code = (
        "import sys; from pathlib import Path; from harness.boards.slots import take_slot;"
        "slot = take_slot(Path(sys.argv[1]), 'emulator', 'emulator-0'); print('taken', flush=True); sys.stdin.read()"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "boards")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with owner:
        assert owner.stdout.readline() == b"taken\n"
        with pytest.raises(BoardBusy):
            take("emulator-0")
        owner.kill()
    assert take("emulator-0").name == "emulator-0"


def test_the_place_is_in_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert state_directory("emulator") == tmp_path / "tflm-hil" / "emulator"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_directory("emulator") == tmp_path / ".cache" / "tflm-hil" / "emulator"


def test_no_place_is_an_error_that_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BoardNotFound, match="no place for its flash"):
        take_slot(tmp_path / "file" / "boards", "emulator", "emulator")
