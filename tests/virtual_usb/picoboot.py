"""A chip in BOOTSEL: the PICOBOOT interface, as picotool meets it.

Sources: RP2040 datasheet, section 2.8.5 "USB PICOBOOT interface"; RP2350 datasheet, section 5.6; command and status
figures as in pico-sdk 2.1.1's boot/picoboot.h and boot/picoboot_constants.h.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.virtual_usb import errors
from tests.virtual_usb.chips import MEMCPY, RESET_USB_BOOT, SECTOR_BYTES, Chip
from tests.virtual_usb.descriptors import PICOBOOT, PICOBOOT_IN, PICOBOOT_OUT
from tests.virtual_usb.device import TO_INTERFACE, VENDOR_TYPE, UsbDevice
from tests.virtual_usb.errors import UsbError
from tests.virtual_usb.faults import Counts, Faults
from tests.virtual_usb.information import Refused, information, one_time_memory
from tests.virtual_usb.memory import Memory, Misaligned, NothingThere

# By number: name, and bytes of arguments.
COMMANDS = {
    0x01: ("exclusive", 1),
    0x02: ("reboot", 12),
    0x03: ("erase", 8),
    0x84: ("read", 8),
    0x05: ("write", 8),
    0x06: ("exit_xip", 0),
    0x07: ("enter_xip", 0),
    0x08: ("exec", 4),
    0x0A: ("reboot2", 16),
    0x8B: ("get_info", 16),
    0x8C: ("otp_read", 5),
}
_RP2350_ONLY = frozenset((0x0A, 0x8B, 0x8C))

OK = 0
UNKNOWN_COMMAND = 1
INVALID_COMMAND_LENGTH = 2
INVALID_TRANSFER_LENGTH = 3
INVALID_ADDRESS = 4
BAD_ALIGNMENT = 5
INTERLEAVED_WRITE = 6
REBOOTING = 7
UNKNOWN_ERROR = 8

_MAGIC = 0x431FD10B
_COMMAND = struct.Struct("<IIBBHI16s")
_STATUS = struct.Struct("<IIBB6x")
_INTERFACE_RESET, _COMMAND_STATUS = 0x41, 0x42

# picotool's small programs. The one that reads the flash chip's unique id ends in a block for the flash: length of the
# exchange, what is sent, what came; the opcode is the flash's own (0x4B), the first five bytes that come are no answer.
_ID_LENGTH, _ID_LENGTH_AT, _ID_OPCODE, _ID_OPCODE_AT, _ID_ANSWER_AT = 13, 8, 0x4B, 12, 28
_SRAM = 0x20000000
_PROGRAM_BYTES = 16
_REBOOT2_BOOTSEL = 2


@dataclass(frozen=True)
class Body:
    """What the interface works on: the board. Callbacks are called with the bus's lock held.

    Attributes:
        restart: restarts the chip: into "application" or "bootsel", seconds from now, without the drive (1) or
            with it (0).
        unplug: the cable is pulled.
    """

    chip: Chip
    unique_id: bytes
    flash: bytearray
    faults: Faults
    counts: Counts
    restart: Callable[[str, float, int], None]
    unplug: Callable[[], None]


@dataclass
class _Command:
    """A command under way; `data` is what comes with it, or what goes back."""

    token: int
    number: int
    name: str
    arguments: bytes
    length: int
    data: bytes = b""


class BootselDevice(UsbDevice):
    """A chip in BOOTSEL."""

    body: Body
    _memory: Memory

    def boot(self, body: Body) -> None:
        """Gives it its board."""
        self.body = body
        self._memory = Memory(body.chip, body.flash, body.faults, body.counts)
        self._stalled: set[int] = set()
        self._command: _Command | None = None
        # "command", "data" (to the device), "answer" (to the host), "done" and "taken" (ends of the two).
        self._stage = "command"
        self._busy_until = 0.0
        self._last = (0, OK, 0)
        self._passed = {"erase": 0, "write": 0, "verify": 0}
        self._flash_written = False

    # --- what the host does ------------------------------------------------------------------------------------------

    def request(self, kind: int, request: int, value: int, index: int, wanted: int) -> bytes | None:
        if kind != VENDOR_TYPE | TO_INTERFACE or index != self.identity.interfaces.index(PICOBOOT):
            return None
        if request == _INTERFACE_RESET:
            self._stalled.clear()
            self._stage, self._command, self._busy_until = "command", None, 0.0
            return b""
        if request == _COMMAND_STATUS:
            token, status, number = self._last
            return _STATUS.pack(token, status, number, time.monotonic() < self._busy_until)[:wanted]
        return None

    def halted(self, endpoint: int) -> bool:
        return endpoint in self._stalled

    def clear_halt(self, endpoint: int) -> None:
        self._stalled.discard(endpoint)

    def bulk_out(self, endpoint: int, data: bytes, seconds: float) -> int:
        self._check(endpoint, PICOBOOT_OUT)
        if self._stage == "data":
            command = self._current()
            command.data += data
            if len(command.data) >= command.length:
                self._stage = "done"
                self._carry_out(command)
        elif self._stage == "taken":
            self._stage = "command"
        elif self._stage == "command":
            self._begin(data)
        else:
            self._idle(seconds)
        return len(data)

    def bulk_in(self, endpoint: int, wanted: int, seconds: float) -> bytes:
        self._check(endpoint, PICOBOOT_IN)
        if self._stage == "answer":
            self._stage = "taken"
            return self._current().data[:wanted]
        if self._stage != "done":
            self._idle(seconds)
        left = self._busy_until - time.monotonic()
        if left > seconds:
            self._idle(seconds)
        self.pause(left)
        self._stage = "command"
        return b""

    # --- stages ------------------------------------------------------------------------------------------------------

    def _current(self) -> _Command:
        assert self._command is not None
        return self._command

    def _check(self, endpoint: int, expected: int) -> None:
        if self.gone:
            raise UsbError(errors.NO_DEVICE)
        if endpoint != expected:
            raise UsbError(errors.NOT_FOUND)
        if endpoint in self._stalled:
            raise UsbError(errors.PIPE)

    def _idle(self, seconds: float) -> None:
        """The device answers NAK until the host has enough."""
        self.pause(seconds)
        raise UsbError(errors.TIMEOUT)

    def _begin(self, data: bytes) -> None:
        if len(data) != _COMMAND.size:
            self._refuse(0, 0, INVALID_COMMAND_LENGTH)
            return
        magic, token, number, size, _, length, arguments = _COMMAND.unpack(data)
        name, expected = COMMANDS.get(number, ("", 0))
        if magic != _MAGIC or not name or (number in _RP2350_ONLY and self.body.chip.name != "rp2350"):
            self._refuse(token, number, UNKNOWN_COMMAND)
            return
        if size != expected:
            self._refuse(token, number, INVALID_COMMAND_LENGTH)
            return
        command = self._command = _Command(token, number, name, arguments, length)
        self._last = (token, OK, number)
        if number & 0x80:
            self._stage = "answer"
            self._carry_out(command)
        elif length:
            self._stage = "data"
        else:
            self._stage = "done"
            self._carry_out(command)

    def _refuse(self, token: int, number: int, status: int) -> None:
        self._last = (token, status, number)
        self._stage = "command"
        self._stalled |= {PICOBOOT_IN, PICOBOOT_OUT}

    def _carry_out(self, command: _Command) -> None:
        try:
            status = self.body.faults.status.get(command.name)
            if status is not None:
                raise Refused(status)
            getattr(self, f"_do_{command.name}")(command)
        except NothingThere:
            self._refuse(command.token, command.number, INVALID_ADDRESS)
        except Misaligned:
            self._refuse(command.token, command.number, BAD_ALIGNMENT)
        except Refused as refused:
            self._refuse(command.token, command.number, refused.status)

    def _takes(self, seconds: float) -> None:
        self._busy_until = time.monotonic() + seconds

    def _pull(self, when: str) -> bool:
        """Whether the cable is to be pulled in the middle of this one."""
        passed = self._passed[when]
        self._passed[when] += 1
        return self.body.faults.unplug_during == when and passed >= self.body.faults.unplug_after

    def _unplug(self) -> None:
        self.body.faults.unplug_during = None
        self.body.unplug()
        raise UsbError(errors.NO_DEVICE)

    # --- commands ----------------------------------------------------------------------------------------------------

    def _do_exclusive(self, command: _Command) -> None:
        pass

    def _do_exit_xip(self, command: _Command) -> None:
        pass

    def _do_enter_xip(self, command: _Command) -> None:
        pass

    def _do_erase(self, command: _Command) -> None:
        address, size = struct.unpack_from("<II", command.arguments)
        self._memory.check_erase(address, size)
        if self.body.faults.drive_busy:
            raise Refused(INTERLEAVED_WRITE)
        if self._pull("erase"):
            self._memory.erase(address, size // 2)
            self._unplug()
        self._memory.erase(address, size)
        self._takes(self.body.faults.erase_seconds * (size // SECTOR_BYTES))

    def _do_write(self, command: _Command) -> None:
        address, size = struct.unpack_from("<II", command.arguments)
        if size != command.length or size != len(command.data):
            raise Refused(INVALID_TRANSFER_LENGTH)
        self.body.counts.write_commands += 1
        if self._memory.is_flash(address):
            if self.body.faults.drive_busy:
                raise Refused(INTERLEAVED_WRITE)
            if self._pull("write"):
                self._memory.write(address, command.data[: size // 512 * 256])
                self._unplug()
            self._flash_written = True
            self._takes(self.body.faults.write_seconds)
        self._memory.write(address, command.data)

    def _do_read(self, command: _Command) -> None:
        address, size = struct.unpack_from("<II", command.arguments)
        if size != command.length:
            raise Refused(INVALID_TRANSFER_LENGTH)
        self.body.counts.read_commands += 1
        if self._memory.is_flash(address) and self._flash_written and self._pull("verify"):
            self._unplug()
        command.data = self._memory.read(address, size)

    def _do_exec(self, command: _Command) -> None:
        (address,) = struct.unpack_from("<I", command.arguments)
        self.body.counts.execs += 1
        program = self._memory.read(address, _PROGRAM_BYTES)
        length, opcode = program[_ID_LENGTH_AT : _ID_LENGTH_AT + 4], program[_ID_OPCODE_AT]
        words = struct.unpack("<4I", program)
        if length == _ID_LENGTH.to_bytes(4, "little") and opcode == _ID_OPCODE:
            answer = bytes(_ID_LENGTH - len(self.body.unique_id)) + self.body.unique_id
            self._memory.write(address + _ID_ANSWER_AT, answer)
        elif words[2] == RESET_USB_BOOT:
            self.body.restart("bootsel", 0.01, 0)
        elif words[3] == MEMCPY:
            self._memory.write(_SRAM, self.body.chip.rom)
        else:
            # Nobody knows what it does; a chip that runs off into it does not answer either.
            raise Refused(UNKNOWN_ERROR)

    def _do_reboot(self, command: _Command) -> None:
        start, _, delay_ms = struct.unpack_from("<III", command.arguments)
        if start:
            # Into a program in memory, which the model cannot run.
            raise Refused(INVALID_ADDRESS)
        self._reboot("application", delay_ms)

    def _do_reboot2(self, command: _Command) -> None:
        flags, delay_ms = struct.unpack_from("<II", command.arguments)
        self._reboot("bootsel" if flags & 0x0F == _REBOOT2_BOOTSEL else "application", delay_ms)

    def _reboot(self, mode: str, delay_ms: int) -> None:
        self.body.counts.reboots += 1
        self.body.restart(mode, delay_ms / 1000, 0)

    def _do_get_info(self, command: _Command) -> None:
        kind, first = struct.unpack_from("<B3xI", command.arguments)
        command.data = information(kind, first, self.body).ljust(command.length, b"\0")

    def _do_otp_read(self, command: _Command) -> None:
        row, count, ecc = struct.unpack_from("<HHB", command.arguments)
        command.data = one_time_memory(row, count, bool(ecc)).ljust(command.length, b"\0")
