"""The emulated board as the harness sees it."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from harness.boards.board import Board
from harness.boards.emulator.availability import why_unavailable
from harness.boards.emulator.flash_file import FlashFile, programmed
from harness.boards.emulator.flash_window import UNIQUE_ID_BYTES
from harness.boards.emulator.process import EmulatorProcess
from harness.boards.slots import state_directory, take_slot
from harness.deadline import Deadline
from harness.errors import BoardNotFound, DeviceTimeout, FlashFailed, NoFirmware, NotStarted
from harness.flash.boot2 import check_boot2
from harness.flash.firmware import Firmware, FirmwareNotFound
from harness.flash.image import Image
from harness.flash.pack import ModelPack
from harness.flash.uf2 import check_addresses, read_uf2, write_uf2
from harness.protocol.client import Client
from harness.protocol.devicelog import Kind
from harness.protocol.link import Link
from harness.protocol.transport import SerialTransport, Transport

KIND = "emulator"
_START_SECONDS = 20.0


def unique_id(name: str) -> bytes:
    """The flash chip's unique id, and so the serial number of a Pico; the same in every run."""
    return hashlib.sha256(f"tflm-hil {name}".encode()).digest()[:UNIQUE_ID_BYTES]


class EmulatorBoard(Board):
    """A Pico with the given firmware, emulated. Boards side by side have flash and serial number of their own.

    Args:
        firmware: what `image` is made of; None for a board that is only given images of others.
        name: "emulator" for the first board that is free, "emulator-N" for a certain one.
        directory: where the flash is kept; in the user's cache folder if None.

    Raises:
        BoardNotFound: the emulator cannot run here.
        BoardBusy: another run has the board.
    """

    kind = KIND

    def __init__(self, firmware: Firmware | None, name: str = KIND, directory: Path | None = None) -> None:
        super().__init__()
        reason = why_unavailable()
        if reason is not None:
            raise BoardNotFound(f"no emulated board: {reason}", advice="use `--board host`, or a Pico")
        self.firmware = firmware
        self._slot = take_slot(directory or state_directory(KIND), KIND, name)
        self._holds_slot = True
        self.name = self._slot.name
        self._process: EmulatorProcess | None = None
        self._client: Client | None = None

    @property
    def serial(self) -> str:
        """The serial number that the firmware reports: the flash chip's unique id."""
        return unique_id(self.name).hex().upper()

    # --- what every board can do -------------------------------------------------------------------------------------

    def image(self, pack: ModelPack) -> Image:
        firmware = self._own_firmware()
        return Image(build=firmware.build, firmware=write_uf2(firmware.uf2), pack=pack)

    def flash(self, image: Image) -> None:
        build = self._own_firmware().build
        if image.build != build:
            raise FlashFailed(f"{self.name}: an image of firmware {build} expected, one of {image.build} came")
        uf2 = read_uf2(image.uf2())
        self._stop()
        FlashFile(self._slot.flash).program(uf2)
        try:
            self._start()
        except (DeviceTimeout, NoFirmware) as error:
            raise FlashFailed(
                f"{self.name} was flashed, but the firmware does not come up: {error.message}",
                advice="the emulator's notes stand above; is the firmware one for the RP2040, with a USB serial port?",
                log=error.log,
            ) from None

    def connect(self) -> Client:
        self._close_client()
        self._client = Client(Link(self._open_port(self._running()), self.log))
        return self._client

    def recover(self) -> None:
        self._close_client()
        try:
            # The firmware's memory survives, and with it what it knows of a crash.
            self._reset("reset")
        except DeviceTimeout:
            self._stop()
            self._start()

    def close(self) -> None:
        self._stop()
        if self._holds_slot:
            self._holds_slot = False
            os.close(self._slot.lock)

    # --- images of others --------------------------------------------------------------------------------------------

    def flash_raw(self, image: bytes) -> Transport:
        """As `harness.images.board.ImageBoard` has it."""
        uf2 = read_uf2(image)
        check_addresses(uf2)
        check_boot2(uf2)
        fresh = programmed(FlashFile(self._slot.flash).read(), uf2)
        self._stop()
        FlashFile(self._slot.flash).write(fresh)
        process = self._launch()
        try:
            return self._open_port(process)
        except (DeviceTimeout, NoFirmware) as error:
            raise NotStarted(
                f"a serial port expected after flashing {self.name}, on the USB cable is: {process.state}",
                log=error.log,
            ) from None

    # --- what only an emulated board can do --------------------------------------------------------------------------

    @property
    def usb_state(self) -> str:
        """What is on the USB cable: nothing, setting-up, serial, bootsel, other."""
        return self._running().state

    def port(self) -> str:
        """The name of the serial port, once there is one.

        Raises:
            DeviceTimeout: there is none.
        """
        return self._running().wait_port(Deadline(_START_SECONDS))[1]

    def request_reset(self, *, bootsel: bool) -> None:
        """Sends the reset interface's request, as `picotool reboot` does. Clients from before are dead soon."""
        self._running().command(f"request-reset {'bootsel' if bootsel else 'flash'}")

    def set_line_coding(self, baud: int) -> None:
        """Sets the serial port's speed; 1200 means BOOTSEL to a Pico."""
        self._running().command(f"line-coding {baud:d}")

    def wait_bootsel(self, seconds: float) -> None:
        """Waits until the chip is in BOOTSEL.

        Raises:
            DeviceTimeout: it is not.
        """
        self._running().wait_state("bootsel", Deadline(seconds))

    def power_cycle(self) -> None:
        """Switches the chip off and on again: memory is lost, flash is kept. Clients from before are dead."""
        self._close_client()
        self._reset("power-cycle")

    # --- behind them -------------------------------------------------------------------------------------------------

    def _reset(self, command: str) -> None:
        process = self._running()
        process.command(command)
        process.wait_port(Deadline(_START_SECONDS))

    def _own_firmware(self) -> Firmware:
        if self.firmware is None:
            raise FirmwareNotFound(f"{self.name}: a firmware to flash expected, none was given")
        return self.firmware

    def _open_port(self, process: EmulatorProcess) -> SerialTransport:
        deadline = Deadline(_START_SECONDS)
        number = 0
        while True:
            number, port = process.wait_port(deadline, after=number)
            # One that is not there went since, with the firmware that restarts. The next one is waited for.
            with contextlib.suppress(BoardNotFound):
                return SerialTransport(port)

    def _running(self) -> EmulatorProcess:
        """The board's program; all that it has told so far has been heard."""
        process = self._process
        if process is not None:
            try:
                process.command("sync")
                return process
            except BoardNotFound:
                # It was ended from outside. A board that was unplugged can be plugged in again.
                self._stop()
        return self._launch()

    def _start(self) -> None:
        self._launch().wait_port(Deadline(_START_SECONDS))

    def _launch(self) -> EmulatorProcess:
        # Read here too: what is wrong with the file is better said by this process.
        FlashFile(self._slot.flash).read()
        self._process = EmulatorProcess(self._slot.flash, unique_id(self.name), self._noted)
        return self._process

    def _noted(self, text: str) -> None:
        self.log.add(Kind.LOG, [f"({self.name}) {text}".encode()])

    def _close_client(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _stop(self) -> None:
        self._close_client()
        process, self._process = self._process, None
        if process is not None:
            process.stop()
