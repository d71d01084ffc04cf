"""The host board's device with arenas that go wrong: `python -m tests.support.treacherous_device`, and its arguments.

Which sizes go wrong, and how, is told in TREACHEROUS_ARENAS: a JSON list of [first, last, what].
"""

from __future__ import annotations

import json
import os
import signal
from typing import Any

from harness.boards.host.commands import CommandFailed, Commands
from harness.boards.host.device import Records, main
from harness.protocol.command import Command
from harness.protocol.record import Record

ARENAS = json.loads(os.environ.get("TREACHEROUS_ARENAS", "[]"))
# In which TFLM really runs what is said to be open in less.
_ENOUGH = 64 * 1024


class TreacherousCommands(Commands):
    """Opens a model in any arena, and has its own idea of what comes of it:

    "error" is TFLM's; "hang" and "crash" come while it opens; "wrong" flips a bit of every output from the second
    invoke on, as a state does that is written over; "strange" reports tensors that the model does not have.
    """

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._invokes: dict[int, int] = {}
        self._wrong: set[int] = set()

    def _open(self, command: Command, payload: bytes) -> Record:
        size = int(command.arguments.get("arena", 2**31))
        what = next((what for first, last, what in ARENAS if first <= size <= last), "")
        if what == "error":
            raise CommandFailed("allocate_failed", "TFLM failed to allocate tensors")
        if what == "hang":
            os.kill(os.getpid(), signal.SIGSTOP)
        if what == "crash":
            os._exit(1)
        if size < _ENOUGH:
            command = Command(command.verb, {**command.arguments, "arena": str(_ENOUGH)}, command.id)
        if what == "strange":
            tensor = {"of": "input", "index": 0, "dtype": "int8", "shape": [77], "bytes": 77}
            self._records.send("data", command, tensor)
        opened = super()._open(command, payload)
        if what == "wrong":
            self._wrong.add(opened["session"])
        return {**opened, "arena": min(size, opened["arena"])}

    def _invoke(self, command: Command, payload: bytes) -> Record:
        number, session = self._session(command)
        done = super()._invoke(command, payload)
        self._invokes[number] = self._invokes.get(number, 0) + 1
        if number in self._wrong and self._invokes[number] > 1:
            session.outputs = [bytes([data[0] ^ 1]) + data[1:] for data in session.outputs]
        return done


if __name__ == "__main__":
    main(Records, TreacherousCommands)
