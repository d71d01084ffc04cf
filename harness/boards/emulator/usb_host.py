"""The host at the other end of the emulated chip's USB cable: finds out what is plugged in, and sets it up."""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import Enum
from typing import Any

from harness.boards.emulator import descriptors
from harness.boards.emulator.cdc_pipe import CdcPipe
from harness.boards.emulator.control import CLASS, IN, PACKET_MICROSECONDS, TO_INTERFACE, ControlPipe, Transfer
from harness.boards.emulator.descriptors import Configuration, DescriptorInvalid

# Raspberry Pi's RP2040 in its boot ROM.
_BOOTSEL = (0x2E8A, 0x0003)
_ADDRESS = 1
_MAX_STRING_BYTES = 255
_ENGLISH = 0x0409

# RP2040 datasheet, 4.1.4: the resistor by which a device shows that it is there.
_SIE_CTRL = 0x4C
_PULLUP = 1 << 16

_GET_DESCRIPTOR = 6
_SET_ADDRESS = 5
_SET_CONFIGURATION = 9
_SET_LINE_CODING = 0x20
_SET_CONTROL_LINE_STATE = 0x22
_DTR_AND_RTS = 3
_RESET_TO_BOOTSEL = 1
_RESET_TO_FLASH = 2

# dwDTERate, bCharFormat: one stop bit, bParityType: none, bDataBits.
_LINE_CODING = struct.Struct("<IBBB")
_BITS = (0, 0, 8)


class State(Enum):
    """What is at the other end of the cable; the boot ROM is BOOTSEL, and OTHER has no serial port."""

    NOTHING = "nothing"
    SETTING_UP = "setting-up"
    SERIAL = "serial"
    BOOTSEL = "bootsel"
    OTHER = "other"


