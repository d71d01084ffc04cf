"""Locks between processes: exactly one has a board, and nothing of a process that died keeps it."""

import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.boards.pico import lock as lock_module
from harness.boards.pico.lock import Lock, LocksUnusable, holders, lock_folder
from harness.errors import BoardBusy

ROOT = Path(__file__).parents[4]
STARTS = 50

HOLD = """
import sys
from pathlib import Path
from harness.boards.pico.lock import Lock
from harness.errors import BoardBusy
lock = Lock(Path(sys.argv[1]), "port-1-2", "the board at 1-2")
print("ready", flush=True)
sys.stdin.readline()
try:
    lock.take(float(sys.argv[2]), names=("1-2",))
except BoardBusy as error:
    print("busy", error.pid, flush=True)
    sys.exit()
print("mine", flush=True)
sys.stdin.readline()
"""


def start(folder, wait=0.0, *more):
    """A process that takes the lock when it is sent a line, and ends when it is sent another."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), str(wait), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def go(process):
    process.stdin.write("go\n")
    process.stdin.flush()


def end(process):
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_of_many_at_the_same_moment_exactly_one_wins(locks):
    processes = [start(locks) for _ in range(STARTS)]
    try:
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            go(process)
        said = [process.stdout.readline().split() for process in processes]
        assert [words[0] for words in said].count("mine") == 1
        winner = processes[[words[0] for words in said].index("mine")]
        assert {words[1] for words in said if words[0] == "busy"} == {str(winner.pid)}
    finally:
        for process in processes:
            end(process)


def test_a_killed_holder_lets_go_at_once(locks):
    first, second = start(locks), start(locks)
    try:
        for process in (first, second):
            process.stdout.readline()
        go(first)
        assert first.stdout.readline() == "mine\n"
        first.send_signal(signal.SIGKILL)
        first.wait()
        go(second)
        assert second.stdout.readline() == "mine\n"
    finally:
        end(first)
        end(second)


def test_who_waits_gets_it_when_it_is_free(locks):
    mine = Lock(locks, "port-1-2", "the board at 1-2")
    mine.take()
    waiting = start(locks, 30)
    try:
        waiting.stdout.readline()
        go(waiting)
        assert mine.holder().pid == os.getpid()
        mine.release()
        assert waiting.stdout.readline() == "mine\n"
        assert mine.holder().pid == waiting.pid
    finally:
        end(waiting)
    assert mine.holder() is None


def test_busy_says_who_and_since_when_and_how_to_wait(locks):
    before = time.time()
    Lock(locks, "other", "another").take()
    held = Lock(locks, "port-1-2", "the board at 1-2")
    held.take(names=("left", "1-2"))
    with pytest.raises(BoardBusy, match="the board at 1-2 is in use by process") as caught:
        Lock(locks, "port-1-2", "the board at 1-2").take()
    error = caught.value
    assert error.pid == os.getpid() and before <= error.since <= time.time()
    assert error.command and f"`{error.command}`" in error.message and time.strftime("%Y-%m-%d") in error.message
    assert "--board-wait" in error.advice
    begin = time.monotonic()
    with pytest.raises(BoardBusy, match=r"and still is after 0\.5 s"):
        Lock(locks, "port-1-2", "the board at 1-2").take(0.5)
    assert 0.4 < time.monotonic() - begin < 5
    assert {holder.names for holder in holders(locks)} == {(), ("left", "1-2")}
    held.release()
    held.release()
    Lock(locks, "port-1-2", "the board at 1-2").take()


def test_looking_at_who_holds_locks_does_not_make_them_busy(locks):
    """Whoever looks holds the lock for a moment; taking it goes on for longer."""
    fd = os.open(locks / "port-1-2.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(fd, fcntl.LOCK_SH)
    timer = threading.Timer(0.05, os.close, (fd,))
    timer.start()
    Lock(locks, "port-1-2", "the board").take()
    timer.join()


def test_a_file_that_was_removed_locks_nothing(locks):
    first = Lock(locks, "port-1-2", "the board")
    first.take()
    (locks / "port-1-2.lock").unlink()
    second = Lock(locks, "port-1-2", "the board")
    second.take()
    with pytest.raises(BoardBusy):
        Lock(locks, "port-1-2", "the board").take()


def test_a_file_that_is_removed_between_opening_and_locking_is_not_the_lock(locks, monkeypatch):
    real, path = fcntl.flock, locks / "port-1-2.lock"
    seen = []

    def remove_first(fd, operation):
        if not seen:
            path.unlink()
        seen.append(fd)
        real(fd, operation)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    first = Lock(locks, "port-1-2", "the board")
    first.take()
    assert os.fstat(first.descriptor).st_ino == path.stat().st_ino
    with pytest.raises(BoardBusy):
        Lock(locks, "port-1-2", "the board").take()


def test_a_program_that_outlives_us_keeps_it(locks):
    mine = Lock(locks, "picotool", "picotool")
    mine.take()
    child = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(mine.descriptor,), close_fds=True
    )
    os.close(mine._fd)
    mine._fd = -1
    with pytest.raises(BoardBusy):
        Lock(locks, "picotool", "picotool").take()
    child.stdin.close()
    child.wait()
    Lock(locks, "picotool", "picotool").take()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        "[" * 4096,
        '{"pid": "x"}',
        '{"pid": 1e999, "command": "", "since": 0}',
        '{"pid": 0, "command": "", "since": 0}',
        f'{{"pid": "{"9" * 3000}", "command": "", "since": 0}}',
        '{"pid": 7, "command": "", "since": 1e300}',
        '{"pid": 7, "command": "", "since": NaN}',
        '{"pid": 7, "command": "", "since": 0, "names": {"a": 1}}',
        "\x1b[31m",
    ],
)
def test_what_stands_in_the_file_is_not_believed(locks, text):
    held = Lock(locks, "port-1-2", "the board")
    held.take()
    (locks / "port-1-2.lock").write_text(text)
    with pytest.raises(BoardBusy, match="in use by another process") as caught:
        Lock(locks, "port-1-2", "the board").take()
    assert "--board-wait" in caught.value.advice
    assert holders(locks) == []


def test_a_holder_cannot_write_to_the_terminal(locks):
    held = Lock(locks, "port-1-2", "the board")
    held.take()
    told = {"pid": 7, "command": "\x1b[31m" + "x" * 1000, "since": 0, "names": ["\x07"]}
    (locks / "port-1-2.lock").write_text(json.dumps(told))
    with pytest.raises(BoardBusy) as caught:
        Lock(locks, "port-1-2", "the board").take()
    assert caught.value.message.isprintable() and len(caught.value.message) < 400


def test_files_are_for_all_users_whatever_the_umask(tmp_path, monkeypatch):
    monkeypatch.setattr(lock_module, "FOLDER", tmp_path / "shared")
    before = os.umask(0o077)
    try:
        folder = lock_folder()
        Lock(folder, "port-1-2", "the board").take()
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o1777
    assert stat.S_IMODE((folder / "port-1-2.lock").stat().st_mode) == 0o666


def test_files_of_others_are_opened_without_making_them(locks, monkeypatch):
    """Linux refuses O_CREAT for files of other users in folders of all (fs.protected_regular)."""
    Lock(locks, "port-1-2", "the board").take()
    opened = []
    real = os.open

    def spy(path, flags, *mode):
        opened.append(flags)
        return real(path, flags, *mode)

    monkeypatch.setattr(os, "open", spy)
    with pytest.raises(BoardBusy):
        Lock(locks, "port-1-2", "the board").take()
    assert opened and not any(flags & os.O_CREAT for flags in opened)


def test_links_are_not_followed(locks, tmp_path):
    target = tmp_path / "precious"
    target.write_text("data")
    (locks / "port-1-2.lock").symlink_to(target)
    with pytest.raises(LocksUnusable):
        Lock(locks, "port-1-2", "the board").take()
    assert target.read_text() == "data"


def test_a_file_with_a_second_name_is_not_written_to(locks, tmp_path):
    target = tmp_path / "precious"
    target.write_text("data")
    (locks / "port-1-2.lock").hardlink_to(target)
    with pytest.raises(LocksUnusable, match="a plain file expected"):
        Lock(locks, "port-1-2", "the board").take()
    assert target.read_text() == "data"


def test_a_pipe_in_its_place_holds_nobody_up(locks):
    os.mkfifo(locks / "port-1-2.lock")
    found = []
    looking = threading.Thread(target=lambda: found.append(holders(locks)), daemon=True)
    looking.start()
    looking.join(10)
    assert found == [[]]
    with pytest.raises(LocksUnusable, match="a plain file expected"):
        Lock(locks, "port-1-2", "the board").take()


def test_a_full_disk_keeps_nobody_from_the_lock(locks, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    held = Lock(locks, "port-1-2", "the board")
    held.take()
    with pytest.raises(BoardBusy, match="in use by another process"):
        Lock(locks, "port-1-2", "the board").take()
    held.release()
    Lock(locks, "port-1-2", "the board").take()


def test_a_file_system_without_locks(locks, monkeypatch):
    def refused(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    with pytest.raises(LocksUnusable, match="No locks available"):
        Lock(locks, "port-1-2", "the board").take()


def test_long_names_do_not_hide_who_has_it(locks):
    held = Lock(locks, "port-1-2", "the board")
    held.take(names=("/" * 100_000, "1-2"))
    assert held.holder().pid == os.getpid() and "1-2" in held.holder().names


def test_the_folder_is_the_same_for_all_users(tmp_path, monkeypatch):
    closed, shared = tmp_path / "closed", tmp_path / "shared"
    closed.mkdir(mode=0o755)
    open_to_thieves = tmp_path / "not sticky"
    for folder, mode in ((shared, 0o1777), (open_to_thieves, 0o777)):
        folder.mkdir()
        folder.chmod(mode)
    monkeypatch.setattr(lock_module, "_SHARED", (tmp_path / "none", closed, open_to_thieves, shared))
    assert lock_folder() == shared / "tflm-hil" == lock_folder()
    monkeypatch.setattr(lock_module, "_SHARED", (closed,))
    with pytest.raises(LocksUnusable, match="none can be written"):
        lock_folder()
    (shared / "tflm-hil").rmdir()
    (shared / "tflm-hil").symlink_to(closed)
    monkeypatch.setattr(lock_module, "_SHARED", (shared,))
    with pytest.raises(LocksUnusable, match="a folder expected"):
        lock_folder()


@pytest.mark.parametrize("key", ["../../etc/passwd", "a b", "a\n", "", "-x", "ü", "a/b", "x" * 1000])
def test_any_key_is_a_file_in_the_folder(locks, key):
    Lock(locks, key, "it").take()
    assert [path.parent for path in locks.iterdir()] == [locks]


def test_different_keys_are_different_locks(locks):
    for key in ("a b", "a_b", "a_20_b", "a-b", "x" * 1000 + "1", "x" * 1000 + "2"):
        Lock(locks, key, "it").take()
