"""What an error says: what was expected, what came, what the device said last, what to do."""

import inspect

import pytest

from harness import errors
from harness.errors import (
    ArenaTooSmall,
    CaseError,
    DeviceCrashed,
    DeviceError,
    DeviceTimeout,
    FlashFailed,
    HarnessError,
    ImageTooLarge,
    LimitExceeded,
    LinkLost,
    Misuse,
    OutputMismatch,
    ProtocolError,
    RecordLost,
    SessionClosed,
    StateKept,
    StateLost,
    TensorMismatch,
    UnsupportedOp,
)

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]


def test_message_then_log_then_advice():
    error = LinkLost("the port hung up", log=["one", "two"], advice="look at the cable")
    assert str(error) == (
        "the port hung up\nlast lines from the device:\n  | one\n  | two\nwhat to do: look at the cable"
    )
    assert str(LinkLost("gone", advice="")) == "gone"
    assert str(LinkLost("gone")) == f"gone\nwhat to do: {LinkLost.advice}"


def test_all_are_of_one_family():
    assert HarnessError in CLASSES
    assert all(issubclass(kind, HarnessError) for kind in CLASSES)
    assert issubclass(TensorMismatch, Misuse)
    assert issubclass(SessionClosed, Misuse)
    assert issubclass(ImageTooLarge, FlashFailed)
    assert issubclass(RecordLost, ProtocolError)


def test_only_failed_checks_are_assertion_errors():
    """pytest reports those as failures of the test, all else as its error."""
    assert [kind for kind in CLASSES if issubclass(kind, AssertionError)] == [
        LimitExceeded,
        OutputMismatch,
        StateKept,
        StateLost,
    ]


# What to do depends on what happened, or stands in the message.
WITHOUT_ADVICE = (HarnessError, CaseError, OutputMismatch, LimitExceeded, FlashFailed, DeviceError)


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if kind not in WITHOUT_ADVICE])
def test_advice_where_the_class_alone_tells_enough(kind):
    assert kind.advice
    assert kind.advice[0].islower() or kind.advice[0] == "`"
    assert not kind.advice.endswith(".")


def test_arena_too_small():
    error = ArenaTooSmall(arena=2048, requested=1024, available=512, missing=512)
    assert error.message == (
        "an arena of 2,048 bytes is too small for the model: requested 1,024, available 512, missing 512 bytes"
    )
    assert (error.arena, error.requested, error.available, error.missing) == (2048, 1024, 512, 512)
    detailed = ArenaTooSmall(arena=16, detail="Too many buffers (max is 1)")
    assert detailed.message.endswith("for the model: Too many buffers (max is 1)")
    assert detailed.missing is None
    assert ArenaTooSmall(arena=16).message == "an arena of 16 bytes is too small for the model"


def test_unsupported_op():
    error = UnsupportedOp("CONV_3D", log=["Didn't find op"])
    assert (error.name, error.log) == ("CONV_3D", ("Didn't find op",))
    assert error.message == "operator CONV_3D is not supported by this engine"


def test_device_crashed():
    error = DeviceCrashed(
        "HardFault",
        command="invoke session=1 #7",
        where="Eval (lstm.cc:12)",
        op="CONV_2D",
        detail="assertion failed: x",
        stack_left=1024,
        conditions="emulator emulator-0 (RP2040)",
        registers={"r0": 0, "r1": 1, "r2": 2, "r3": 3, "pc": 0x10001234},
        backtrace=["pc   0x10001234 Eval (lstm.cc:12)", "lr   0x00000001"],
        note="not all addresses have names",
        log=["last words"],
        advice="look",
    )
    assert str(error).splitlines() == [
        "an answer to `invoke session=1 #7` expected, the device crashed: HardFault in Eval (lstm.cc:12)",
        "  operator: CONV_2D",
        "  assertion failed: x",
        "  stack: 1,024 bytes were never used",
        "on emulator emulator-0 (RP2040)",
        "  r0   0x00000000   r1   0x00000001   r2   0x00000002   r3   0x00000003",
        "  pc   0x10001234",
        "  at pc   0x10001234 Eval (lstm.cc:12)",
        "  at lr   0x00000001",
        "not all addresses have names",
        "last lines from the device:",
        "  | last words",
        "what to do: look",
    ]
    assert (error.reason, error.command, error.op) == ("HardFault", "invoke session=1 #7", "CONV_2D")
    assert DeviceCrashed("watchdog").message == "a device that runs expected, the device crashed: watchdog"
    assert DeviceCrashed("watchdog").registers == {}


@pytest.mark.parametrize(
    ("reason", "word"),
    [("SIGKILL", "memory"), ("watchdog", "hangs"), ("stack overflow", "stack"), ("HardFault", "arena")],
)
def test_what_to_do_about_a_crash_depends_on_its_reason(reason, word):
    assert word in DeviceCrashed(reason).advice


def test_case_error_says_where():
    assert str(CaseError("bad", path="a/b.yaml", line=7)) == "a/b.yaml:7: bad"
    assert str(CaseError("bad", path="a/b.yaml")) == "a/b.yaml: bad"
    assert CaseError("bad", path="a/b.yaml", line=7).line == 7


def test_image_too_large():
    error = ImageTooLarge(size=1_040_400, capacity=1_040_384)
    assert error.message == ("the model pack has 1,040,400 bytes and the board's flash holds 1,040,384: 16 too many")


def test_timeout_and_lost_record():
    timeout = DeviceTimeout("the answer to `ping`", 0.25)
    assert timeout.message == "the answer to `ping`: nothing came within 0.25 s"
    assert (timeout.awaited, timeout.seconds) == ("the answer to `ping`", 0.25)
    lost = RecordLost(3, 5)
    assert lost.message == "lost record: number 3 was expected, number 5 came"
    assert (lost.expected, lost.got) == (3, 5)
