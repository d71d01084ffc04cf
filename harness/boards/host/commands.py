"""What each verb does on the host board."""

from __future__ import annotations

import os
import platform
import re
import select
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from harness.boards.host import firmware
from harness.boards.host.arguments import CommandFailed, TensorInfo, feed_pairs, read_number
from harness.boards.host.busy import BusyProcess
from harness.errors import HarnessError
from harness.flash.pack import BadPack, ModelPack
from harness.models import tflite
from harness.protocol.command import Command
from harness.protocol.messages import PROTOCOL_VERSION
from harness.protocol.payload import CHUNK_BYTES, crc32, crc_text, encode_chunk
from harness.protocol.record import Record
from harness.tflm import availability
from harness.tflm.child import ChildDied, ChildFailed, ParentGone, TflmChild

MAX_SESSIONS = 4
MAX_INVOKES = 100_000
MAX_VARIABLES = 256
MIN_ARENA = 16
MAX_PAUSE_MS = 600_000
MAX_LINES = 1_000_000
FEATURES = ("feed", "pause", "relink", "work", "log", "clock")
PAYLOAD_BYTES_MAX = 16 * 1024 * 1024
_SAMPLES_PER_RECORD = 64
_TICK_HZ = 10**9
_CRC = re.compile("[0-9a-f]{8}")

_HELP = (
    "identify                                        who this is",
    "models                                          what the model pack holds",
    "open model=NAME [arena=N] [vars=N] [preserve=1] open a model in N bytes of arena; the reply names the session",
    "input session=S index=I bytes=N crc=HEX         stage an input; its N raw bytes follow the line",
    "invoke session=S [repeats=N] [warmup=N] [feed=O:I,O:I] [copy=direct]",
    "output session=S index=I                        an output of the last invoke",
    "reset session=S                                 variables to zero, as TFLM's Reset()",
    "close session=S                                 end a session",
    "ping                                            a sign of life",
    "pause ms=N                                      wait",
    "relink                                          close the port and open a new one",
    "work on=0|1                                     compute beside the models",
    "log lines=N [bytes=N]                           print",
    "clock                                           the clock's step, and what measuring costs",
    "reboot                                          start again",
    "help                                            this list",
)


class Answering(Protocol):
    """Sends records and log output."""

    def send(self, kind: str, command: Command | None, fields: Record) -> None: ...

    def log(self, text: bytes) -> None: ...


@dataclass
class _Session:
    arena: int
    inputs: list[TensorInfo]
    outputs_info: list[TensorInfo]
    staged: dict[int, bytes] = field(default_factory=dict)
    outputs: list[bytes] = field(default_factory=list)


