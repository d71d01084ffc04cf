"""The emulated board's program, seen from the harness: started, told what to do, listened to, ended."""

from __future__ import annotations

import os
import subprocess
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from harness.deadline import Deadline
from harness.errors import BoardNotFound, DeviceTimeout, NoFirmware
from harness.process import own_program

DEVICE_COMMAND: tuple[str, ...] = own_program("harness.boards.emulator.device")

_STOP_SECONDS = 2.0
_COMMAND_SECONDS = 5.0
_SHOWN_NOTES = 8
_READ_BYTES = 4096
_LINE_BYTES = 4096
_BOOTSEL = "bootsel"


class EmulatorProcess:
    """A running emulated board.

    Args:
        flash: the file of its flash.
        unique_id: its flash chip's unique id.
        note: is given each note, in a thread of this object's.
    """

    def __init__(self, flash: Path, unique_id: bytes, note: Callable[[str], None]) -> None:
        self._note = note
        self._news = threading.Condition()
        self._state = "nothing"
        self._port = ""
        self._ports = 0
        self._done = 0
        self._ended = False
        self._notes: deque[str] = deque(maxlen=_SHOWN_NOTES)
        # The device lives as long as the pipe that is its standard input: it ends with us, whatever ends us.
        self._process = subprocess.Popen(
            [*DEVICE_COMMAND, "--flash", str(flash), "--unique-id", unique_id.hex()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._listener = threading.Thread(target=self._listen, name="listener to the emulator", daemon=True)
        self._listener.start()

    @property
    def state(self) -> str:
        """What is on the USB cable: nothing, setting-up, serial, bootsel, other."""
        with self._news:
            return self._state

    def command(self, text: str) -> None:
        """Has a command carried out; all that was told before it was has been heard then.

        Raises:
            BoardNotFound: the program has ended.
            DeviceTimeout: it does not react.
        """
        assert self._process.stdin is not None
        deadline = Deadline(_COMMAND_SECONDS)
        with self._news:
            wanted = self._done + 1
        try:
            os.write(self._process.stdin.fileno(), f"{text}\n".encode("ascii"))
        except BrokenPipeError:
            raise self._gone() from None
        self._await(lambda: self._done >= wanted, deadline, f"the emulator to carry out {text!r}")

    def wait_port(self, deadline: Deadline, after: int = 0) -> tuple[int, str]:
        """Number and name of the serial port that is there, once one is there; of a later one than `after`.

        Raises:
            NoFirmware: the chip is in BOOTSEL, and stays there.
            BoardNotFound: the program has ended.
            DeviceTimeout: there is none.
        """

        def there() -> bool:
            return self._state == _BOOTSEL or (bool(self._port) and self._ports > after)

        self._await(there, deadline, "the firmware's serial port")
        with self._news:
            if self._state == _BOOTSEL:
                raise NoFirmware("the emulated chip is in BOOTSEL, where it waits for a firmware")
            return self._ports, self._port

    def wait_state(self, state: str, deadline: Deadline) -> None:
        """Waits until that is on the USB cable.

        Raises:
            BoardNotFound: the program has ended.
            DeviceTimeout: it is not.
        """
        self._await(lambda: self._state == state, deadline, f"the emulated chip's USB state {state!r}")

    def stop(self) -> None:
        """Ends the program; it saves its flash if it can."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_STOP_SECONDS)
        self._listener.join(_STOP_SECONDS)
        self._process.stdout.close()

    def _await(self, reached: Callable[[], bool], deadline: Deadline, what: str) -> None:
        with self._news:
            while not reached():
                if self._ended:
                    raise self._gone()
                if deadline.expired():
                    raise DeviceTimeout(
                        f"{what} (on the USB cable: {self._state})",
                        deadline.seconds,
                        advice="flash the board again; what the emulator told of, if anything, stands above",
                        log=list(self._notes),
                    )
                self._news.wait(deadline.remaining())

    def _gone(self) -> BoardNotFound:
        return BoardNotFound(
            "the emulated board's program has ended by itself",
            advice="its own words stand above; `tflm-hil boards` tells whether the emulator can run here",
            log=list(self._notes),
        )

    def _listen(self) -> None:
        assert self._process.stdout is not None
        rest = b""
        while data := os.read(self._process.stdout.fileno(), _READ_BYTES):
            *lines, rest = (rest + data).split(b"\n")
            rest = rest[:_LINE_BYTES]
            for line in lines:
                self._hear(line.decode("utf-8", "replace"))
        with self._news:
            self._ended = True
            self._port = ""
            self._news.notify_all()

    def _hear(self, line: str) -> None:
        what, _, rest = line.partition(" ")
        with self._news:
            if what == "done":
                self._done += 1
            elif what == "port":
                self._state = "serial"
                self._port = rest.split(" ")[0]
                self._ports += 1
            elif what == "state":
                self._state = rest
                self._port = ""
            else:
                self._notes.append(rest if what == "note" else line)
            self._news.notify_all()
        if what == "note":
            self._note(rest)
