"""Every error that tflm-hil raises on purpose.

One root, `HarnessError`. Each error says what was expected, what came and, as `advice`, what a person can do about it.
The data of an error ride on the exception as attributes, so that a test or a program need not parse the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class HarnessError(Exception):
    """Root of all errors of the harness.

    Args:
        message: what was expected and what came.
        advice: what to do about it; each subclass brings a default.
        log: the newest lines that the device sent, oldest first.
    """

    advice: str = ""

    def __init__(self, message: str, *, advice: str | None = None, log: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        if advice is not None:
            self.advice = advice
        self.log: tuple[str, ...] = tuple(log)

    def __str__(self) -> str:
        parts = [self.message]
        if self.log:
            parts.append("last lines from the device:")
            parts.extend(f"  | {line}" for line in self.log)
        if self.advice:
            parts.append(f"what to do: {self.advice}")
        return "\n".join(parts)


# --- the model and the arena -----------------------------------------------------------------------------------------


class ModelRejected(HarnessError):
    """The file is not a model that TFLM can be given: broken, truncated, wrong identifier or schema version."""

    advice = "convert the model again, and compare the file's size and SHA-256 with the original"


class ModelNotFound(HarnessError):
    """No such model: neither a file nor in the board's model pack."""

    advice = "give the path of a .tflite file, or the name of one in the models folder"


class UnsupportedOp(HarnessError):
    """The model needs an operator that the engine does not have.

    Attributes:
        name: the operator, as TFLM or the model names it.
    """

    advice = (
        "replace the operator in the model, or convert without it; `tflm-hil bench MODEL` lists a model's operators"
    )

    def __init__(self, name: str, *, advice: str | None = None, log: Iterable[str] = ()) -> None:
        super().__init__(f"operator {name} is not supported by this engine", advice=advice, log=log)
        self.name = name


class ArenaTooSmall(HarnessError):
    """The tensor arena does not hold the model.

    Attributes:
        requested: bytes that the allocation asked for, or None where TFLM did not say.
        available: bytes that were left, or None.
        missing: bytes that were missing, or None.
        arena: size in bytes of the arena that the model was opened in.
    """

    advice = "open the model in a larger arena; where none is given, all that the board has is used"

    def __init__(
        self,
        *,
        arena: int,
        requested: int | None = None,
        available: int | None = None,
        missing: int | None = None,
        detail: str = "",
        advice: str | None = None,
        log: Iterable[str] = (),
    ) -> None:
        text = f"an arena of {arena:,} bytes is too small for the model" if arena else "not enough arena is free"
        if missing is not None:
            text += f": requested {requested:,}, available {available:,}, missing {missing:,} bytes"
        elif detail:
            text += f": {detail}"
        super().__init__(text, advice=advice, log=log)
        self.arena = arena
        self.requested = requested
        self.available = available
        self.missing = missing


class InferenceFailed(HarnessError):
    """`AllocateTensors()` or `Invoke()` returned an error that has no more precise class; TFLM's words are in `log`."""

    advice = "the device's last lines hold TFLM's own message"


# --- misuse by a test ------------------------------------------------------------------------------------------------


class Misuse(HarnessError):
    """A test asks for what cannot be: wrong shape or dtype, a closed session, a figure that was not measured."""

    advice = "correct the test"


class TensorMismatch(Misuse):
    """An array does not fit the tensor that it was given for."""

    advice = "give an array of the tensor's shape and dtype, or real=True to have real values quantised"


class SessionClosed(Misuse):
    """The session was closed, or lost with the device that held it."""

    advice = "open the model again"


class CaseError(HarnessError):
    """A YAML case file is wrong.

    Attributes:
        path: the file, as text.
        line: the line, counted from 1, or None where none can be named.
    """

    advice = ""

    def __init__(self, message: str, *, path: str, line: int | None = None, advice: str | None = None) -> None:
        where = path if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {message}", advice=advice)
        self.path = path
        self.line = line


