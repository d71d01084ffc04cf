"""A firmware that is none: a pty, answered by Python. For tests in which the emulated chip would only cost time.

It answers `identify`, `models`, `ping` and `reboot` as docs/protocol.md has it, with build id and model pack as they
lie in the flash, and refuses all other verbs.
"""

from __future__ import annotations

import os
import select
import struct
import threading
import zlib
from collections.abc import Callable
from typing import Any

from harness.boards.emulator.port import Port
from harness.errors import HarnessError
from harness.flash.layout import PACK_ADDRESS
from harness.flash.pack import MAGIC, ModelPack
from harness.protocol.record import encode_record
from tests.virtual_usb.chips import FLASH_ADDRESS, Chip

_TOUCH = 1200
_LOOK_SECONDS = 0.01
_JOIN_SECONDS = 5.0
# A note of ELF's with a GNU build id: sizes of name and content, type 3, the name.
_NOTE = b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0"
_BUILD_BYTES = 8
_LINE_BYTES = 255


def boots(chip: Chip, flash: bytes) -> bool:
    """Whether the boot ROM finds a program: on an RP2040, a second stage with the right checksum."""
    if chip.name != "rp2040":
        return flash[:256] != b"\xff" * 256
    return second_stage_crc(flash[:252]) == flash[252:256]


def second_stage_crc(code: bytes) -> bytes:
    """The checksum behind an RP2040's second stage (datasheet, section 2.8.1.3.1): CRC-32 without reflection."""
    # Which is zlib's on mirrored bits.
    mirrored = bytes(int(f"{byte:08b}"[::-1], 2) for byte in code)
    return int(f"{zlib.crc32(mirrored) ^ 0xFFFFFFFF:032b}"[::-1], 2).to_bytes(4, "little")


class DummyApplication:
    """Runs from its making until `stop`.

    Args:
        flash: what the flash holds.
        serial: what `identify` tells.
        reset: is called, in a thread of this object's, with "application" on `reboot` and "bootsel" at 1200 baud.
        touched: is called before, for 1200 baud; whether it works.
        silent: whether it says nothing now.
        echoes: whether it sends back what it is sent.

    Attributes:
        pty: the name of its serial port.
    """

    def __init__(
        self,
        chip: Chip,
        flash: bytes,
        serial: str,
        *,
        reset: Callable[[str], None],
        touched: Callable[[], bool],
        silent: Callable[[], bool],
        echoes: Callable[[], bool],
    ) -> None:
        self._chip = chip
        self._flash = flash
        self._serial = serial
        self._reset = reset
        self._touched = touched
        self._silent = silent
        self._echoes = echoes
        self._number = 0
        self._rest = b""
        self._port = Port()
        self.pty = self._port.name
        self._wake, self._woken = os.pipe()
        self._thread = threading.Thread(target=self._run, name="dummy application", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """The port hangs up. Does not wait: it may be called by what this object calls."""
        os.write(self._woken, b"x")

    def join(self) -> None:
        """Waits until it has."""
        self._thread.join(_JOIN_SECONDS)

    def _run(self) -> None:
        speed = 0
        try:
            # A pty that nobody has open cannot be waited for, only looked at.
            while not select.select([self._wake], [], [], 0 if self._wait() else _LOOK_SECONDS)[0]:
                if not self._port.is_open():
                    self._rest = b""
                    speed = 0
                    continue
                before, speed = speed, self._port.speed()
                if speed == _TOUCH != before and self._touched():
                    self._reset("bootsel")
                    continue
                self._take(self._port.read())
        finally:
            self._port.close()
            os.close(self._wake)
            os.close(self._woken)

    def _wait(self) -> bool:
        """Waits for news while somebody has the port open."""
        if not self._port.is_open():
            return False
        return bool(select.select([self._port.fd, self._wake], [], [], _LOOK_SECONDS)[0])

    def _take(self, data: bytes) -> None:
        if data and self._echoes():
            self._port.write(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-_LINE_BYTES:]
        for line in lines:
            words = line.decode("ascii", "replace").split()
            if words and b"\x1e" not in line and not self._silent():
                self._answer(words)

    def _answer(self, words: list[str]) -> None:
        verb = words[0]
        asked = {"id": int(words[-1][1:])} if words[-1][:1] == "#" and words[-1][1:].isdecimal() else {}
        pack = self._pack()
        match verb:
            case "identify":
                self._send("reply", verb, asked, **self._identity(pack))
            case "models":
                for entry in pack.entries:
                    size, crc = len(entry.data), f"{entry.crc:08x}"
                    self._send("data", verb, asked, name=entry.name, bytes=size, crc=crc)
                self._send("reply", verb, asked, count=len(pack.entries))
            case "ping":
                self._send("reply", verb, asked)
            case "reboot":
                self._send("reply", verb, asked)
                self._reset("application")
            case _:
                self._send("error", verb, asked, code="unknown_verb", message="a dummy knows no such verb")

    def _send(self, kind: str, verb: str, asked: dict[str, int], **more: Any) -> None:
        record = encode_record({"n": self._number, "type": kind, **asked, "verb": verb, **more})
        self._number += 1
        self._port.write(record)

    def _identity(self, pack: ModelPack) -> dict[str, Any]:
        return {
            "protocol": 1,
            "engine": "dummy",
            "board": self._chip.board,
            "serial": self._serial,
            "chip": self._chip.name.upper(),
            "clock_hz": 125_000_000,
            "pointer_bits": 32,
            "build": self._build(),
            "tflm": "",
            "compiler": "none",
            "arena_max": 200 * 1024,
            "pack_crc": f"{pack.crc:08x}",
            "features": [],
            "crash": None,
        }

    def _build(self) -> str:
        place = self._flash.find(_NOTE)
        start = place + len(_NOTE)
        return self._flash[start : start + _BUILD_BYTES].hex() if place >= 0 else ""

    def _pack(self) -> ModelPack:
        """The models in the flash; an empty pack where there is none or a damaged one."""
        start = PACK_ADDRESS - FLASH_ADDRESS
        if self._flash[start : start + len(MAGIC)] != MAGIC:
            return ModelPack()
        (size,) = struct.unpack_from("<I", self._flash, start + 16)
        try:
            return ModelPack.decode(self._flash[start : start + size])
        except HarnessError:
            return ModelPack()
