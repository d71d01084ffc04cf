"""Programs of a night: none runs on after its deadline, none is left behind, and pytest may still write its record."""

import signal
import subprocess
import sys
import threading
from pathlib import Path
from time import monotonic

import pytest

from harness.deadline import Deadline
from harness.nightly.programs import Programs

PYTHON = (sys.executable, "-c")
# What does not come within this is broken; nothing waits so long.
LONG = 60.0


@pytest.fixture
def programs():
    # For programs that heed what they are asked: none waits for all of it.
    return Programs(grace=LONG / 2)


def ends(pid):
    """Whether a process that was killed is gone, or soon is: whoever inherits it may take a moment."""
    deadline, never = Deadline(LONG / 4), threading.Event()
    while not deadline.expired():
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        never.wait(0.01)
    return False


def run(programs, code, tmp_path, seconds=LONG, **more):
    return programs.run((*PYTHON, code), seconds=seconds, log=tmp_path / "folder" / "log", **more)


@pytest.mark.parametrize("code", [0, 3])
def test_its_exit_code_and_all_it_wrote(programs, tmp_path, code):
    ended = run(programs, f"import sys; print('out'); print('err', file=sys.stderr); sys.exit({code})", tmp_path)
    assert (ended.how, ended.code, ended.good) == ("ended", code, code == 0)
    assert sorted(ended.log.read_text().split()) == ["err", "out"]


def test_a_program_that_is_not_there(programs, tmp_path):
    ended = programs.run(["/no/such/program"], seconds=LONG, log=tmp_path / "log")
    assert (ended.how, ended.good) == ("not started", False)
    assert ended.reason == "/no/such/program cannot be started: No such file or directory"
    assert ended.reason in ended.log.read_text()


def test_at_its_deadline_it_is_asked_first_as_by_ctrl_c(programs, tmp_path):
    code = "import time\ntry: time.sleep(600)\nexcept KeyboardInterrupt: print('record written')"
    # Python must have come as far as `try` by then, on a busy machine too.
    ended = run(programs, code, tmp_path, seconds=5.0)
    assert (ended.how, ended.code, ended.good) == ("deadline", None, False)
    assert ended.log.read_text() == "record written\n"


# Both where the current thread handles signals and where it does not, as those of the boards of a night.
IGNORING = """
import signal, sys, threading
from pathlib import Path
from harness.nightly.programs import Programs
assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
log, code = Path(sys.argv[1]), sys.argv[3]
def run():
    for name, command, seconds in [
        ("hears", [sys.executable, "-c", code], 5.0),
        ("status", ["/bin/grep", "SigIgn", "/proc/self/status"], 60.0),
        ("code", [sys.executable, "-c", "import sys; sys.exit(3)"], 60.0),
        ("none", ["/no/such/program"], 60.0),
        ("folder", ["/"], 60.0),
    ]:
        ended = Programs(grace=20.0).run(command, seconds=seconds, log=log / name)
        print(name, ended.how, ended.code, ended.reason)
if sys.argv[2] == "main": run()
else: thread = threading.Thread(target=run); thread.start(); thread.join()
"""


@pytest.mark.parametrize("thread", ["main", "another"])
def test_it_is_asked_as_well_where_the_night_ignores_ctrl_c(tmp_path, thread):
    code = "import time\ntry: time.sleep(600)\nexcept KeyboardInterrupt: print('record written')"
    process = subprocess.Popen(
        [*PYTHON, IGNORING, str(tmp_path), thread, code],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert process.communicate(timeout=LONG)[0].splitlines() == [
        "hears deadline None ",
        "status ended 0 ",
        "code ended 3 ",
        "none not started None /no/such/program cannot be started: No such file or directory",
        "folder not started None / cannot be started: Permission denied",
    ]
    assert (tmp_path / "hears").read_text() == "record written\n"
    # Nothing is ignored that would not be otherwise.
    ignored = int((tmp_path / "status").read_text().split()[1], 16)
    assert not ignored & sum(1 << number - 1 for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ))


def test_what_heeds_nothing_is_killed_with_all_it_started(tmp_path):
    code = """
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
    begin = monotonic()
    ended = run(Programs(grace=0.2), code, tmp_path, seconds=5.0)
    assert ended.how == "deadline" and monotonic() - begin < LONG / 2
    assert ends(int(ended.log.read_text()))


def test_what_a_program_leaves_behind_ends_with_it(programs, tmp_path):
    code = """
import subprocess, sys
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid)
"""
    begin = monotonic()
    ended = run(programs, code, tmp_path)
    assert ended.good and monotonic() - begin < LONG / 2
    assert ends(int(ended.log.read_text()))


def test_a_flood_is_bounded_and_does_not_stop_the_program(programs, tmp_path, monkeypatch):
    monkeypatch.setattr("harness.nightly.programs._MAX_LOG_BYTES", 1000)
    ended = run(programs, "print('x' * 5_000_000)", tmp_path)
    assert ended.good
    text = ended.log.read_text()
    assert len(text) < 1100 and "more than this was not kept" in text


def test_stop_ends_all_and_starts_no_more(programs, tmp_path):
    code = "import time\ntry: print('up', flush=True); time.sleep(600)\nexcept KeyboardInterrupt: print('asked')"
    found = []
    log = tmp_path / "folder" / "log"
    thread = threading.Thread(target=lambda: found.append(run(programs, code, tmp_path)))
    thread.start()
    while not (log.exists() and "up" in log.read_text()):
        assert thread.is_alive()
        thread.join(0.01)
    programs.stop()
    thread.join(LONG)
    assert [ended.how for ended in found] == ["stopped"]
    assert log.read_text().split() == ["up", "asked"]
    assert run(programs, "print('never')", tmp_path).how == "stopped"
    assert log.read_text() == ""


def test_it_hears_nothing_from_the_terminal_and_does_not_know_the_chat(programs, tmp_path, monkeypatch):
    monkeypatch.setenv("TFLM_HIL_WEBHOOK", "https://chat.example/secret")
    code = "import os, sys; print(repr(sys.stdin.read()), os.environ.get('TFLM_HIL_WEBHOOK'), os.environ['MINE'])"
    assert run(programs, code, tmp_path, environment={"MINE": "1"}).log.read_text() == "'' None 1\n"
