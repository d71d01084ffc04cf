"""What goes wrong with a device that runs, and on the line to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.errors.root import HarnessError


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
        super().__init__(f"{awaited}: nothing came within {seconds:.4g} s", advice=advice, log=log)
        self.awaited = awaited
        self.seconds = seconds


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