class ReferenceUnavailable(HarnessError):
    """TFLM's own interpreter cannot run on this computer."""

    advice = "use x86-64 Linux with CPython 3.10-3.14, or golden files made there"


class OutputMismatch(HarnessError, AssertionError):
    """Outputs differ from what was expected; an AssertionError too, so that pytest reports a failure."""

    advice = ""


class LimitExceeded(HarnessError, AssertionError):
    """A measured figure is beyond its limit; an AssertionError too, so that pytest reports a failure."""

    advice = ""


# --- the device and the link to it -----------------------------------------------------------------------------------


class BoardNotFound(HarnessError):
    """No board answers to the given name."""

    advice = "`tflm-hil boards` lists what can be used now"


class NoFirmware(BoardNotFound):
    """The board is there and waits for a firmware: its flash is empty, or it was switched on with BOOTSEL pressed."""

    advice = "run with --flash auto, which flashes it"


class BoardBusy(HarnessError):
    """Another process holds the board.

    Attributes:
        pid: that process, None where unknown.
        command: what it was started with, "" where unknown.
        since: since when it holds the board, in seconds since the epoch, None where unknown.
    """

    advice = "wait until it ends, or use another board"

    def __init__(
        self,
        message: str,
        *,
        pid: int | None = None,
        command: str = "",
        since: float | None = None,
        advice: str | None = None,
    ) -> None:
        super().__init__(message, advice=advice)
        self.pid = pid
        self.command = command
        self.since = since


class WrongBoard(HarnessError):
    """Another board is plugged in where this one was: it has another serial number, or another chip.

    Attributes:
        expected: what was there, or should be.
        came: what is there now.
    """

    advice = "plug the boards in as before, or name the one that is there now"

    def __init__(self, message: str, *, expected: str, came: str, advice: str | None = None) -> None:
        super().__init__(message, advice=advice)
        self.expected = expected
        self.came = came


class NoPermission(HarnessError):
    """The system does not let this user use the board."""

    advice = "on Linux, copy ci/60-tflm-hil.rules to /etc/udev/rules.d, then plug the board in anew"


class BoardLost(HarnessError):
    """The board does not come back by anything that can be done from here; `tried` has a line for each thing."""

    advice = "unplug the board and plug it in again; if it does not come up, hold BOOTSEL down while plugging it in"

    def __init__(self, message: str, *, tried: Iterable[str] = (), advice: str | None = None) -> None:
        self.tried = tuple(tried)
        super().__init__("\n".join([message, *(f"  tried: {line}" for line in self.tried)]), advice=advice)


class FlashFailed(HarnessError):
    """The image could not be brought onto the board."""


class ImageTooLarge(FlashFailed):
    """The models do not fit the model pack, or the firmware does not fit its place.

    Attributes:
        size: bytes that it would have.
        capacity: bytes that there are.
    """

    advice = "leave models out, or make them smaller"

    def __init__(self, *, size: int, capacity: int, what: str = "the model pack", advice: str | None = None) -> None:
        super().__init__(
            f"{what} has {size:,} bytes and the board's flash holds {capacity:,}: {size - capacity:,} too many",
            advice=advice,
        )
        self.size = size
        self.capacity = capacity


class DeviceError(HarnessError):
    """The device answered with an error that the harness has no class for.

    Attributes:
        code: the error record's code.
    """

    def __init__(self, message: str, *, code: str = "", advice: str | None = None, log: Iterable[str] = ()) -> None:
        super().__init__(message, advice=advice, log=log)
        self.code = code