class UsbHost:
    """Answers what rp2040py's USB controller tells of the device.

    Args:
        controller: rp2040py's USB controller.
        clock: the chip's clock.
        changed: is called whenever `state` has changed.
        came: is given each packet that the serial port sends.
        tell: takes one line for a person.

    Attributes:
        state: what is plugged in.
        serial: the device's serial number, "" if it has none.
        cdc: the serial port's bytes.
    """

    def __init__(
        self,
        controller: Any,
        clock: Any,
        *,
        changed: Callable[[], None],
        came: Callable[[bytes], None],
        tell: Callable[[str], None],
    ) -> None:
        self._controller = controller
        self._changed = changed
        self._tell = tell
        self.state = State.NOTHING
        self._attached = False
        self.serial = ""
        self._control = ControlPipe(controller, clock)
        self.cdc = CdcPipe(controller, clock, came)
        self._device = descriptors.Device(0, 0, 0)
        self._configuration = Configuration(0, ())
        controller.read_delay_microseconds = PACKET_MICROSECONDS
        controller.write_delay_microseconds = PACKET_MICROSECONDS
        # What the device was told is received is received: a reset at the next instruction must not take it away.
        controller.host_reaction_microseconds = 0
        controller.on_usb_enabled = self._plugged_in
        controller.on_reset_received = self._was_reset
        controller.on_reset = self.unplugged
        controller.on_endpoint_write = self._packet_came
        controller.on_endpoint_read = self._buffer_came

    # --- what the harness asks for -----------------------------------------------------------------------------------

    def check(self) -> None:
        """Looks for transfers that hang, and at the cable; to be called now and then."""
        self._control.check()
        # rp2040py tells of a controller that is switched on, and not of a device that detaches and attaches by itself.
        attached = bool(self._controller.read_uint32(_SIE_CTRL) & _PULLUP)
        if attached == self._attached:
            return
        self._attached = attached
        if not attached:
            self.unplugged()
        elif self.state is State.NOTHING:
            self._plugged_in()

    @property
    def settled(self) -> bool:
        """Whether the device has been told all that it was to be told."""
        return self._control.idle

    def set_lines(self, asserted: bool) -> None:
        """Asserts or drops DTR and RTS, as opening and closing a port does."""
        self._to_cdc(_SET_CONTROL_LINE_STATE, _DTR_AND_RTS if asserted else 0, b"", "the control lines")

    def set_line_coding(self, baud: int) -> None:
        """Tells the device a speed, with 8 data bits, no parity, one stop bit. 1200 means BOOTSEL to a Pico."""
        self._to_cdc(_SET_LINE_CODING, 0, _LINE_CODING.pack(baud, *_BITS), f"{baud} baud")

    def request_reset(self, *, bootsel: bool) -> None:
        """Asks the firmware to restart, into BOOTSEL or from flash, as `picotool reboot` does."""
        number = self._configuration.reset_interface() if self.state is State.SERIAL else None
        if number is None:
            self._tell("there is no reset interface to send a request to")
            return
        request = _RESET_TO_BOOTSEL if bootsel else _RESET_TO_FLASH
        # Whoever obeys is gone before it can answer.
        self._control.submit(Transfer(CLASS | TO_INTERFACE, request, 0, number, done=lambda came: None))

    def unplugged(self) -> None:
        """The device has gone from the bus."""
        self._control.reset()
        self.cdc.reset()
        self._set(State.NOTHING)

    # --- what the controller tells -----------------------------------------------------------------------------------

    def _plugged_in(self) -> None:
        if self.state is not State.NOTHING:
            # The program has started its USB anew, without a reset of the chip.
            self.unplugged()
        self._controller.reset_device()

    def _was_reset(self) -> None:
        self._control.reset()
        self.cdc.reset()
        self._set(State.SETTING_UP)
        self._get(descriptors.DEVICE, 0, 8, lambda _: self._address())

    def _packet_came(self, endpoint: int, packet: bytes) -> None:
        if endpoint == 0:
            self._control.packet_came(packet)
        else:
            self.cdc.packet_came(endpoint, packet)

    def _buffer_came(self, endpoint: int, size: int) -> None:
        if endpoint == 0:
            self._control.buffer_came(size)
        else:
            self.cdc.buffer_came(endpoint, size)

    # --- enumeration, step by step -----------------------------------------------------------------------------------

    def _address(self) -> None:
        self._control.submit(Transfer(0, _SET_ADDRESS, _ADDRESS, 0, done=lambda _: self._ask_device()))

    def _ask_device(self) -> None:
        self._get(descriptors.DEVICE, 0, descriptors.DEVICE_BYTES, self._take_device)

    def _take_device(self, data: bytes) -> None:
        self._device = descriptors.read_device(data)
        self._get(descriptors.CONFIGURATION, 0, descriptors.CONFIGURATION_HEADER_BYTES, self._take_header)

    def _take_header(self, data: bytes) -> None:
        size = descriptors.configuration_bytes(data)
        self._get(descriptors.CONFIGURATION, 0, size, self._take_configuration)

    def _take_configuration(self, data: bytes) -> None:
        self._configuration = descriptors.read_configuration(data)
        self.serial = ""
        if self._device.serial_index:
            self._get(descriptors.STRING, self._device.serial_index, _MAX_STRING_BYTES, self._take_serial)
        else:
            self._configure()

    def _take_serial(self, data: bytes) -> None:
        self.serial = descriptors.read_string(data)
        self._configure()

    def _configure(self) -> None:
        cdc = self._configuration.cdc()
        if cdc is not None:
            # Before the device knows: it makes room for a packet while it takes its configuration.
            self.cdc.open(cdc)
        value = self._configuration.value
        self._control.submit(Transfer(0, _SET_CONFIGURATION, value, 0, done=self._configured))

    def _configured(self, came: bytes | None) -> None:
        if came is None:
            self._fail("it refused its configuration")
            return
        if (self._device.vendor, self._device.product) == _BOOTSEL:
            self._set(State.BOOTSEL)
        elif self._configuration.cdc() is None:
            self._set(State.OTHER)
        else:
            self._set(State.SERIAL)

    # --- behind them -------------------------------------------------------------------------------------------------

    def _get(self, kind: int, index: int, size: int, take: Callable[[bytes], None]) -> None:
        def done(came: bytes | None) -> None:
            if came is None:
                self._fail(f"it did not give descriptor {kind}")
                return
            try:
                take(came)
            except DescriptorInvalid as error:
                self._fail(str(error))

        language = _ENGLISH if kind == descriptors.STRING else 0
        self._control.submit(Transfer(IN, _GET_DESCRIPTOR, kind << 8 | index, language, length=size, done=done))

    def _to_cdc(self, request: int, value: int, data: bytes, what: str) -> None:
        cdc = self._configuration.cdc()
        if self.state is not State.SERIAL or cdc is None:
            return

        def done(came: bytes | None) -> None:
            if came is None:
                self._tell(f"the device refused {what}")

        self._control.submit(Transfer(CLASS | TO_INTERFACE, request, value, cdc.control, data=data, done=done))

    def _fail(self, why: str) -> None:
        self._tell(f"the USB device cannot be set up: {why}")
        self._set(State.OTHER)

    def _set(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self._changed()
