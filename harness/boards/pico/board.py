"""A physical Pico as the harness sees it: followed by its USB port, whatever it is called after a restart."""

from __future__ import annotations

import errno
import os
import termios
from collections.abc import Callable
from pathlib import Path

from harness.boards.board import Board
from harness.boards.pico.claim import Claim
from harness.boards.pico.flashing import STARTING, Progress, check_chip
from harness.boards.pico.flashing import flash as write_image
from harness.boards.pico.inventory import Inventory
from harness.boards.pico.picotool import Picotool, find_picotool
from harness.boards.pico.place import Place
from harness.boards.pico.proof import Proof
from harness.boards.pico.recovery import Recovery
from harness.boards.pico.usb import Mode, Usb, UsbDevice
from harness.boards.pico.waiting import poll
from harness.deadline import Deadline
from harness.errors import (
    BoardBusy,
    BoardNotFound,
    FlashFailed,
    HarnessError,
    NoFirmware,
    NoPermission,
    NotStarted,
    WrongBoard,
)
from harness.flash.firmware import Firmware, FirmwareNotFound
from harness.flash.image import Image
from harness.flash.pack import ModelPack
from harness.flash.uf2 import read_uf2, write_uf2
from harness.protocol.client import Client
from harness.protocol.devicelog import Kind
from harness.protocol.link import Link
from harness.protocol.payload import crc_text
from harness.protocol.transport import SerialTransport, Transport

KIND = "pico"

_CONNECT_SECONDS = 15.0
# udev gives a new node its group a moment after the kernel has made it, and others look at new ports at once.
_OPEN_SECONDS = 3.0
_REBOOT_SECONDS = 2.0
_PING_SECONDS = 3.0
_IDENTIFY_SECONDS = 10.0
_OPEN_PAUSE = 0.1


