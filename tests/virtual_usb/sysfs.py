"""The virtual /sys and /dev: what Linux shows of the devices on the bus.

As in Linux, `bus/usb/devices/1-2` and `class/tty/ttyACM0` are symbolic links into `devices/`, where a device's folder
lies in that of its hub. A device's folder comes and goes in one step.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from tests.virtual_usb.descriptors import CDC_CONTROL
from tests.virtual_usb.device import UsbDevice

_CONTROLLER = Path("devices/pci0000:00/0000:00:14.0")
_ROOT_HUB = {
    "idVendor": "1d6b",
    "idProduct": "0002",
    "manufacturer": "Linux 6.1 xhci-hcd",
    "product": "xHCI Host Controller",
    "serial": "0000:00:14.0",
    "bDeviceClass": "09",
    "speed": "480",
}
_HUB = {"idVendor": "05e3", "idProduct": "0608", "product": "USB2.0 Hub", "bDeviceClass": "09", "speed": "480"}
NODE_MODE = 0o666
NODE_MODE_WITHOUT_PERMISSION = 0o444
_TTY_MAJOR = 166


def split_port(port: str) -> tuple[int, str]:
    """Bus number and the ports on the way to a device: "1-2.3" is (1, "2.3")."""
    bus, _, path = port.partition("-")
    numbers = path.split(".")
    if not bus.isdecimal() or not 1 <= int(bus) <= 255 or not all(number.isdecimal() for number in numbers):
        raise ValueError(f"a USB port path like 1-2 or 1-2.3 expected, {port!r} came")
    return int(bus), path


class Tree:
    """Both folders.

    Args:
        sysfs, dev: where they are to be.
    """

    def __init__(self, sysfs: Path, dev: Path) -> None:
        self.sysfs = sysfs
        self.dev = dev
        self._fresh = sysfs / ".coming-and-going"
        for folder in (sysfs / "bus/usb/devices", sysfs / "class/tty", self._fresh, dev / "bus/usb"):
            folder.mkdir(parents=True)
        (dev / "serial/by-id").mkdir(parents=True)

    def add_hub(self, port: str, address: int) -> None:
        """A hub: "usb1" is the root hub of bus 1, "1-2" one that is plugged in there."""
        root = port.startswith("usb")
        bus = int(port[3:]) if root else split_port(port)[0]
        values = dict(_ROOT_HUB if root else _HUB)
        values |= {"busnum": str(bus), "devnum": str(address), "devpath": "0" if root else split_port(port)[1]}
        self._publish(port, values, {})
        self._make_node(bus, address)

    def node(self, bus: int, address: int) -> Path:
        """The file that opens a device."""
        return self.dev / "bus/usb" / f"{bus:03}" / f"{address:03}"

    def add(self, port: str, device: UsbDevice, tty: tuple[str, str] | None) -> None:
        """A device has come.

        Args:
            tty: name of its serial port, and the pty that stands for it.
        """
        identity = device.identity
        values = {
            "idVendor": f"{identity.vendor:04x}",
            "idProduct": f"{identity.product:04x}",
            "bcdDevice": "0100",
            "manufacturer": identity.manufacturer,
            "product": identity.product_name,
            "serial": identity.serial,
            "busnum": str(device.bus),
            "devnum": str(device.address),
            "devpath": split_port(port)[1],
            "speed": "12",
            "version": " 2.00",
            "bDeviceClass": f"{identity.device_class[0]:02x}",
            "bDeviceSubClass": f"{identity.device_class[1]:02x}",
            "bDeviceProtocol": f"{identity.device_class[2]:02x}",
            "bNumInterfaces": f"{len(identity.interfaces):2d}",
            "bConfigurationValue": "1",
            "uevent": f"DEVTYPE=usb_device\nPRODUCT={identity.vendor:x}/{identity.product:x}/100\n"
            f"BUSNUM={device.bus:03}\nDEVNUM={device.address:03}",
        }
        interfaces = {}
        for number, kind in enumerate(identity.interfaces):
            interfaces[f"{port}:1.{number}"] = {
                "bInterfaceNumber": f"{number:02x}",
                "bAlternateSetting": " 0",
                "bInterfaceClass": f"{kind[0]:02x}",
                "bInterfaceSubClass": f"{kind[1]:02x}",
                "bInterfaceProtocol": f"{kind[2]:02x}",
            }
        self._make_node(device.bus, device.address)
        self._publish(port, values, interfaces, tty[0] if tty else None)
        if tty is None:
            return
        name, pty = tty
        control = self._place(port) / f"{port}:1.{identity.interfaces.index(CDC_CONTROL)}"
        _link(self.sysfs / "class/tty" / name, control / "tty" / name)
        (self.dev / name).symlink_to(pty)
        _link(self._by_id(device), self.dev / name)

    def remove(self, port: str, device: UsbDevice, tty: str | None) -> None:
        """A device has gone."""
        if tty is not None:
            self._by_id(device).unlink()
            # A test may have taken it, as a container has none.
            (self.dev / tty).unlink(missing_ok=True)
            (self.sysfs / "class/tty" / tty).unlink()
        listed = self.sysfs / "bus/usb/devices"
        for number in range(len(device.identity.interfaces)):
            (listed / f"{port}:1.{number}").unlink()
        (listed / port).unlink()
        going = self._fresh / f"{port}-{device.number}-gone"
        self._place(port).rename(going)
        shutil.rmtree(going)
        self.node(device.bus, device.address).unlink()

    def permit(self, device: UsbDevice, allowed: bool) -> None:
        """Gives or takes away the right to open a device."""
        with contextlib.suppress(FileNotFoundError):
            device.node.chmod(NODE_MODE if allowed else NODE_MODE_WITHOUT_PERMISSION)

    # --- behind them -------------------------------------------------------------------------------------------------

    def _place(self, port: str) -> Path:
        if port.startswith("usb"):
            return self.sysfs / _CONTROLLER / port
        bus, path = split_port(port)
        place = self.sysfs / _CONTROLLER / f"usb{bus}"
        numbers = path.split(".")
        for count in range(1, len(numbers) + 1):
            place /= f"{bus}-{'.'.join(numbers[:count])}"
        return place

    def _make_node(self, bus: int, address: int) -> None:
        node = self.node(bus, address)
        node.parent.mkdir(exist_ok=True)
        node.touch()
        node.chmod(NODE_MODE)

    def _by_id(self, device: UsbDevice) -> Path:
        identity = device.identity
        name = f"usb-{identity.manufacturer}_{identity.product_name}_{identity.serial}-if00".replace(" ", "_")
        return self.dev / "serial/by-id" / name

    def _publish(
        self, port: str, values: dict[str, str], interfaces: dict[str, dict[str, str]], tty: str | None = None
    ) -> None:
        coming = self._fresh / f"{port}-coming"
        _fill(coming, values)
        for name, figures in interfaces.items():
            _fill(coming / name, figures)
            kind = figures["bInterfaceClass"], figures["bInterfaceSubClass"]
            if tty is not None and kind == ("02", "02"):
                number = int(tty.removeprefix("ttyACM"))
                _fill(
                    coming / name / "tty" / tty,
                    {
                        "dev": f"{_TTY_MAJOR}:{number}",
                        "uevent": f"MAJOR={_TTY_MAJOR}\nMINOR={number}\nDEVNAME={tty}",
                    },
                )
                (coming / name / "tty" / tty / "device").symlink_to(Path("../.."))
        place = self._place(port)
        place.parent.mkdir(parents=True, exist_ok=True)
        coming.rename(place)
        listed = self.sysfs / "bus/usb/devices"
        for name in interfaces:
            _link(listed / name, place / name)
        _link(listed / port, place)


def _fill(folder: Path, values: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    for name, value in values.items():
        (folder / name).write_text(value + "\n")


def _link(link: Path, target: Path) -> None:
    link.symlink_to(os.path.relpath(target, link.parent))
