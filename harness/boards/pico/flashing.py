"""Brings an image onto a Pico so that it is certain which board was written, and that it was written.

The order is that of a board beside others: checks first, then BOOTSEL for this one alone, named by its bus address;
then picotool, for what is at the same place then; then the serial port at that place, with the same serial number.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.boards.pico.failures import NoReturn
from harness.boards.pico.picotool import Picotool
from harness.boards.pico.place import Place
from harness.boards.pico.proof import Proof
from harness.boards.pico.recovery import Recovery
from harness.boards.pico.usb import Mode, UsbDevice
from harness.deadline import Deadline
from harness.errors import FlashFailed, HarnessError, NoPermission, WrongBoard
from harness.flash.boot2 import check_boot2
from harness.flash.uf2 import RP2040, RP2350_ARM_S, Uf2, WrongChip, check_addresses, read_uf2

# The boot ROM waits half a second before it restarts; then the firmware comes up.
_START_SECONDS = 15.0
_CHIPS = {RP2040: "RP2040", RP2350_ARM_S: "RP2350"}

# The step from which on the image is on the board, and has to show that it runs.
STARTING = "starting the firmware"

# What is done now, and how much of it in percent.
Progress = Callable[[str, int], None]


def check_chip(uf2: Uf2, chip: str, where: str) -> None:
    """Makes sure that an image is for a chip; "" is a chip that nobody knows yet.

    Raises:
        WrongChip: it is for another one.
    """
    expected = _CHIPS.get(uf2.family, "")
    if chip and expected != chip:
        raise WrongChip(f"{where}: an image for {chip} expected, one for {expected or hex(uf2.family)} came")


def flash(
    image: bytes, place: Place, recovery: Recovery, picotool: Picotool, progress: Progress, proof: Proof
) -> UsbDevice:
    """Writes an image to the board at a place and starts it. Its serial port must be closed.

    Args:
        image: a UF2.
        place: where the board is.
        recovery: brings it into BOOTSEL.
        picotool: writes.
        progress: told of each step.
        proof: told that writing begins; whoever sees the firmware answer tells it the rest.

    Returns:
        The board, running, with its serial port.

    Raises:
        Uf2Invalid, WrongChip: before anything is done to the board.
        FlashFailed: it is not proved that the image is on the board. `flash` can be called again.
        NoPermission, WrongBoard, BoardNotFound, BoardBusy: the board cannot be had.
    """
    uf2 = read_uf2(image)
    check_addresses(uf2)
    check_boot2(uf2)
    check_chip(uf2, place.target.chip, place.target.describe())
    with _as_file(image) as file:
        progress("restarting into BOOTSEL", 0)
        device, serial = _in_bootsel(place, recovery)
        _check_chip_in_bootsel(uf2, device, place, picotool)
        was_proved = not proof.lacking(place.target)
        proof.begin(place.target)
        try:
            picotool.load(file, device, progress, serial=serial)
        except (NoPermission, WrongBoard):
            # Nothing was written.
            if was_proved:
                proof.done(place.target)
            raise
    progress(STARTING, 0)
    running = place.wait(Deadline(_START_SECONDS), Mode.APPLICATION, restarted_from=device)
    if running is not None:
        progress(STARTING, 100)
        return running
    there = place.look()
    if there is not None and there.mode is Mode.BOOTSEL:
        raise FlashFailed(
            f"{place.target.describe()}: a start of the firmware expected, the board is in BOOTSEL",
            advice="the image was written and compared, but does not start: is it one for this board?",
        )
    raise NoReturn(
        f"{place.target.describe()}: a serial port within {_START_SECONDS:g} s after flashing expected, "
        f"none came; {place.surroundings()}",
        advice="the image was written and compared: is it one for this board, with a USB serial port?",
    )


@contextlib.contextmanager
def _as_file(image: bytes) -> Iterator[Path]:
    try:
        folder = tempfile.TemporaryDirectory(prefix="tflm-hil-")
    except OSError as error:
        raise _no_place(error) from None
    with folder:
        file = Path(folder.name).absolute() / "image.uf2"
        try:
            file.write_bytes(image)
        except OSError as error:
            raise _no_place(error) from None
        yield file


def _no_place(error: OSError) -> FlashFailed:
    return FlashFailed(
        f"a place for a file that picotool reads expected, there is none: {error.strerror}",
        advice="make room, or have TMPDIR name a folder that has it",
    )


def _in_bootsel(place: Place, recovery: Recovery) -> tuple[UsbDevice, str | None]:
    """The board in BOOTSEL, and the serial number that picotool has to see there; None if we have just seen it."""
    if place.usb.sees_bootsel:
        before = place.present()
        there = recovery.to_bootsel()
        # There a board does not tell its number: another one may have been plugged in. RP2350's is another, its chip's.
        seen = before is not None and before.own_serial is not None and before.mode is Mode.APPLICATION
        return there, None if seen or there.chip != _CHIPS[RP2040] else place.target.serial
    # There picotool restarts the board itself, and finds it again by the serial number of its flash.
    device = place.look()
    if device is None or device.own_serial is None:
        raise NoReturn(
            f"{place.target.describe()}: a running firmware with a serial number expected, none came; "
            f"{place.usb.limits}",
            advice="copy a firmware onto the drive RPI-RP2 by hand, once",
        )
    return device, None


def _check_chip_in_bootsel(uf2: Uf2, device: UsbDevice, place: Place, picotool: Picotool) -> None:
    try:
        check_chip(uf2, device.chip, place.target.describe())
    except WrongChip as error:
        try:
            picotool.reboot_to_application(device)
        except HarnessError as failure:
            error.message += f"; it stays in BOOTSEL: {failure.message}"
        raise
