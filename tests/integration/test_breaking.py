"""A green run means something only if a broken device turns it red, with a message that names the cause."""

import pytest

from tests.integration.conftest import MODELS

SEQUENCE = """
    import numpy as np

    def test_sequence(open_model, reference):
        session = open_model("lstm_resvar_int8")
        inputs = np.random.default_rng(5).uniform(-0.9, 0.9, (64, 1, 1))
        session.run(inputs, real=True).assert_equals(reference("lstm_resvar_int8").run(inputs, real=True))
    """
AND_AFTER = """
    def test_after(open_model):
        session = open_model("sine_int8", arena=65536)
        assert session.arena.used
    """


def failure(result):
    """The lines of a run's one failure that explain it."""
    return "\n".join(line for line in result.outlines if line.startswith("E  "))


def test_a_good_device_passes(project, run):
    project.makepyfile(SEQUENCE)
    run().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("forget", ["state lost at step 2", "those of a model whose state is cleared before each call"]),
        ("flip", ["state lost at step 6", "1 of 64 steps differ", "1 LSB"]),
        ("flip-on-wire", ["ProtocolError", "output 0: CRC-32", "announced, the bytes that came have"]),
        ("lose-record", ["RecordLost", "lost record: number", "the link loses data"]),
        ("die", ["DeviceCrashed: an answer to `invoke session=1", "expected, the device crashed: SIGKILL", "on host"]),
    ],
)
def test_a_fault_fails_the_right_test_and_says_why(project, run, fault, words):
    project.makepyfile(test_a=SEQUENCE, test_b=AND_AFTER)
    result = run(fault=fault)
    result.assert_outcomes(passed=1, failed=1)
    assert "test_a.py F" in result.stdout.str()
    for word in words:
        assert word in failure(result), failure(result)


def test_a_yaml_case_notices_a_forgotten_state_without_any_reference(project, run):
    project.makefile(
        ".yaml",
        lstm="""
tflm-hil: 1
model: lstm_resvar_int8
cases:
  - name: memory
    inputs: {generator: uniform, steps: 8}
    state: {remembers: true}
""",
    )
    run().assert_outcomes(passed=1)
    result = run(fault="forget")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*other outputs expected than in a run with the state cleared before each step*"])


def test_a_hung_device_fails_its_own_test_and_the_run_goes_on(project, run):
    project.makepyfile(
        test_a="""
        import numpy as np, pytest

        # Opening the model is a part of it, also where other work takes the processor.
        @pytest.mark.timeout(15)
        def test_hangs(open_model):
            open_model("sine_int8").invoke(np.zeros((1, 1), np.int8))
        """,
        test_b=AND_AFTER,
    )
    # In a process of its own: pytest-timeout has one alarm per process.
    result = run(fault="hang", subprocess=True)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E*Timeout (>15.0s) from pytest-timeout*"])
    result.stdout.fnmatch_lines(["(no answer has come to `invoke session=1 repeats=1*"])


def test_a_hung_device_is_noticed_without_pytest_timeout_too(project, run):
    project.makepyfile(
        test_a="""
        import numpy as np

        def test_hangs(open_model):
            open_model("sine_int8").invoke(np.zeros((1, 1), np.int8), timeout=2)
        """,
        test_b=AND_AFTER,
    )
    result = run(fault="hang")
    result.assert_outcomes(passed=1, failed=1)
    assert "DeviceTimeout: `invoke session=1 repeats=1" in failure(result)
    assert "within 2 s" in failure(result)


@pytest.mark.parametrize(
    ("style", "fault"), [("long", "die"), ("short", "flip"), ("native", "lose-record"), ("line", "flip-on-wire")]
)
def test_no_frame_of_the_harness_stands_in_a_failure(project, run, fault, style):
    project.makepyfile(SEQUENCE)
    result = run(f"--tb={style}", fault=fault)
    result.assert_outcomes(failed=1)
    output = result.stdout.str()
    assert "harness/session.py" not in output
    assert "harness/bench.py" not in output
    assert "harness/protocol" not in output
    assert "test_no_frame_of_the_harness_stands_in_a_failure.py" in output


def test_an_error_of_the_harness_itself_keeps_its_frames(project, run, monkeypatch):
    """A bug of ours is not to be hidden."""
    monkeypatch.setattr("harness.session.as_step", lambda *a, **k: 1 / 0)
    project.makepyfile(SEQUENCE)
    output = run().stdout.str()
    assert "ZeroDivisionError" in output
    assert "harness/session.py" in output


def test_what_tidying_up_after_a_timeout_runs_into_does_not_take_its_place(project, run):
    project.makepyfile(
        """
        import numpy as np

        def test_hangs(open_model):
            with open_model("sine_int8") as session:
                session.invoke(np.zeros((1, 1), np.int8), timeout=2)
        """
    )
    result = run(fault="hang")
    result.assert_outcomes(failed=1)
    assert "DeviceTimeout: `invoke" in failure(result)


def test_a_session_that_a_new_flashing_ended_says_so(project, run, tmp_path):
    other = tmp_path / "other.tflite"
    other.write_bytes((MODELS / "sine_float.tflite").read_bytes())
    project.makepyfile(
        f"""
        import numpy as np

        def test_two(open_model):
            first = open_model("sine_int8", arena=65536)
            open_model({str(other)!r}, arena=65536)
            first.invoke(np.zeros((1, 1), np.int8))
        """
    )
    result = run()
    result.assert_outcomes(failed=1)
    assert "sine_int8 is over: the board was flashed anew to bring other onto it" in failure(result)