class PicoBoard(Board):
    """A Pico.

    Args:
        claimed: the right to the board, from `claim`; given back by `close`.
        usb: what is attached.
        firmware: what `image` is made of; None for a board that is never flashed.
        picotool: gives picotool when it is needed; a run that flashes nothing needs none.

    Attributes:
        progress: told of each step of a flashing, and of how much of it is done in percent.
    """

    kind = KIND

    def __init__(self, claimed: Claim, usb: Usb, firmware: Firmware | None, picotool: Callable[[], Picotool]) -> None:
        super().__init__()
        self.firmware = firmware
        self.progress: Progress = lambda step, percent: None
        self._claim = claimed
        self._place = Place(claimed.target, usb, claimed.identified_as)
        self._proof = Proof(claimed.folder)
        self._picotool = picotool
        self._step = ""
        self._client: Client | None = None
        # A client that was opened to see whether the firmware answers; the next `connect` hands it on.
        self._spare: Client | None = None
        self._recovery = Recovery(
            self._place, picotool, reboot=self._reboot, answers=self._demand_answer, note=self._note
        )
        if firmware is not None:
            self.use(firmware)

    @property
    def name(self) -> str:  # type: ignore[override]
        """Which board it is: serial number and USB port."""
        return self._place.target.describe()

    @property
    def place(self) -> str:  # type: ignore[override]
        """The USB port that it is followed by."""
        return self._place.target.port_path

    @property
    def unproved(self) -> bool:  # type: ignore[override]
        """See `Board`."""
        return self._proof.lacking(self._place.target)

    # --- what every board can do -------------------------------------------------------------------------------------

    def image(self, pack: ModelPack) -> Image:
        firmware = self._firmware()
        return Image(build=firmware.build, firmware=write_uf2(firmware.uf2), pack=pack)

    def flash(self, image: Image) -> None:
        data = image.uf2()
        check_chip(read_uf2(data), self._place.target.chip, self.name)
        self._close_clients()
        self._step = ""
        write_image(data, self._place, self._recovery, self._picotool(), self._report, self._proof)
        self._demand_image(image)
        self._proof.done(self._place.target)

    def connect(self) -> Client:
        spare, self._spare = self._spare, None
        if spare is not None and spare.usable:
            return self._now(spare)
        if spare is not None:
            spare.close()
        self._close_clients()
        return self._now(self._open(self._running(Deadline(_CONNECT_SECONDS))))

    def recover(self) -> None:
        self._close_clients()
        self._recovery.restart()

    def close(self) -> None:
        self._close_clients()
        self._claim.release()

    # --- images of others --------------------------------------------------------------------------------------------

    def flash_raw(self, image: bytes) -> Transport:
        """As `harness.images.board.ImageBoard` has it."""
        self._close_clients()
        self._step = ""
        try:
            device = write_image(image, self._place, self._recovery, self._picotool(), self._report, self._proof)
            # Of another firmware nobody can ask more.
            self._proof.done(self._place.target)
            return self._open_port(device)
        except (NoPermission, WrongBoard, BoardBusy):
            # Whatever the image does, it is not that.
            raise
        except HarnessError as error:
            # Before that, the image has had no part in it.
            if self._step != STARTING:
                raise
            raise NotStarted(error.message, log=error.log) from None

    # --- what only a Pico can do -------------------------------------------------------------------------------------

    def use(self, firmware: Firmware) -> None:
        """Takes a firmware for `image`.

        Raises:
            WrongChip: it is for another chip.
        """
        check_chip(firmware.uf2, self._place.target.chip, self.name)
        self.firmware = firmware

    def device(self) -> UsbDevice | None:
        """What is at the board's USB port now, or None.

        Raises:
            WrongBoard: it is another board.
        """
        return self._place.look()

    def to_bootsel(self) -> UsbDevice:
        """Brings the board into BOOTSEL. Clients from before are dead.

        Raises:
            HarnessError: it does not go there.
        """
        self._close_clients()
        return self._recovery.to_bootsel()

    # --- the serial port ---------------------------------------------------------------------------------------------

    def _running(self, deadline: Deadline) -> UsbDevice:
        """The board with a firmware that may be ours; waits for one that restarts."""
        device = self._place.wait(deadline)
        if device is None:
            raise BoardNotFound(
                f"{self.name}: a serial port within {deadline.seconds:g} s expected, none came; "
                f"{self._place.surroundings()}",
                advice="check cable and power; if it is there and has no serial port, flash it",
            )
        return self._demand_application(device)

    def _demand_application(self, device: UsbDevice) -> UsbDevice:
        if device.mode is not Mode.APPLICATION:
            raise NoFirmware(f"{self.name}: the firmware of this harness expected, {device.describe()} came")
        return device

    def _open(self, device: UsbDevice) -> Client:
        """A client on the board's serial port."""
        return Client(Link(self._open_port(device), self.log))

    def _open_port(self, device: UsbDevice) -> SerialTransport:
        """The board's serial port, under whatever name that has now."""
        failure: HarnessError | None = None
        if not device.ttys:
            raise BoardNotFound(
                f"{self.name}: a serial port expected, {device.describe()} came", advice="flash the firmware anew"
            )

        def attempt() -> SerialTransport | None:
            nonlocal device, failure
            try:
                return SerialTransport(str(device.ttys[0]))
            except BoardBusy as error:
                failure = BoardBusy(
                    error.message,
                    advice="end what uses the port: another terminal, or ModemManager, which ci/60-tflm-hil.rules "
                    "keeps away",
                )
            except BoardNotFound as error:
                failure = _denied(error, device) or error
            except (OSError, termios.error) as error:
                failure = BoardNotFound(f"port {device.ttys[0]} cannot be opened: {error}")
            # It may have restarted since, and have another name, or none.
            now = self._place.look()
            if now is not None:
                device = self._demand_application(now)
            return None

        transport = poll(attempt, Deadline(_OPEN_SECONDS), pause=_OPEN_PAUSE)
        if transport is None:
            assert failure is not None
            raise failure
        return transport

    def _demand_answer(self, device: UsbDevice) -> None:
        """Makes sure that a firmware answers, without asking it for what it tells only once."""
        client = self._open(self._demand_application(device))
        try:
            client.ping(seconds=_PING_SECONDS)
        except HarnessError:
            client.close()
            raise
        self._spare = client

    def _demand_image(self, image: Image) -> None:
        """Makes sure that what runs now is what was written."""
        try:
            client = self._open(self._running(Deadline(_CONNECT_SECONDS)))
        except (NoPermission, WrongBoard, BoardBusy):
            # Nothing of it has to do with flashing.
            raise
        except HarnessError as error:
            raise FlashFailed(
                f"{self.name} was flashed, but cannot be reached: {error.message}", advice=error.advice
            ) from None
        try:
            told = client.identify(seconds=_IDENTIFY_SECONDS)
        except HarnessError as error:
            client.close()
            raise FlashFailed(
                f"{self.name} was flashed, but the firmware does not answer: {error.message}",
                advice="is it a firmware of this harness, for this board?",
                log=error.log,
            ) from None
        self._spare = client
        pack = crc_text(image.pack.crc)
        if (told.build, told.pack_crc) != (image.build, pack):
            raise FlashFailed(
                f"{self.name}: firmware {image.build} with models {pack} expected after flashing, the board answers "
                f"with {told.build} and {told.pack_crc}",
                advice="flash with --flash always; if it stays so, the board does not keep what is written to it",
            )

    def _reboot(self, device: UsbDevice) -> None:
        client = self._open(self._demand_application(device))
        try:
            client.request("reboot", seconds=_REBOOT_SECONDS)
        finally:
            client.close()

    # --- behind them -------------------------------------------------------------------------------------------------

    def _firmware(self) -> Firmware:
        if self.firmware is None:
            raise FirmwareNotFound(f"{self.name}: a firmware to flash expected, none was given")
        return self.firmware

    def _now(self, client: Client) -> Client:
        self._client = client
        return client

    def _close_clients(self) -> None:
        for client in (self._client, self._spare):
            if client is not None:
                client.close()
        self._client = self._spare = None

    def _report(self, step: str, percent: int) -> None:
        if step != self._step:
            self._step = step
            self._note(f"flashing: {step}")
        self.progress(step, percent)

    def _note(self, text: str) -> None:
        self.log.add(Kind.LOG, [f"({KIND}) {text}".encode("utf-8", "replace")])


