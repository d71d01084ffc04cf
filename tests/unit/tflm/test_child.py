"""The TFLM process: it may die, hang, or lose its parent, and nothing else does."""

import os
import re
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tflite_micro", reason="TFLM's wheel exists for x86-64 Linux only")

from harness.errors import ReferenceUnavailable
from harness.models.tflite import load
from harness.tflm import availability
from harness.tflm.child import ChildDied, ChildFailed, ParentGone, TflmChild
from tests.support.processes import is_gone

MODEL = load(Path(__file__).parents[3] / "test_cases" / "models" / "sine_int8.tflite")


@pytest.fixture
def start():
    """Starts a child; its log is collected in `child.lines`."""
    children = []

    def start_child(**arguments):
        lines = []
        child = TflmChild(lines.append, **arguments)
        child.lines = lines
        children.append(child)
        return child

    yield start_child
    for child in children:
        child.close()


def open_model(child, session=1, arena=100_000, model=MODEL.data):
    return child.call("open", session, model=model, arena=arena, preserve=False, variables=0, inputs=1, outputs=1)


def invoke(child, session=1, warmup=0, repeats=1):
    return child.call("invoke", session, inputs=[np.int8(5).tobytes()], warmup=warmup, repeats=repeats)


def output(child, session=1):
    return invoke(child, session)["outputs"][0]


def test_a_model_runs(start):
    child = start()
    assert child.pid is None
    told = open_model(child)
    assert told["inputs"] == [{"dtype": "int8", "shape": [1, 1], "bytes": 1}]
    assert told["arena"]["used"] == told["arena"]["head"] + told["arena"]["tail"]
    assert len(output(child)) == 1
    assert len(invoke(child, warmup=3, repeats=7)["ticks"]) == 7


def test_an_error_is_an_error_and_the_child_lives(start):
    child = start()
    open_model(child)
    before, pid = output(child), child.pid
    for operation in ("reset", "invoke", "close"):
        with pytest.raises(ChildFailed):
            child.call(operation, 99)
    with pytest.raises(ChildFailed):
        open_model(child, session=2, arena=800)
    assert (output(child), child.pid) == (before, pid)


def test_what_tflm_prints_comes_before_the_answer(start):
    for _ in range(3):
        child = start()
        with pytest.raises(ChildFailed):
            open_model(child, arena=800)
        assert re.search(rb"Failed to .*Requested: \d+, available \d+, missing: \d+", b"".join(child.lines))


def test_a_crash_is_reported_and_the_next_call_works(start):
    child = start()
    open_model(child)
    before = output(child)
    with pytest.raises(ChildDied, match="^SIGSEGV$") as caught:
        # A tensor allocation that fails this early makes TFLM follow a null pointer.
        open_model(child, session=2, arena=256)
    assert caught.value.reason == "SIGSEGV"
    assert b"Failed to allocate tail memory" in b"".join(child.lines)
    with pytest.raises(ChildFailed):
        invoke(child)
    open_model(child)
    assert output(child) == before


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGKILL])
def test_a_child_that_died_between_two_calls(start, number):
    child = start()
    open_model(child)
    pid = child.pid
    os.kill(pid, number)
    assert is_gone(pid)
    with pytest.raises(ChildDied, match=f"^{number.name}$"):
        output(child)
    open_model(child)
    assert len(output(child)) == 1


def test_a_child_that_hangs_is_ended_by_the_watchdog(start):
    child = start()
    open_model(child)
    pid = child.pid
    # From here on only: the start of a process takes longer than a test should wait.
    child._watchdog = 0.2
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(ChildDied, match=r"^watchdog: no sign of life for 0\.2 s$"):
        invoke(child)
    assert is_gone(pid)
    child._watchdog = 30
    open_model(child)


def test_signs_of_life_keep_the_watchdog_off(start):
    """A long series of invokes is no hang: the child gives signs of life between them."""
    child = start(watchdog=3)
    open_model(child)
    begin = time.monotonic()
    invoke(child, repeats=20_000)
    count = int(20_000 * 3.6 / (time.monotonic() - begin))
    begin = time.monotonic()
    assert len(invoke(child, repeats=count)["ticks"]) == count
    if time.monotonic() - begin < 3:
        pytest.skip("this computer was faster than its own measurement said")


def test_a_closed_lifeline_ends_the_child(start):
    ours, theirs = os.pipe()
    child = start(lifeline=ours)
    open_model(child)
    pid = child.pid
    os.kill(pid, signal.SIGSTOP)
    os.close(theirs)
    with pytest.raises(ParentGone):
        invoke(child)
    assert is_gone(pid)
    assert child.pid is None
    os.close(ours)


def test_words_on_the_lifeline_are_not_its_end(start):
    ours, theirs = os.pipe()
    child = start(lifeline=ours)
    os.write(theirs, b"still here")
    open_model(child)
    assert len(output(child)) == 1
    os.close(theirs)
    os.close(ours)


def test_nothing_is_left_behind_by_crashes(start):
    child = start()
    open_model(child)
    child.close()
    before = sorted(Path("/proc/self/fd").iterdir())
    for _ in range(4):
        open_model(child)
        os.kill(child.pid, signal.SIGKILL)
        with pytest.raises(ChildDied):
            output(child)
    assert sorted(Path("/proc/self/fd").iterdir()) == before


PARENT = """
import sys
from harness.models.tflite import load
from harness.tflm.child import TflmChild
from pathlib import Path
model = load(Path(sys.argv[1])).data
child = TflmChild(lambda data: None)
child.call("open", 1, model=model, arena=100000, preserve=False, variables=0, inputs=1, outputs=1)
print(child.pid, flush=True)
child.call("invoke", 1, inputs=[bytes(1)], warmup=0, repeats=10**9)
"""


def test_no_child_outlives_a_parent_that_is_killed():
    path = Path(__file__).parents[3] / "test_cases" / "models" / "sine_int8.tflite"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(path)], stdout=subprocess.PIPE)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(parent.stdout, selectors.EVENT_READ)
            assert selector.select(30)
        pid = int(parent.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        # A child that is stopped cannot notice anything by itself.
        os.kill(pid, signal.SIGSTOP)
        parent.send_signal(signal.SIGKILL)
        assert parent.wait(10) == -signal.SIGKILL
        assert is_gone(pid)
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()


def test_ctrl_c_is_for_the_parent_to_understand(start):
    child = start()
    open_model(child)
    os.kill(child.pid, signal.SIGINT)
    assert len(output(child)) == 1


def test_the_commit_is_one_that_can_be_looked_up():
    assert re.fullmatch("[0-9a-f]{7,40}", availability.commit())
    assert availability.version()[0].isdigit()


def test_without_the_wheel_it_says_so(start, monkeypatch):
    monkeypatch.setattr(availability.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ReferenceUnavailable, match="tflite-micro.*not installed.*x86-64 Linux") as caught:
        open_model(start())
    assert "golden files" in caught.value.advice


def test_an_interrupted_call_does_not_answer_the_next(start, monkeypatch):
    child = start()
    open_model(child)

    def alarm():
        raise KeyboardInterrupt

    monkeypatch.setattr(child, "_await", alarm)
    with pytest.raises(KeyboardInterrupt):
        invoke(child, repeats=3)
    monkeypatch.undo()
    open_model(child, session=2)
    assert len(output(child, session=2)) == 1


def test_a_child_that_does_not_read_is_hung_too(start):
    child = start(watchdog=4)
    open_model(child)
    os.kill(child.pid, signal.SIGSTOP)
    with pytest.raises(ChildDied, match="watchdog"):
        open_model(child, session=2, model=bytes(4_000_000))
