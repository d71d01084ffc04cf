"""The ways to bring a board back, from the gentlest to the last; each with its deadline, and noted in the log."""

from __future__ import annotations

import contextlib
import errno
import termios
from collections.abc import Callable, Iterator
from typing import NoReturn as Never

import serial

from harness.boards.pico.failures import NoReset, NoReturn
from harness.boards.pico.picotool import Picotool
from harness.boards.pico.place import Place
from harness.boards.pico.power import power_cycle, power_on
from harness.boards.pico.usb import Mode, UsbDevice
from harness.boards.pico.waiting import poll
from harness.deadline import Deadline
from harness.errors import BoardBusy, BoardLost, BoardNotFound, HarnessError, NoFirmware, NoPermission, WrongBoard

# A Pico is back within a second; a computer with many devices and much to do takes longer.
RETURN_SECONDS = 8.0
# After power was taken, hubs take their time.
_POWER_SECONDS = 15.0
_TOUCH_BAUD = 1200
_TOUCH_SECONDS = 0.1

_PRESS = (
    "unplug the board and plug it in again; if it does not come up, hold BOOTSEL down while plugging it in, and "
    "flash it"
)
_PRESS_BOOTSEL = "hold BOOTSEL down while plugging the board in, and run again"
_HUB = "; a hub that uhubctl can switch, named in the inventory, would do that by itself"


