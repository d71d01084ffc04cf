"""The host board's device with one fault: `python -m tests.support.faulty_device FAULT --serial ... --flash ...`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

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


FAULTS: dict[str, tuple[Callable[..., Records], Callable[..., Commands]]] = {
    "forget": (Records, ForgetfulCommands),
    "flip": (Records, BitFlippingCommands),
    "die": (Records, DyingCommands),
    "hang": (Records, HungCommands),
    "flip-on-wire": (WireFlippingRecords, Commands),
    "lose-record": (LosingRecords, Commands),
    "chatty": (ChattyRecords, Commands),
}


if __name__ == "__main__":
    main(*FAULTS[sys.argv.pop(1)])
