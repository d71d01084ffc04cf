"""The host board as the harness sees it: a process to start, a pty to open, a file that is its flash."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

from harness.boards.board import Board
from harness.boards.host import firmware
from harness.boards.slots import state_directory, take_slot
from harness.deadline import Deadline
from harness.errors import BoardNotFound, FlashFailed
from harness.flash.image import Image
from harness.flash.pack import ModelPack
from harness.process import own_program
from harness.protocol.client import Client
from harness.protocol.link import Link
from harness.protocol.transport import SerialTransport
from harness.tflm import availability

_START_SECONDS = 20.0
_STOP_SECONDS = 5.0
_READY = b"ready "

# The program that is the device. Tests put a faulty one in its place.
DEVICE_COMMAND: tuple[str, ...] = own_program("harness.boards.host.device")


def why_unavailable() -> str | None:
    """One line that says why there is no host board here, or None."""
    return availability.why_unavailable()


class HostBoard(Board):
    """This computer as a board. Each run that is under way at the same time gets a board of its own.

    Raises:
        BoardNotFound: TFLM's interpreter cannot run here.
    """

    kind = "host"

    def __init__(self, directory: Path | None = None) -> None:
        super().__init__()
        reason = why_unavailable()
        if reason is not None:
            raise BoardNotFound(f"no host board: {reason}", advice="use `--board emulator`, or a Pico")
        self._process: subprocess.Popen[bytes] | None = None
        self._port = ""
        self._client: Client | None = None
        slot = take_slot(directory or state_directory(self.kind), self.kind, self.kind)
        self.name, self._flash, self._lock = slot.name, slot.flash, slot.lock

    def image(self, pack: ModelPack) -> Image:
        return Image(build=firmware.build_id(), firmware=b"", pack=pack)

    def flash(self, image: Image) -> None:
        if image.build != firmware.build_id():
            raise FlashFailed(f"the host board's firmware is {firmware.build_id()}, the image is for {image.build}")
        self._stop()
        fresh = self._flash.with_suffix(".new")
        try:
            fresh.write_bytes(image.pack.encode())
            fresh.replace(self._flash)
        except OSError as error:
            raise FlashFailed(
                f"the host board's flash cannot be written: {error}",
                advice=f"make room in {self._flash.parent}, or have XDG_CACHE_HOME name another folder",
            ) from None

    def connect(self) -> Client:
        if self._process is None or self._process.poll() is not None:
            self._stop()
            self._start()
        if self._client is not None:
            hung_up = self._client.hung_up
            self._client.close()
            self._client = None
            if hung_up:
                self._follow()
        try:
            transport = SerialTransport(self._port)
        except BoardNotFound:
            # The port of a device that dies goes a moment before its process does.
            self._stop()
            self._start()
            transport = SerialTransport(self._port)
        self._client = Client(Link(transport, self.log))
        return self._client

    def recover(self) -> None:
        self._stop()
        self._start()

    def close(self) -> None:
        self._stop()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _start(self) -> None:
        # The device lives as long as the pipe that is its standard input: it ends with us, whatever ends us.
        self._process = subprocess.Popen(
            [*DEVICE_COMMAND, "--serial", self.name, "--flash", str(self._flash)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._port = self._await_port(self._process)

    def _follow(self) -> None:
        """The device has hung up: it tells of another port after a `relink`, or it ends."""
        assert self._process is not None
        try:
            self._port = self._await_port(self._process)
        except BoardNotFound:
            self._start()

    def _await_port(self, process: subprocess.Popen[bytes]) -> str:
        assert process.stdout is not None
        deadline = Deadline(_START_SECONDS)
        said = b""
        with DefaultSelector() as selector:
            selector.register(process.stdout, EVENT_READ)
            while not said.endswith(b"\n"):
                if not selector.select(deadline.remaining()):
                    self._stop()
                    raise BoardNotFound(f"the host board did not start within {_START_SECONDS:g} s")
                data = os.read(process.stdout.fileno(), 1024)
                if not data:
                    self._stop()
                    raise BoardNotFound(
                        "the host board's program ended before it was ready",
                        advice="run `tflm-hil boards`; its own words stand above",
                    )
                said += data
        if not said.startswith(_READY):
            self._stop()
            raise BoardNotFound(
                f"{_READY.decode()!r} and a port expected from the host board's program, came {said[:80]!r}"
            )
        return said.removeprefix(_READY).strip().decode()

    def _stop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait(_STOP_SECONDS)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
