"""The host board's program: the device side of docs/protocol.md on a pty. Started by `harness.boards.host.board`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from harness.boards.host.arguments import CommandFailed
from harness.boards.host.commands import PAYLOAD_BYTES_MAX, Commands
from harness.boards.host.pty import HostGone, PtyPort
from harness.deadline import Deadline
from harness.protocol.command import MAX_COMMAND_BYTES, BadCommand, Command
from harness.protocol.record import NUMBER_MODULUS, RECORD_SEPARATOR, Record, encode_record
from harness.tflm.child import ParentGone

PAYLOAD_SECONDS = 2.0
_SEPARATOR = bytes([RECORD_SEPARATOR])


class Records:
    """Numbers records and sends them; log lines go between them."""

    def __init__(self, port: PtyPort) -> None:
        self._port = port
        self._number = 0

    def send(self, kind: str, command: Command | None, fields: Record) -> None:
        """Sends one record in answer to a command, or to none."""
        record: Record = {"n": self._number, "type": kind}
        if command is not None:
            if command.id is not None:
                record["id"] = command.id
            record["verb"] = command.verb
        self._number = (self._number + 1) % NUMBER_MODULUS
        self._write(encode_record({**record, **fields}))

    def log(self, text: bytes) -> None:
        """Passes on log output; the byte that starts a record cannot occur in it."""
        self._write(text.replace(b"\x1e", b"?"))

    def _write(self, data: bytes) -> None:
        self._port.write(data)


class Device:
    """Reads commands, carries them out, answers.

    `ready` is told the name of a port that has taken another's place.
    """

    def __init__(
        self, port: PtyPort, records: Records, commands: Commands, ready: Callable[[str], None] = lambda name: None
    ) -> None:
        self._port = port
        self._records = records
        self._commands = commands
        self._ready = ready
        self._buffer = b""

    def run(self) -> None:
        """Serves until a `reboot`; after a `relink` on another port."""
        while True:
            line = self._line()
            empty = len(line) <= MAX_COMMAND_BYTES and not line.removesuffix(b"\r").strip(b" \t")
            # A record that comes back is an echo; to answer it would echo for ever.
            if not empty and _SEPARATOR not in line:
                try:
                    command = Command.decode(line)
                except BadCommand as error:
                    self._records.send("error", None, {"code": "bad_command", "message": str(error)})
                    continue
                if not self._obey(command):
                    return

    def _obey(self, command: Command) -> bool:
        try:
            try:
                payload = self._payload(command)
            except CommandFailed:
                self._commands.spoil_input(command)
                raise
            final = self._commands.run(command, payload)
        except CommandFailed as error:
            self._records.send("error", command, {"code": error.code, "message": str(error), **error.details})
            return True
        self._records.send("reply", command, final)
        if command.verb == "relink":
            self._buffer = b""
            self._port.replace()
            self._ready(self._port.name)
        return command.verb != "reboot"

    def _line(self) -> bytes:
        """The next line; of one that is too long, so much that it is refused, or known for an echo, and not obeyed."""
        dropped = b""
        while b"\n" not in self._buffer:
            if len(self._buffer) > MAX_COMMAND_BYTES:
                dropped = _SEPARATOR if _SEPARATOR in dropped + self._buffer else bytes(MAX_COMMAND_BYTES + 1)
                self._buffer = b""
            self._buffer += self._port.read()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return dropped + line

    def _payload(self, command: Command) -> bytes:
        """The bytes that the command announces; they are taken off the line even if the command is refused later."""
        text = command.arguments.get("bytes", "0") if command.verb == "input" else "0"
        size = int(text) if text.isdecimal() and len(text) <= 10 else -1
        if not 0 <= size <= PAYLOAD_BYTES_MAX:
            raise CommandFailed("bad_argument", f"bytes: 0 to {PAYLOAD_BYTES_MAX} expected")
        # A pty hands on 4 KiB at a time: bytes that are joined so often would be copied over and over.
        came = bytearray(self._buffer)
        self._buffer = b""
        while len(came) < size:
            data = self._port.read(Deadline(PAYLOAD_SECONDS))
            if not data:
                message = f"{size - len(came)} of {size} bytes did not come within {PAYLOAD_SECONDS:g} s"
                raise CommandFailed("bad_payload", message)
            came += data
        self._buffer = bytes(came[size:])
        return bytes(came[:size])


def main(make_records: Callable[..., Records] = Records, make_commands: Callable[..., Commands] = Commands) -> None:
    """Entry point. Standard input is the lifeline; standard output tells the name of the pty.

    Args:
        make_records, make_commands: the device's parts; tests put faulty ones in their place.
    """
    # Ctrl-C in the terminal goes to the whole group; we end when whoever started us does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parser = argparse.ArgumentParser(prog="host-device")
    parser.add_argument("--serial", required=True)
    parser.add_argument("--flash", type=Path, required=True)
    given = parser.parse_args()
    lifeline = sys.stdin.fileno()
    port = PtyPort(lifeline)
    records = make_records(port)
    commands = make_commands(records, serial=given.serial, flash=given.flash, lifeline=lifeline)
    _tell_ready(port.name)
    try:
        Device(port, records, commands, _tell_ready).run()
        port.hang_up()
    except (HostGone, ParentGone):
        # Nobody is left to serve.
        pass
    finally:
        commands.close()
    os._exit(0)


def _tell_ready(name: str) -> None:
    sys.stdout.write(f"ready {name}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
