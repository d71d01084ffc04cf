"""The host board's device with one fault: `python -m tests.support.faulty_device FAULT --serial ... --flash ...`."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from harness.boards.host.commands import Commands
from harness.boards.host.device import Records, main
from harness.protocol.command import Command
from harness.protocol.record import Record

# Late enough to be in the middle of a 64-step sequence.
FAULTY_CALL = 6


class ForgetfulCommands(Commands):
    """Clears the state between two calls, as a kernel does that keeps it in memory used for something else."""

    def _invoke(self, command: Command, payload: bytes) -> Record:
        number, _ = self._session(command)
        self._tflm("reset_failed", "reset", number)
        return super()._invoke(command, payload)


class BitFlippingCommands(Commands):
    """Flips one bit of one output, before its CRC-32 is computed: the computation went wrong, the link did not."""

    calls = 0

    def _output_bytes(self, session: Any, index: int) -> bytes:
        data = super()._output_bytes(session, index)
        self.calls += 1
        return bytes([data[0] ^ 1]) + data[1:] if self.calls == FAULTY_CALL else data


class DyingCommands(Commands):
    """TFLM's process is killed while it invokes."""

    def _invoke(self, command: Command, payload: bytes) -> Record:
        child = self._child
        await_answer = child._await

        def die(*given: object) -> object:
            os.kill(child.pid, signal.SIGKILL)
            return await_answer(*given)

        # Stopped first: an invoke of some microseconds could be over before anybody can kill it.
        os.kill(child.pid, signal.SIGSTOP)
        child._await = die
        try:
            return super()._invoke(command, payload)
        finally:
            child._await = await_answer


class HungCommands(Commands):
    """Stops answering in the middle of an invoke, once: the board is well again after a restart."""

    def _invoke(self, command: Command, payload: bytes) -> Record:
        os.kill(os.getpid(), signal.SIGSTOP)
        return super()._invoke(command, payload)


class WireFlippingRecords(Records):
    """Flips one bit of one output on its way, after its CRC-32 was computed."""

    calls = 0

    def send(self, kind: str, command: Command | None, fields: Record) -> None:
        if "b64" in fields:
            self.calls += 1
            if self.calls == FAULTY_CALL:
                text = str(fields["b64"])
                fields = {**fields, "b64": ("B" if text[0] == "A" else "A") + text[1:]}
        super().send(kind, command, fields)


class LosingRecords(Records):
    """Numbers one record and does not send it."""

    calls = 0

    def send(self, kind: str, command: Command | None, fields: Record) -> None:
        if kind == "reply" and command is not None and command.verb == "invoke":
            self.calls += 1
        self._lose = kind == "data" and self.calls == FAULTY_CALL
        super().send(kind, command, fields)

    def _write(self, data: bytes) -> None:
        if not self._lose:
            super()._write(data)

    _lose = False


class ChattyRecords(Records):
    """Logs what would like to be something else on a terminal or in a report."""

    def send(self, kind: str, command: Command | None, fields: Record) -> None:
        if command is not None and command.verb == "invoke":
            self.log(b"\x1b[31m<script>alert(1)</script>\x00]]>\xff\n")
        super().send(kind, command, fields)


# What the device remembers of its crash; a test gives its own.
CRASH = json.loads(os.environ.get("FAULTY_DEVICE_CRASH", '{"reason": "HardFault"}'))


class RestartingCommands(Commands):
    """Dies in the middle of the first invoke, takes its port with it, and says nothing of it when it is back."""

    def _invoke(self, command: Command, payload: bytes) -> Record:
        os._exit(1)


class CrashingCommands(Commands):
    """Dies in the same way, and when it is back tells of it, once."""

    def __init__(self, *given: Any, flash: Path, **more: Any) -> None:
        super().__init__(*given, flash=flash, **more)
        self._kept = flash.with_suffix(".crash")

    def _invoke(self, command: Command, payload: bytes) -> Record:
        self._kept.write_text(json.dumps(CRASH))
        os._exit(1)

    def _identify(self, command: Command, payload: bytes) -> Record:
        told = super()._identify(command, payload)
        if self._kept.exists():
            told["crash"] = json.loads(self._kept.read_text())
            self._kept.unlink()
        return told


class QuietRecords(Records):
    """Can start again at number 0 without a word, as a device does whose port outlives its restart."""

    restarting = False

    def restart(self) -> None:
        self.restarting = True

    def send(self, kind: str, command: Command | None, fields: Record) -> None:
        if self.restarting:
            self.restarting = False
            self._number = 0
            return
        super().send(kind, command, fields)


class QuietlyCrashingCommands(CrashingCommands):
    """Crashes without taking its port with it."""

    def _invoke(self, command: Command, payload: bytes) -> Record:
        self._kept.write_text(json.dumps(CRASH))
        self._sessions.clear()
        self._records.log(b"about to crash\n")
        cast(QuietRecords, self._records).restart()
        return {}


class CrashedCommands(CrashingCommands):
    """Has a crash to tell from before the run."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._kept.write_text(json.dumps(CRASH))

    def _invoke(self, command: Command, payload: bytes) -> Record:
        return Commands._invoke(self, command, payload)


class LoopbackCommands(Commands):
    """A firmware that runs no models."""

    def _identify(self, command: Command, payload: bytes) -> Record:
        return {**super()._identify(command, payload), "engine": "loopback"}


FAULTS: dict[str, tuple[Callable[..., Records], Callable[..., Commands]]] = {
    "forget": (Records, ForgetfulCommands),
    "flip": (Records, BitFlippingCommands),
    "die": (Records, DyingCommands),
    "hang": (Records, HungCommands),
    "flip-on-wire": (WireFlippingRecords, Commands),
    "lose-record": (LosingRecords, Commands),
    "chatty": (ChattyRecords, Commands),
    "restart": (Records, RestartingCommands),
    "crash": (Records, CrashingCommands),
    "crash-quietly": (QuietRecords, QuietlyCrashingCommands),
    "crashed": (Records, CrashedCommands),
    "loopback": (Records, LoopbackCommands),
}


if __name__ == "__main__":
    main(*FAULTS[sys.argv.pop(1)])
