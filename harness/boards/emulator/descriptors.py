"""Reads the descriptors of a USB device. Nothing in them is trusted.

Sources: USB 2.0 specification, chapter 9; USB CDC 1.2, section 5.2.3; picotool's reset interface (FF/00/01).
"""

from __future__ import annotations

from dataclasses import dataclass

DEVICE = 1
CONFIGURATION = 2
STRING = 3
DEVICE_BYTES = 18
CONFIGURATION_HEADER_BYTES = 9
MAX_CONFIGURATION_BYTES = 4096

_INTERFACE = 4
_ENDPOINT = 5
_FUNCTIONAL = 0x24
_UNION = 6
_IN = 0x80
_TRANSFER_MASK = 3
_BULK = 2

_CDC_CONTROL = (2, 2)  # communications, abstract control model
_CDC_DATA = 10
_RESET_INTERFACE = (0xFF, 0, 1)


class DescriptorInvalid(Exception):
    """A descriptor that is cut off or makes no sense."""


@dataclass(frozen=True)
class Device:
    """The device descriptor's figures that the host needs."""

    vendor: int
    product: int
    serial_index: int


@dataclass(frozen=True)
class Endpoint:
    """An endpoint; `number` without the direction."""

    number: int
    incoming: bool
    bulk: bool
    packet: int


@dataclass(frozen=True)
class Interface:
    """An interface with its endpoints; `partners` are the interfaces that a CDC union descriptor names."""

    number: int
    kind: tuple[int, int, int]
    endpoints: tuple[Endpoint, ...]
    partners: tuple[int, ...]


@dataclass(frozen=True)
class Cdc:
    """Where the serial port is: control interface, and the bulk endpoints with the outgoing one's packet size."""

    control: int
    incoming: int
    outgoing: int
    packet: int


@dataclass(frozen=True)
class Configuration:
    """A configuration: the value that chooses it, and its interfaces."""

    value: int
    interfaces: tuple[Interface, ...]

    def cdc(self) -> Cdc | None:
        """The first serial port, or None."""
        for control in self.interfaces:
            if control.kind[:2] != _CDC_CONTROL:
                continue
            for data in self.interfaces:
                if data.kind[0] != _CDC_DATA or (control.partners and data.number not in control.partners):
                    continue
                incoming = [end for end in data.endpoints if end.bulk and end.incoming]
                outgoing = [end for end in data.endpoints if end.bulk and not end.incoming]
                if incoming and outgoing:
                    return Cdc(control.number, incoming[0].number, outgoing[0].number, outgoing[0].packet)
        return None

    def reset_interface(self) -> int | None:
        """The number of picotool's reset interface, or None."""
        return next((item.number for item in self.interfaces if item.kind == _RESET_INTERFACE), None)


def read_device(data: bytes) -> Device:
    """Reads a device descriptor.

    Raises:
        DescriptorInvalid: it is not one.
    """
    if len(data) != DEVICE_BYTES or data[0] != DEVICE_BYTES or data[1] != DEVICE:
        raise DescriptorInvalid(f"a device descriptor of {DEVICE_BYTES} bytes expected, {data[:32].hex()} came")
    return Device(_word(data, 8), _word(data, 10), data[16])


def configuration_bytes(header: bytes) -> int:
    """The length of the whole configuration, from its first descriptor.

    Raises:
        DescriptorInvalid: it is not one, or longer than any device needs.
    """
    if len(header) < CONFIGURATION_HEADER_BYTES or header[1] != CONFIGURATION:
        raise DescriptorInvalid(f"a configuration descriptor expected, {header[:32].hex()} came")
    total = _word(header, 2)
    if not CONFIGURATION_HEADER_BYTES <= total <= MAX_CONFIGURATION_BYTES:
        raise DescriptorInvalid(
            f"a configuration of at most {MAX_CONFIGURATION_BYTES:,} bytes expected, {total:,} came"
        )
    return total


def read_configuration(data: bytes) -> Configuration:
    """Reads a configuration with all that belongs to it.

    Raises:
        DescriptorInvalid: it is cut off, or an item's length is wrong.
    """
    if configuration_bytes(data) != len(data):
        raise DescriptorInvalid(f"a configuration of {configuration_bytes(data):,} bytes expected, {len(data):,} came")
    interfaces: list[Interface] = []
    place = 0
    while place < len(data):
        item = data[place : place + data[place]]
        if data[place] < 2 or len(item) != data[place]:
            raise DescriptorInvalid(f"descriptor at byte {place}: {data[place]} bytes announced, {len(item)} came")
        place += len(item)
        if item[1] == _INTERFACE and len(item) >= 9:
            interfaces.append(Interface(item[2], (item[5], item[6], item[7]), (), ()))
        elif interfaces and item[1] == _ENDPOINT and len(item) >= 7:
            bulk = item[3] & _TRANSFER_MASK == _BULK
            end = Endpoint(item[2] & 0x0F, bool(item[2] & _IN), bulk, _word(item, 4) & 0x7FF)
            last = interfaces[-1]
            interfaces[-1] = Interface(last.number, last.kind, (*last.endpoints, end), last.partners)
        elif interfaces and item[1] == _FUNCTIONAL and len(item) >= 5 and item[2] == _UNION:
            last = interfaces[-1]
            interfaces[-1] = Interface(last.number, last.kind, last.endpoints, tuple(item[4:]))
    return Configuration(data[5], tuple(interfaces))


def read_string(data: bytes) -> str:
    """Reads a string descriptor; characters that cannot be shown become question marks.

    Raises:
        DescriptorInvalid: it is not one.
    """
    if len(data) < 2 or data[0] != len(data) or data[1] != STRING or len(data) % 2:
        raise DescriptorInvalid(f"a string descriptor expected, {data[:32].hex()} came")
    text = data[2:].decode("utf-16-le", "replace")
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in text)


def _word(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 2], "little")