class Commands:
    """The verbs, and the state that they work on.

    Args:
        records: where answers go.
        serial: the board's serial number.
        flash: the file that holds the model pack; it may be missing.
        lifeline: see `TflmChild`.
    """

    def __init__(self, records: Answering, *, serial: str, flash: Path, lifeline: int) -> None:
        self._records = records
        self._serial = serial
        self._pack, self._damage = _read_flash(flash)
        self._child = TflmChild(records.log, lifeline=lifeline)
        self._lifeline = lifeline
        self._busy = BusyProcess()
        self._sessions: dict[int, _Session] = {}
        self._next_session = 1
        self._verbs: dict[str, Callable[[Command, bytes], Record]] = {
            "identify": self._identify,
            "models": self._models,
            "open": self._open,
            "input": self._input,
            "invoke": self._invoke,
            "output": self._output,
            "reset": self._reset,
            "close": self._close,
            "ping": self._nothing,
            "pause": self._pause,
            "relink": self._nothing,
            "work": self._work,
            "log": self._log_lines,
            "clock": self._clock,
            "reboot": self._nothing,
            "help": self._help,
        }

    def run(self, command: Command, payload: bytes) -> Record:
        """Carries out a command and returns the fields of its final record.

        Raises:
            CommandFailed: with what the error record says.
        """
        verb = self._verbs.get(command.verb)
        if verb is None:
            raise CommandFailed("unknown_verb", f"{command.verb}; try: help")
        return verb(command, payload)

    def spoil_input(self, command: Command) -> None:
        """Of an input whose bytes did not all come, nothing is left, as on a device that has no room for two."""
        session = self._sessions.get(read_number(command, "session", 0, 2**32 - 1, default=0))
        if session is not None:
            session.staged.pop(read_number(command, "index", 0, 2**32 - 1, default=0), None)

    def close(self) -> None:
        """Ends the TFLM process, and what works beside it."""
        self._child.close()
        self._busy.stop()

    # --- verbs -------------------------------------------------------------------------------------------------------

    def _nothing(self, _command: Command, _payload: bytes) -> Record:
        return {}

    def _help(self, command: Command, _payload: bytes) -> Record:
        for text in _HELP:
            self._records.send("data", command, {"text": text})
        return {}

    def _identify(self, _command: Command, _payload: bytes) -> Record:
        return {
            "protocol": PROTOCOL_VERSION,
            "engine": "tflm",
            "board": "host",
            "serial": self._serial,
            "chip": f"{platform.machine()} ({platform.system()})",
            "clock_hz": None,
            "pointer_bits": 64,
            "build": firmware.build_id(),
            "tflm": availability.commit(),
            "kernels": "TFLM reference",
            "compiler": f"{availability.DISTRIBUTION} {availability.version()}",
            "arena_max": firmware.ARENA_BYTES,
            "pack_crc": crc_text(self._pack.crc),
            "features": list(FEATURES),
            "crash": None,
        }

    def _models(self, command: Command, _payload: bytes) -> Record:
        if self._damage:
            self._records.log(f"the flash is taken for empty: {self._damage}\n".encode())
        for entry in self._pack.entries:
            fields = {"name": entry.name, "bytes": len(entry.data), "crc": crc_text(entry.crc)}
            self._records.send("data", command, fields)
        return {"count": len(self._pack.entries)}

    def _open(self, command: Command, _payload: bytes) -> Record:
        name = command.arguments.get("model")
        if name is None:
            raise CommandFailed("bad_argument", "model is missing")
        entry = self._pack.find(name)
        if entry is None:
            raise CommandFailed("no_model", f"{name} is not in the model pack")
        free = firmware.ARENA_BYTES - sum(session.arena for session in self._sessions.values())
        arena = read_number(command, "arena", MIN_ARENA, 2**32 - 1, default=free)
        variables = read_number(command, "vars", 0, MAX_VARIABLES, default=8)
        preserve = bool(read_number(command, "preserve", 0, 1, default=0))
        # Counted in any case: this TFLM is built so.
        read_number(command, "categories", 0, 1, default=0)
        if len(self._sessions) >= MAX_SESSIONS:
            raise CommandFailed("too_many_sessions", f"{MAX_SESSIONS} sessions are open")
        if not MIN_ARENA <= arena <= free:
            raise CommandFailed("no_arena", f"{arena} bytes of arena wanted, {free} are free")
        try:
            model = tflite.parse(entry.data, name)
        except HarnessError as error:
            raise CommandFailed("model_rejected", error.message) from None
        number = self._next_session
        self._next_session += 1
        opened = self._tflm(
            "allocate_failed",
            "open",
            number,
            model=entry.data,
            arena=arena,
            preserve=preserve,
            variables=variables,
            inputs=len(model.inputs),
            outputs=len(model.outputs),
        )
        for direction in ("input", "output"):
            for index, tensor in enumerate(opened[f"{direction}s"]):
                self._records.send("data", command, {"of": direction, "index": index, **tensor})
        inputs, outputs = (
            [TensorInfo(tensor["dtype"], tensor["bytes"]) for tensor in opened[direction]]
            for direction in ("inputs", "outputs")
        )
        self._sessions[number] = _Session(arena, inputs, outputs)
        return {"session": number, "arena": arena, **opened["arena"]}

    def _input(self, command: Command, payload: bytes) -> Record:
        _, session = self._session(command)
        index = read_number(command, "index", 0, len(session.inputs) - 1)
        announced = command.arguments.get("crc")
        if announced is None:
            raise CommandFailed("bad_argument", "crc is missing")
        if not _CRC.fullmatch(announced):
            raise CommandFailed("bad_argument", "crc: eight lower-case hexadecimal digits expected")
        if len(payload) != session.inputs[index].bytes:
            expected = session.inputs[index].bytes
            raise CommandFailed("bad_payload", f"input {index} has {expected} bytes, {len(payload)} came")
        # A device has no room for two: what was staged before is overwritten as the bytes come.
        session.staged.pop(index, None)
        crc = crc_text(crc32(payload))
        if announced != crc:
            raise CommandFailed("bad_payload", f"CRC-32 {announced} announced, {crc} came")
        session.staged[index] = payload
        return {}

    def _invoke(self, command: Command, _payload: bytes) -> Record:
        number, session = self._session(command)
        repeats = read_number(command, "repeats", 1, MAX_INVOKES, default=1)
        warmup = read_number(command, "warmup", 0, MAX_INVOKES, default=0)
        if read_number(command, "profile", 0, 1, default=0):
            raise CommandFailed("unsupported", "this board has no profiler: TFLM's wheel does not offer one")
        if read_number(command, "quiet", 0, 1, default=0):
            raise CommandFailed("unsupported", "this board has no quiet: a process cannot mask a computer's interrupts")
        feed = feed_pairs(command, session.inputs, session.outputs_info)
        copy = command.arguments.get("copy", "staged")
        if copy not in ("staged", "direct"):
            raise CommandFailed("bad_argument", "copy: staged or direct expected")
        missing = set(range(len(session.inputs))) - set(session.staged)
        if missing:
            raise CommandFailed("missing_input", f"input {min(missing)} was never given")
        session.outputs = []
        inputs = [session.staged[index] for index in sorted(session.staged)]
        done = self._tflm(
            "invoke_failed",
            "invoke",
            number,
            inputs=inputs,
            warmup=warmup,
            repeats=repeats,
            feed=feed,
            direct=copy == "direct",
        )
        session.outputs = done["outputs"]
        session.staged.update(done["fed"])
        ticks: list[int] = done["ticks"]
        for first in range(0, len(ticks), _SAMPLES_PER_RECORD):
            self._records.send("data", command, {"first": first, "ticks": ticks[first : first + _SAMPLES_PER_RECORD]})
        final = {"session": number, "count": len(ticks), "tick_hz": _TICK_HZ}
        return {**final, "feed_ticks": done["feed_ticks"]} if feed else final

    def _output(self, command: Command, _payload: bytes) -> Record:
        _, session = self._session(command)
        index = read_number(command, "index", 0, len(session.outputs_info) - 1)
        if not session.outputs:
            raise CommandFailed("not_invoked", "there is no output before an invoke")
        data = self._output_bytes(session, index)
        for offset in range(0, len(data), CHUNK_BYTES):
            chunk = encode_chunk(data[offset : offset + CHUNK_BYTES])
            self._records.send("data", command, {"offset": offset, "b64": chunk})
        return {"bytes": len(data), "crc": crc_text(crc32(data))}

    def _output_bytes(self, session: _Session, index: int) -> bytes:
        return session.outputs[index]

    def _reset(self, command: Command, _payload: bytes) -> Record:
        number, session = self._session(command)
        session.outputs = []
        self._tflm("reset_failed", "reset", number)
        return {}

    def _close(self, command: Command, _payload: bytes) -> Record:
        number, _ = self._session(command)
        del self._sessions[number]
        self._tflm("no_session", "close", number)
        return {}

    def _pause(self, command: Command, _payload: bytes) -> Record:
        begun = time.monotonic_ns()
        seconds = read_number(command, "ms", 1, MAX_PAUSE_MS) / 1000
        if select.select([self._lifeline], [], [], seconds)[0] and os.read(self._lifeline, 1) == b"":
            raise ParentGone
        return {"us": (time.monotonic_ns() - begun) // 1000}

    def _work(self, command: Command, _payload: bytes) -> Record:
        if read_number(command, "on", 0, 1):
            self._busy.start()
        else:
            self._busy.stop()
        return {"rounds": self._busy.rounds}

    def _log_lines(self, command: Command, _payload: bytes) -> Record:
        lines = read_number(command, "lines", 1, MAX_LINES)
        length = read_number(command, "bytes", 12, 255, default=80)
        self._tflm("unsupported", "log", 0, lines=lines, length=length)
        return {}

    def _clock(self, _command: Command, _payload: bytes) -> Record:
        figures: Record = self._tflm("unsupported", "clock", 0)
        return {"tick_hz": _TICK_HZ, **figures}

    # --- behind them -------------------------------------------------------------------------------------------------

    def _session(self, command: Command) -> tuple[int, _Session]:
        number = read_number(command, "session", 0, 2**32 - 1)
        session = self._sessions.get(number)
        if session is None:
            raise CommandFailed("no_session", f"session {number} is not open")
        return number, session

    def _tflm(self, code: str, operation: str, session: int, **arguments: Any) -> Any:
        try:
            return self._child.call(operation, session, **arguments)
        except ChildFailed as error:
            raise CommandFailed(code, str(error)) from None
        except ChildDied as error:
            # On a Pico everything in RAM is gone after a crash; so it is here.
            self._sessions.clear()
            raise CommandFailed("crashed", error.reason) from None


def _read_flash(path: Path) -> tuple[ModelPack, str]:
    """The model pack, and what is wrong with it: a board with a damaged pack runs, so that it can be flashed again."""
    try:
        return ModelPack.decode(path.read_bytes()), ""
    except FileNotFoundError:
        return ModelPack(), ""
    except OSError as error:
        return ModelPack(), str(error)
    except BadPack as error:
        return ModelPack(), error.message
