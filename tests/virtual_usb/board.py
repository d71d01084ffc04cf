"""A board on the virtual bus, through all its restarts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tests.virtual_usb import descriptors
from tests.virtual_usb.chips import CHIPS, VENDOR, Chip
from tests.virtual_usb.device import ApplicationDevice, UsbDevice
from tests.virtual_usb.dummy import DummyApplication, boots
from tests.virtual_usb.emulated import EmulatedChip
from tests.virtual_usb.faults import Counts, Faults, Mode
from tests.virtual_usb.picoboot import Body, BootselDevice

if TYPE_CHECKING:
    from tests.virtual_usb.bus import VirtualBus

# Bit of a reset request: BOOTSEL without the drive.
_NO_DRIVE = 1
# A chip that is told to restart has answered by then.
_RESET_SECONDS = 0.01


class VirtualBoard:
    """A board. Made by `VirtualBus.plug`, which see.

    Attributes:
        port: the USB port path that it is plugged into.
        unique_id: of its flash chip, 16 hex digits.
        serial: what its application has for a serial number.
        application: "emulator" or "dummy".
        faults, counts: see there.
        dummy_silent: the dummy application says nothing now.
        dummy_echoes: it sends back what it is sent, before it answers if it does.
    """

    def __init__(
        self,
        bus: VirtualBus,
        port: str,
        *,
        chip: str,
        unique_id: str,
        serial: str | None,
        usb_id: tuple[int, int] | None,
        product_name: str,
        reset_interface: bool,
        flash_file: Path,
        application: Literal["emulator", "dummy"],
    ) -> None:
        self._bus = bus
        self.port = port
        self.unique_id = unique_id
        self.serial = serial or unique_id
        self.application = application
        self._usb_id = usb_id
        self._product_name = product_name
        self._reset_interface = reset_interface
        self.faults = Faults()
        self.faults._changed = self._permit
        self.counts = Counts()
        self.dummy_silent = False
        self.dummy_echoes = False
        self._chip = CHIPS[chip]
        self._file = flash_file
        self._flash = bytearray(self._load())
        self._device: UsbDevice | None = None
        self._tty: tuple[str, str] | None = None
        self._emulated: EmulatedChip | None = None
        self._dummy: DummyApplication | None = None
        # Raised by whatever makes things obsolete that were to happen later.
        self._life = 0
        self._plugged = False
        # The application of the emulated chip was there once: what comes now comes after a reset.
        self._was_up = False
        self._left_out = 0

    # --- what is ------------------------------------------------------------------------------------------------------

    @property
    def chip(self) -> str:
        """ "rp2040" or "rp2350"."""
        return self._chip.name

    @property
    def mode(self) -> str:
        """What is at the port: "application", "bootsel", "absent"."""
        with self._bus.lock:
            if self._device is None:
                return "absent"
            return "bootsel" if isinstance(self._device, BootselDevice) else "application"

    @property
    def bus_number(self) -> int:
        """Number of the USB bus, as in `--bus`."""
        return int(self.port.partition("-")[0])

    @property
    def address(self) -> int:
        """Number of the device, as in `--address`; 0 where there is none."""
        with self._bus.lock:
            return self._device.address if self._device else 0

    @property
    def node(self) -> Path | None:
        """The file that opens the device."""
        with self._bus.lock:
            return self._device.node if self._device else None

    @property
    def tty(self) -> Path | None:
        """The name of the serial port."""
        with self._bus.lock:
            return self._bus.dev / self._tty[0] if self._tty else None

    @property
    def flash(self) -> bytes:
        """What the flash holds."""
        with self._bus.lock:
            return self._load() if self._emulated else bytes(self._flash)

    def wait(self, mode: str, seconds: float = 10.0) -> None:
        """Waits for a mode.

        Raises:
            TimeoutError: it is another one by then.
        """
        with self._bus.lock:
            if not self._bus.lock.wait_for(lambda: self.mode == mode, seconds):
                raise TimeoutError(f"{self.port}: {mode!r} expected within {seconds:g} s, {self.mode!r} is there")

    # --- what a person does -------------------------------------------------------------------------------------------

    def unplug(self) -> None:
        """Pulls the cable. The flash is kept."""
        with self._bus.lock:
            self._plugged = False
            self._power_off()

    def replug(self, mode: Mode = "application", *, seconds: float = 30.0) -> None:
        """Puts the cable in again; with "bootsel", with the button held.

        Raises:
            TimeoutError: nothing comes.
        """
        with self._bus.lock:
            assert not self._plugged, f"{self.port} is plugged in"
            self._plugged = True
            self._was_up = False
            self._later(self._bus.reenumeration_seconds, mode, 0)
            if not self._bus.lock.wait_for(lambda: self._device is not None, seconds):
                raise TimeoutError(f"{self.port}: nothing came onto the bus within {seconds:g} s")

    def power_cycle(self) -> None:
        """Pulls the cable and puts it in again."""
        self.unplug()
        self.replug()

    def press_bootsel(self) -> None:
        """Pulls the cable and puts it in again with the button held."""
        self.unplug()
        self.replug("bootsel")

    # --- resets -------------------------------------------------------------------------------------------------------

    def _reset(self, mode: Mode, left_out: int) -> None:
        """The chip restarts, and comes back as it should or as the faults have it."""
        self._power_off()
        self._come_back(mode, left_out)

    def _come_back(self, mode: Mode, left_out: int) -> None:
        stays_away = self.faults.no_return_from_reset
        if stays_away is True:
            return
        if self.faults.return_chip is not None and self.faults.return_chip != self._chip.name:
            self._chip = CHIPS[self.faults.return_chip]
            self._flash = bytearray(b"\xff" * self._chip.flash_bytes)
        self._later(self._bus.reenumeration_seconds + stays_away, self.faults.return_mode or mode, left_out)

    def _later(self, seconds: float, mode: Mode, left_out: int) -> None:
        life = self._life

        def enter() -> None:
            if life == self._life:
                self._enter(mode, left_out)

        self._bus.after(seconds, enter)

    def _enter(self, mode: Mode, left_out: int) -> None:
        if mode == "bootsel" or not boots(self._chip, bytes(self._flash)):
            self._appear_bootsel(left_out)
        elif self.application == "emulator" and self._chip.name == "rp2040":
            self._store()
            self._emulated = EmulatedChip(self._file, bytes.fromhex(self.unique_id), self._heard)
        else:
            self._dummy = DummyApplication(
                self._chip,
                bytes(self._flash),
                self.serial,
                reset=self._dummy_resets,
                touched=self._touched,
                silent=lambda: self.dummy_silent,
                echoes=lambda: self.dummy_echoes,
            )
            self._bus.remember(self._dummy)
            self._appear_application(self._dummy.pty, self.serial)

    def _restart(self, mode: str, seconds: float, left_out: int) -> None:
        """PICOBOOT was told to restart the chip, in a moment."""
        life = self._life

        def restart() -> None:
            if life == self._life:
                self._reset("bootsel" if mode == "bootsel" else "application", left_out)

        self._bus.after(seconds * self._bus.delay_scale, restart)

    def _reset_requested(self, mode: str, left_out: int) -> None:
        self.counts.reset_requests += 1
        if self.faults.ignore_reset_request:
            return
        self._left_out = left_out
        if self._emulated is not None:
            self._emulated.request_reset(mode)
        else:
            self._restart(mode, _RESET_SECONDS, left_out)

    def _dummy_resets(self, mode: str) -> None:
        with self._bus.lock:
            self._restart(mode, _RESET_SECONDS, 0)

    def _touched(self) -> bool:
        with self._bus.lock:
            self.counts.touches += 1
            self._bus.lock.notify_all()
        return not self.faults.ignore_touch

    # --- the emulated chip --------------------------------------------------------------------------------------------

    def _heard(self, chip: EmulatedChip, line: str) -> None:
        with self._bus.lock:
            if chip is not self._emulated:
                return
            match line.split(" "):
                case ["port", pty, serial]:
                    self._emulated_port(pty, serial)
                case ["state", "bootsel"]:
                    left_out, self._left_out = self._left_out, 0
                    self._reset("bootsel", left_out)
                case ["state", _]:
                    self._vanish()
                case [""]:
                    self._bus.broken(AssertionError(f"{self.port}: the emulated chip's program has ended"))
                    self._vanish()

    def _emulated_port(self, pty: str, serial: str) -> None:
        self._vanish()
        faults = self.faults
        if self._was_up and (faults.no_return_from_reset or faults.return_chip or faults.return_mode == "bootsel"):
            # It starts once more, later or as something else.
            self._reset("application", 0)
            return
        self._was_up = True
        self._appear_application(pty, serial)

    # --- on the bus and off it ----------------------------------------------------------------------------------------

    def _appear_bootsel(self, left_out: int) -> None:
        chip = self._chip
        serial = chip.bootsel_serial or self.unique_id
        identity = descriptors.bootsel(VENDOR, chip.bootsel, chip.bootsel_product, serial, msc=not left_out & _NO_DRIVE)
        # The kernel's driver has the drive.
        drive = tuple(number for number, kind in enumerate(identity.interfaces) if kind == descriptors.MSC)
        device = self._bus.make_device(BootselDevice, self.port, identity, kernel=drive)
        device.boot(
            Body(
                chip=chip,
                unique_id=bytes.fromhex(self.unique_id),
                flash=self._flash,
                faults=self.faults,
                counts=self.counts,
                restart=self._restart,
                unplug=self.unplug,
            )
        )
        self._appear(device)

    def _appear_application(self, pty: str, serial: str) -> None:
        vendor, product = self._usb_id or (VENDOR, self._chip.application)
        identity = descriptors.application(vendor, product, self._product_name, serial, reset=self._reset_interface)
        device = self._bus.make_device(ApplicationDevice, self.port, identity, kernel=(0, 1))
        device.reset_requested = self._reset_requested
        self._tty = (self._bus.ttys.take(pty), pty)
        self._appear(device)

    def _appear(self, device: UsbDevice) -> None:
        self.counts.enumerations += 1
        self._device = device
        self._bus.tree.add(self.port, device, self._tty)
        self._permit()
        self._bus.lock.notify_all()

    def _vanish(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            device.gone = True
            self._bus.tree.remove(self.port, device, self._tty[0] if self._tty else None)
        if self._tty is not None:
            self._bus.ttys.leave(self._tty[0])
            self._tty = None
        self._bus.lock.notify_all()

    def _power_off(self) -> None:
        self._life += 1
        self._vanish()
        if self._emulated is not None:
            emulated, self._emulated = self._emulated, None
            emulated.stop()
            self._flash[:] = self._load()
        if self._dummy is not None:
            self._dummy.stop()
            self._dummy = None
        self._store()

    def _permit(self) -> None:
        with self._bus.lock:
            if self._device is not None:
                self._bus.tree.permit(self._device, not self.faults.no_permission)

    # --- flash --------------------------------------------------------------------------------------------------------

    def _load(self) -> bytes:
        return self._file.read_bytes()

    def _store(self) -> None:
        fresh = self._file.with_suffix(".coming")
        fresh.write_bytes(self._flash)
        fresh.replace(self._file)


def initial_flash(chip: Chip, flash: bytes | None) -> bytes:
    """A flash of the board's own size that begins with these bytes."""
    content = flash or b""
    assert len(content) <= chip.flash_bytes, f"{chip.name} has {chip.flash_bytes:,} bytes of flash"
    return content.ljust(chip.flash_bytes, b"\xff")
