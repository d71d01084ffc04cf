"""The emulated board's program: one chip, its USB cable, and a pty. Started by `harness.boards.emulator.process`.

Standard input is the lifeline and takes commands, a line each: `sync`, `reset`, `power-cycle`, `request-reset bootsel`,
`request-reset flash`, `line-coding BAUD`. Each is answered by the line `done` when it has been carried out. Standard
output tells besides, in the order in which it happens:

    state WHAT        what is on the USB cable now: nothing, setting-up, bootsel, other
    port NAME SERIAL  a serial port is there, with the device's serial number (or "-")
    note TEXT         something that a person wants to know
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import os
import signal
import sys
import time
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

from harness.boards.emulator.chip import Chip
from harness.boards.emulator.flash_file import FlashFile
from harness.boards.emulator.pacing import Pacer
from harness.boards.emulator.serial_port import SerialPort
from harness.boards.emulator.usb_host import State, UsbHost
from harness.errors import FlashFailed

# Native code that does not come back cannot be interrupted from Python; a thread that needs no interpreter ends it.
_STUCK_SECONDS = 60.0
_REARM_NANOS = 1_000_000_000
# A program that erases and programs does so page by page.
_SAVE_NANOS = 20_000_000
_COMMAND_BYTES = 256


class HarnessGone(Exception):
    """The process that started this one has ended."""


class Device:
    """One emulated board.

    Args:
        flash: the board's flash.
        unique_id: the flash chip's.
        lifeline: commands come from it, and its end is the end.
        out: what happens is told there.
    """

    def __init__(self, flash: FlashFile, unique_id: bytes, *, lifeline: int, out: int) -> None:
        self._flash = flash
        self._lifeline = lifeline
        self._out = out
        self._commands = b""
        self._unsaved = False
        self._save_at = 0
        self._selector = DefaultSelector()
        self._selector.register(lifeline, EVENT_READ)
        self._chip = Chip(flash.read(), unique_id, self._note)
        self._usb = UsbHost(
            self._chip.usb, self._chip.clock, changed=self._usb_changed, came=self._from_device, tell=self._note
        )
        self._serial = SerialPort(self._usb, self._selector)
        self._pacer = Pacer(self._chip.nanos, time.monotonic_ns())

    def run(self) -> None:
        """Runs until the lifeline ends.

        Raises:
            HarnessGone: it has.
        """
        alive_at = 0
        while True:
            now = time.monotonic_ns()
            if now - alive_at > _REARM_NANOS:
                alive_at = now
                faulthandler.dump_traceback_later(_STUCK_SECONDS, exit=True)
            self._wait(now)
            now = time.monotonic_ns()
            self._serial.serve()
            self._chip.run(self._pacer.allowance(self._chip.nanos, now))
            self._pacer.ran(self._chip.nanos, time.monotonic_ns(), asleep=self._chip.asleep)
            self._usb.check()
            self._save_soon(now)

    def save(self) -> None:
        """Saves the flash, if the program has changed it."""
        if not self._unsaved:
            return
        self._unsaved = False
        try:
            self._flash.write(self._chip.flash())
        except FlashFailed as error:
            # The chip has its new content; only the next start will not.
            self._note(error.message)

    # --- one round ---------------------------------------------------------------------------------------------------

    def _wait(self, now: int) -> None:
        """Waits until the chip has something to do, the host has, or time is up."""
        seconds = 0.0
        if self._chip.asleep:
            seconds = self._pacer.wait_seconds(self._chip.nanos, now, self._chip.next_alarm)
            seconds = min(seconds, self._serial.patience)
        for key, _ in self._selector.select(seconds):
            if key.fd == self._lifeline:
                self._obey()

    def _obey(self) -> None:
        data = os.read(self._lifeline, _COMMAND_BYTES)
        if not data:
            raise HarnessGone
        *lines, self._commands = (self._commands + data).split(b"\n")
        for line in lines:
            self._carry_out(line.decode("ascii", "replace").split())
            self._say("done")

    def _carry_out(self, words: list[str]) -> None:
        match words:
            case ["sync"]:
                # Whoever asks has closed the port, and will open it again before we would look.
                self._serial.serve()
            case ["reset"]:
                self._chip.reset()
            case ["power-cycle"]:
                self._chip.power_cycle()
            case ["request-reset", ("bootsel" | "flash") as where]:
                self._usb.request_reset(bootsel=where == "bootsel")
            case ["line-coding", baud] if baud.isdecimal():
                self._usb.set_line_coding(int(baud))
            case _:
                self._note(f"no such command: {' '.join(words)}")

    def _save_soon(self, now: int) -> None:
        """Saves the flash once the program has left it alone for a moment."""
        if self._chip.flash_changed():
            self._unsaved = True
            self._save_at = now + _SAVE_NANOS
        elif now >= self._save_at:
            self.save()

    # --- what happens in it ------------------------------------------------------------------------------------------

    def _usb_changed(self) -> None:
        state = self._usb.state
        if state is State.SERIAL:
            name = self._serial.appear()
            self._say(f"port {name} {self._usb.serial or '-'}")
            return
        # Told before the port hangs up: whoever meets the hang-up finds it told.
        self._say(f"state {state.value}")
        self._serial.vanish()

    def _from_device(self, packet: bytes) -> None:
        self._serial.from_device(packet)

    def _note(self, text: str) -> None:
        self._say(f"note {text}")

    def _say(self, line: str) -> None:
        try:
            os.write(self._out, line.replace("\n", " ").encode("utf-8", "replace") + b"\n")
        except BrokenPipeError:
            raise HarnessGone from None


def main() -> None:
    """Entry point."""
    # Ctrl-C in the terminal goes to the whole group; we end when whoever started us does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parser = argparse.ArgumentParser(prog="emulator-device")
    parser.add_argument("--flash", type=Path, required=True)
    parser.add_argument("--unique-id", required=True)
    given = parser.parse_args()
    device = Device(
        FlashFile(given.flash), bytes.fromhex(given.unique_id), lifeline=sys.stdin.fileno(), out=sys.stdout.fileno()
    )
    # Nobody is left to serve then; what the program has written stays all the same.
    with contextlib.suppress(HarnessGone):
        device.run()
    with contextlib.suppress(HarnessGone):
        device.save()
    os._exit(0)


if __name__ == "__main__":
    main()