class DeviceCrashed(HarnessError):
    """The device, or on the host board the process that runs TFLM, died.

    Attributes:
        reason: for instance "SIGSEGV", "HardFault", "watchdog".
        command: the command that was running, or "" where unknown.
        where: function, file and line of the crash, or "" where unknown.
        op: the operator that was running, or "".
        detail: the text of a failed assertion or a panic, or "".
        stack_left: bytes of the stack that were never used, None where the board cannot tell.
        registers: register names and values, empty where the board cannot tell.
        backtrace: a line per frame, innermost first, empty where unknown.
    """

    advice = (
        "a too-small arena is the usual cause: open the model in a larger one; then look at the device's last lines"
    )

    def __init__(
        self,
        reason: str,
        *,
        command: str = "",
        where: str = "",
        op: str = "",
        detail: str = "",
        stack_left: int | None = None,
        conditions: str = "",
        registers: Mapping[str, int] | None = None,
        backtrace: Iterable[str] = (),
        note: str = "",
        advice: str | None = None,
        log: Iterable[str] = (),
    ) -> None:
        self.reason = reason
        self.command = command
        self.where = where
        self.op = op
        self.detail = detail
        self.stack_left = stack_left
        self.registers = dict(registers or {})
        self.backtrace = tuple(backtrace)
        expected = f"an answer to `{command}`" if command else "a device that runs"
        lines = [f"{expected} expected, the device crashed: {reason}" + (f" in {where}" if where else "")]
        if op:
            lines.append(f"  operator: {op}")
        if detail:
            lines.append(f"  {detail}")
        if stack_left is not None:
            lines.append(f"  stack: {stack_left:,} bytes were never used")
        if conditions:
            lines.append(f"on {conditions}")
        values = [f"{name:<4} {value:#010x}" for name, value in self.registers.items()]
        lines.extend("  " + "   ".join(values[start : start + 4]) for start in range(0, len(values), 4))
        lines.extend(f"  at {frame}" for frame in self.backtrace)
        if note:
            lines.append(note)
        super().__init__("\n".join(lines), advice=advice or _advice_for_crash(reason), log=log)


class DeviceTimeout(HarnessError):
    """Something awaited from the device did not come in time.

    Attributes:
        awaited: what was awaited.
        seconds: how long.
    """

    advice = "give the call a longer timeout if the model is that slow; otherwise the device hangs: see its last lines"

    def __init__(self, awaited: str, seconds: float, *, advice: str | None = None, log: Iterable[str] = ()) -> None:
        # Two figures: what is left of a call's time when its last part begins is 0.4998 s of 0.5 s.
        shown = f"{seconds:.2g}" if seconds < 99.5 else f"{seconds:.0f}"
        super().__init__(f"{awaited}: nothing came within {shown} s", advice=advice, log=log)
        self.awaited = awaited
        self.seconds = seconds


class WrongEngine(Misuse):
    """The firmware on the board does not run models with TFLM."""

    advice = "flash a firmware that was built with ENGINE=tflm: `make firmware`"


class LinkLost(HarnessError):
    """The port to the device hung up."""

    advice = "check cable and power; the next test connects anew"


class ProtocolError(HarnessError):
    """What came from the device is not the protocol: a broken record, a wrong checksum, a wrong version."""

    advice = (
        "flash the firmware that belongs to this version of the harness; with a good firmware, suspect cable and hub"
    )


class RecordLost(ProtocolError):
    """A gap in the record numbers: at least one record did not arrive, so the answer cannot be trusted.

    Attributes:
        expected: the number that should have come.
        got: the number that came.
    """

    advice = "the link loses data: suspect cable, hub, or another program that reads the same port"

    def __init__(self, expected: int, got: int, *, log: Iterable[str] = ()) -> None:
        super().__init__(f"lost record: number {expected} was expected, number {got} came", log=log)
        self.expected = expected
        self.got = got


def _advice_for_crash(reason: str) -> str | None:
    if reason == "SIGKILL":
        return "something ended TFLM's process: the computer may have run out of memory"
    if reason.startswith("watchdog"):
        return "the model hangs TFLM: a too-small arena can do that; open it in a larger one"
    if reason == "stack overflow":
        return "the model needs more stack than the firmware has: build the firmware with a larger one"
    return None
