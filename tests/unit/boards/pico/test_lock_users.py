"""Locks in a folder that all users of a computer share, and that some of them mean no good with."""

import os
import tempfile
from pathlib import Path

import pytest

from harness.boards.pico import lock as lock_module
from harness.boards.pico.lock import Lock, holders, lock_folder
from harness.errors import HarnessError
from harness.protocol.transport import SerialTransport

ALICE, BOB = 65533, 65534

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")


@pytest.fixture
def world():
    """A folder that other users may pass; pytest's own are for one user."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def shared(world, monkeypatch):
    """A folder as /run/lock is, which all users come to."""
    folder = world / "run"
    folder.mkdir()
    folder.chmod(0o1777)
    monkeypatch.setattr(lock_module, "_SHARED", (folder,))
    return folder


def as_user(number, action):
    """What an action comes to in a process of that user: its result, or its error, as text."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(number, number, number)
            os.setresuid(number, number, number)
            said = str(action())
            os.write(writing, said.encode()[:4096])
        except (HarnessError, OSError) as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode()[:4096])
        finally:
            # It must never come back into pytest.
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


def take():
    lock = Lock(lock_folder(), "port-1-2", "the board")
    lock.take(names=("1-2",))
    return lock


def take_and_let_go():
    take().release()
    return "taken"


@pytest.mark.parametrize("first", [0, ALICE])
def test_whoever_makes_the_folder_all_can_use_it(shared, first):
    assert as_user(first, take_and_let_go) == "taken"
    mine = take()
    assert f"in use by process {os.getpid()}" in as_user(BOB, take_and_let_go)
    assert as_user(ALICE, lambda: [holder.pid for holder in holders(lock_folder())]) == f"[{os.getpid()}]"
    mine.release()
    assert as_user(BOB, take_and_let_go) == "taken"


def test_a_folder_for_one_user_is_told_and_put_right_by_its_owner(shared):
    """Its maker was ended before it came to the mode."""
    as_user(ALICE, lambda: (shared / "tflm-hil").mkdir(0o700))
    said = as_user(BOB, take_and_let_go)
    assert said.startswith("LocksUnusable: a folder that all users may write to expected"), said
    assert "have its owner remove" in said
    assert as_user(ALICE, take_and_let_go) == "taken"
    assert as_user(BOB, take_and_let_go) == "taken"


@pytest.mark.parametrize("who", [0, BOB])
def test_links_of_others_lead_nowhere(shared, world, who):
    precious = world / "precious"
    precious.mkdir()
    as_user(ALICE, lambda: (shared / "tflm-hil").symlink_to(precious))
    assert as_user(who, take_and_let_go).startswith("LocksUnusable: a folder expected")
    assert list(precious.iterdir()) == []
    (shared / "tflm-hil").unlink()
    (precious / "file").write_text("data")
    lock_folder()
    as_user(ALICE, lambda: (shared / "tflm-hil" / "port-1-2.lock").symlink_to(precious / "file"))
    assert as_user(who, take_and_let_go).startswith("LocksUnusable: a lock file that all users may open expected")
    assert (precious / "file").read_text() == "data"


def test_a_file_that_another_user_keeps_closed(shared):
    path = lock_folder() / "port-1-2.lock"
    as_user(ALICE, lambda: os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600)))
    said = as_user(BOB, take_and_let_go)
    assert said.startswith("LocksUnusable: ") and f"what to do: remove {path}" in said
    assert as_user(BOB, lambda: holders(lock_folder())) == "[]"


def test_a_serial_port_that_this_user_may_not_open():
    leading, following = os.openpty()
    node = os.ttyname(following)
    Path(node).chmod(0o600)
    said = as_user(BOB, lambda: SerialTransport(node))
    assert "Permission denied" in said and "dialout" in said
    os.close(leading)
    os.close(following)