class Recovery:
    """Brings the board at a place back, or into BOOTSEL.

    Args:
        place: where it is.
        picotool: gives picotool when it is needed.
        reboot: sends the firmware its `reboot` command.
        answers: makes sure that the firmware answers; raises a HarnessError if it does not.
        note: writes a line to the board's log.
    """

    def __init__(
        self,
        place: Place,
        picotool: Callable[[], Picotool],
        *,
        reboot: Callable[[UsbDevice], None],
        answers: Callable[[UsbDevice], None],
        note: Callable[[str], None],
    ) -> None:
        self._place = place
        self._picotool = picotool
        self._reboot = reboot
        self._answers = answers
        self._note = note
        self._tried: list[str] = []
        self._denied: NoPermission | None = None

    # --- what can be wanted ------------------------------------------------------------------------------------------

    def restart(self) -> UsbDevice:
        """Starts the firmware anew, whatever the board does now.

        Returns:
            The board, whose firmware answers.

        Raises:
            NoFirmware: there is none on it that could be started.
            WrongBoard: another board is in its place.
            NoPermission, BoardLost: nothing helps.
        """
        self._begin()
        device = self._settled()
        if device is not None and device.mode is Mode.OTHER:
            raise NoFirmware(f"the firmware of this harness expected, {device.describe()} came")
        if device is not None and device.mode is Mode.BOOTSEL:
            done = self._try("start from BOOTSEL", lambda device: None)
        else:
            done = (
                self._try("reboot command", self._by_command)
                or self._try("reset interface", self._by_reset_interface)
                or self._try("1200 baud", self._by_touch)
            )
        return done or self._try("power", self._by_power, _POWER_SECONDS) or self._lost()

    def to_bootsel(self) -> UsbDevice:
        """Brings the board into BOOTSEL, whatever it does now.

        Raises:
            WrongBoard: another board is in its place.
            BoardNotFound: nothing is there.
            NoPermission, NoReturn: nothing helps.
        """
        self._begin()
        device = self._settled()
        if device is None and self._powered():
            device = self._settled()
        if device is None:
            raise BoardNotFound(
                f"{self._place.target.describe()} expected, it is gone; {self._place.surroundings()}",
                advice=_PRESS_BOOTSEL + ("" if self._has_power else _HUB),
            )
        if device.mode is Mode.BOOTSEL:
            return device
        found = self._into_bootsel("reset interface", self._into_bootsel_by_reset_interface)
        if found is None and self._denied is not None:
            # Writing to its flash would need the same permission.
            raise self._denied
        found = found or self._into_bootsel("1200 baud", self._by_touch)
        if found is None and self._powered():
            found = self._into_bootsel("reset interface after power", self._into_bootsel_by_reset_interface)
        if found is None and self._denied is not None:
            raise self._denied
        if found is None:
            tried = "".join(f"\n  tried: {line}" for line in self._tried)
            raise NoReturn(
                f"{self._place.target.describe()}: BOOTSEL expected, it does not go there{tried}",
                advice=_PRESS_BOOTSEL + ("" if self._has_power else _HUB),
            )
        return found

    # --- rungs -------------------------------------------------------------------------------------------------------

    def _try(
        self, name: str, action: Callable[[UsbDevice | None], None], seconds: float | None = None
    ) -> UsbDevice | None:
        """Does something that restarts the board, and sees whether its firmware answers then."""
        try:
            before = self._place.look() or self._place.present()
            action(before)
            device = self._started(
                None if before is None or before.mode is Mode.BOOTSEL else before, seconds or RETURN_SECONDS
            )
            self._answers(device)
        except (WrongBoard, NoFirmware):
            raise
        except HarnessError as error:
            self._failed(name, error)
            return None
        self._note(f"recovery: {name}: the board is back")
        return device

    def _started(self, before: UsbDevice | None, seconds: float) -> UsbDevice:
        """The board with its firmware running, after what should restart it; out of BOOTSEL too."""
        device = self._place.wait(Deadline(seconds), restarted_from=before)
        if device is None:
            raise NoReturn(f"a restart within {seconds:g} s expected, none came")
        if device.mode is not Mode.BOOTSEL:
            return device
        self._picotool().reboot_to_application(device)
        again = self._place.wait(Deadline(RETURN_SECONDS), restarted_from=device)
        if again is None:
            raise NoReturn(f"a start of the firmware within {RETURN_SECONDS:g} s expected, none came")
        if again.mode is Mode.BOOTSEL:
            raise NoFirmware("the board goes back into BOOTSEL: there is no firmware in its flash that starts")
        return again

    def _by_command(self, device: UsbDevice | None) -> None:
        self._reboot(_present(device))

    def _by_reset_interface(self, device: UsbDevice | None) -> None:
        self._picotool().reboot_to_application(_with_reset_interface(device))

    def _into_bootsel_by_reset_interface(self, device: UsbDevice | None) -> None:
        self._picotool().reboot_to_bootsel(_with_reset_interface(device))

    def _by_touch(self, device: UsbDevice | None) -> None:
        """Sets the serial port to 1200 baud, which firmwares of pico-sdk, MicroPython and Arduino take for BOOTSEL."""
        ttys = _present(device).ttys
        if not ttys:
            raise NoReturn("a serial port to set to 1200 baud expected, there is none")
        # A port that goes at this very moment is what is wanted.
        with (
            _port_may_go(str(ttys[0])),
            serial.Serial(str(ttys[0]), baudrate=_TOUCH_BAUD, timeout=0, write_timeout=0),
        ):
            # Firmwares that look at the speed now and then need it for a moment.
            poll(lambda: None if self._place.look() else True, Deadline(_TOUCH_SECONDS))

    def _by_power(self, device: UsbDevice | None) -> None:
        power = None if self._place.target.entry is None else self._place.target.entry.power
        if power is None:
            raise NoReturn("a hub and port that can be switched expected, the inventory has none for this board")
        if device is None:
            power_on(power)
            if self._place.wait(Deadline(_POWER_SECONDS)) is not None:
                return
        power_cycle(power)

    # --- behind them -------------------------------------------------------------------------------------------------

    @property
    def _has_power(self) -> bool:
        entry = self._place.target.entry
        return entry is not None and entry.power is not None

    def _begin(self) -> None:
        self._tried.clear()
        self._denied = None

    def _settled(self) -> UsbDevice | None:
        """What is there; waits for a board that restarts by itself. Some firmwares have no serial port."""
        return self._place.wait(Deadline(RETURN_SECONDS)) or self._place.present()

    def _into_bootsel(self, name: str, action: Callable[[UsbDevice | None], None]) -> UsbDevice | None:
        try:
            action(self._place.look() or self._place.present())
        except WrongBoard:
            raise
        except HarnessError as error:
            self._failed(name, error)
            return None
        found = self._place.wait(Deadline(RETURN_SECONDS), Mode.BOOTSEL)
        if found is None:
            self._failed(name, NoReturn(f"BOOTSEL within {RETURN_SECONDS:g} s expected, it did not come"))
        return found

    def _powered(self) -> bool:
        try:
            self._by_power(self._place.look())
        except WrongBoard:
            raise
        except HarnessError as error:
            self._failed("power", error)
            return False
        return self._place.wait(Deadline(_POWER_SECONDS)) is not None

    def _failed(self, name: str, error: HarnessError) -> None:
        if isinstance(error, NoPermission):
            self._denied = error
        line = f"{name}: {error.message}".splitlines()[0]
        self._tried.append(line)
        self._note(f"recovery: {line}")

    def _lost(self) -> Never:
        if self._denied is not None:
            raise self._denied
        raise BoardLost(
            f"{self._place.target.describe()} does not come back; {self._place.surroundings()}",
            tried=self._tried,
            advice=_PRESS + ("" if self._has_power else _HUB),
        )


@contextlib.contextmanager
def _port_may_go(port: str) -> Iterator[None]:
    """Passes over a port that goes, but not over one that cannot be had.

    Raises:
        NoPermission, BoardBusy: it cannot be had.
    """
    try:
        yield
    except (OSError, termios.error, ValueError) as error:
        number = getattr(error, "errno", None)
        if number in (errno.EACCES, errno.EPERM):
            raise NoPermission(f"serial port {port}: permission to read and write expected, there is none") from None
        if number == errno.EBUSY:
            raise BoardBusy(f"serial port {port} is in use by another process", advice="end what uses it") from None


def _present(device: UsbDevice | None) -> UsbDevice:
    if device is None:
        raise NoReturn("a board expected, none is there")
    return device


def _with_reset_interface(device: UsbDevice | None) -> UsbDevice:
    # picotool takes no other ids for a board that it can restart.
    if _present(device).mode is not Mode.APPLICATION or not (device and (device.has_reset_interface or not device.bus)):
        raise NoReset("a firmware with a reset interface expected, this one has none", code=None, output="")
    return _present(device)