def open_board(
    text: str,
    usb: Usb,
    locks: Path,
    *,
    firmware: Firmware | None = None,
    inventory: Inventory | None = None,
    wait: float = 0.0,
    picotool: Path | None = None,
) -> PicoBoard:
    """Finds the board that is meant, and takes it.

    Args:
        text: what stands after --board.
        usb: what is attached.
        locks: from `lock_folder`.
        firmware: what it is flashed with; None if it is not.
        inventory: the boards that have names.
        wait: how many seconds to wait for another run that has it.
        picotool: the one to use; None for the one that is found.

    Raises:
        BoardNotFound, WrongBoard, BoardBusy: it cannot be had.
        WrongChip: the firmware is for another chip.
    """
    from harness.boards.pico.claim import claim

    claimed = claim(text, usb, inventory or Inventory({}), locks, wait)
    found: list[Picotool] = []

    def tool() -> Picotool:
        if not found:
            found.append(find_picotool(locks, picotool))
        return found[0]

    try:
        return PicoBoard(claimed, usb, firmware, tool)
    except BaseException:
        claimed.release()
        raise


def _denied(error: BoardNotFound, device: UsbDevice) -> NoPermission | None:
    """The same as a lack of permission, if it is one."""
    cause = getattr(error.__context__, "errno", None)
    if cause not in (errno.EACCES, errno.EPERM) and os.access(device.ttys[0], os.R_OK | os.W_OK):
        return None
    if not device.ttys[0].exists():
        return None
    return NoPermission(f"serial port {device.ttys[0]}: permission to read and write expected, there is none")
