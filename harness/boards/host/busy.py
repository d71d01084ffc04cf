"""Work beside the models: a process that computes and touches memory until it is ended, as a second core does."""

from __future__ import annotations

import mmap
import select
import signal
import struct
import subprocess
import sys
import tempfile

from harness.process import own_program

_ROUNDS = struct.Struct("<I")
_START_SECONDS = 5.0
_STOP_SECONDS = 5.0
_SCRATCH_BYTES = 1 << 20
_PAGE_BYTES = 4096


class BusyProcess:
    """The process, running or not."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._counter: mmap.mmap | None = None

    @property
    def rounds(self) -> int:
        """Rounds of work since it was started last, modulo 2^32."""
        if self._counter is None:
            return 0
        rounds: int = _ROUNDS.unpack_from(self._counter)[0]
        return rounds

    def start(self) -> None:
        """Starts it, if it does not run."""
        if self._process is not None:
            return
        with tempfile.TemporaryFile() as shared:
            shared.write(bytes(_ROUNDS.size))
            shared.flush()
            self._counter = mmap.mmap(shared.fileno(), _ROUNDS.size)
            # It lives as long as the pipe that is its standard input.
            self._process = subprocess.Popen(
                [*own_program("harness.boards.host.busy"), str(shared.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=[shared.fileno()],
            )
        assert self._process.stdout is not None
        # Whoever is told that it works finds it at work; one that cannot start says so by its end.
        select.select([self._process.stdout], [], [], _START_SECONDS)

    def stop(self) -> None:
        """Ends it, if it runs."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait(_STOP_SECONDS)
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        process.stdout.close()


def main() -> None:
    """Works until standard input ends; the argument is the file descriptor of the counter."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    counter = mmap.mmap(int(sys.argv[1]), _ROUNDS.size)
    scratch = bytearray(_SCRATCH_BYTES)
    state, rounds = 1, 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        for place in range(0, len(scratch), _PAGE_BYTES):
            state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
            scratch[place] ^= state >> 24
        rounds = (rounds + 1) & 0xFFFFFFFF
        _ROUNDS.pack_into(counter, 0, rounds)
        if rounds == 1:
            sys.stdout.write(".")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
