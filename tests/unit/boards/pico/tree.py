"""A sysfs, written as folders: what Linux shows of USB devices."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from harness.boards.pico.usb import Sysfs

CDC = ((2, 2, 0), (10, 0, 0))
RESET = (0xFF, 0, 1)
MASS_STORAGE = (8, 6, 0x50)
PICOBOOT = (0xFF, 0, 0)

SERIAL = "E6614103E7452D2F"
OTHER_SERIAL = "E6614C311B7D5A29"
# What every RP2040 of stepping B2 says in BOOTSEL.
BOOTSEL_SERIAL = "E0C9125B0D9B"


class Tree:
    """Virtual folders /sys and /dev."""

    def __init__(self, root: Path) -> None:
        self.sysfs = root / "sys"
        self.dev = root / "dev"
        self.devices = self.sysfs / "devices" / "pci0000:00" / "usb1"
        self.links = self.sysfs / "bus" / "usb" / "devices"
        for folder in (self.devices, self.links, self.dev / "serial" / "by-id"):
            folder.mkdir(parents=True)
        self.usb = Sysfs(self.sysfs, self.dev)
        self._address = 1
        self.add("usb1", 0x1D6B, 0x0002, device_class=9)

    def add(
        self,
        port,
        vid,
        pid,
        *,
        serial=None,
        product=None,
        interfaces=(),
        tty=None,
        device_class=0,
    ) -> Path:
        """Plugs a device in and returns its folder."""
        self._address += 1
        folder = self.devices / port
        folder.mkdir()
        values = {
            "idVendor": f"{vid:04x}",
            "idProduct": f"{pid:04x}",
            "busnum": "1",
            "devnum": str(self._address),
            "bDeviceClass": f"{device_class:02x}",
            "serial": serial,
            "product": product,
        }
        for name, value in values.items():
            if value is not None:
                (folder / name).write_bytes((value if isinstance(value, bytes) else value.encode()) + b"\n")
        for number, kind in enumerate(interfaces):
            inner = folder / f"{port}:1.{number}"
            inner.mkdir()
            parts = {"bInterfaceClass": kind[0], "bInterfaceSubClass": kind[1], "bInterfaceProtocol": kind[2]}
            for name, value in {**parts, "bInterfaceNumber": number}.items():
                (inner / name).write_text(f"{value:02x}\n")
            (self.links / inner.name).symlink_to(os.path.relpath(inner, self.links))
            if tty is not None and number == 0:
                (inner / "tty" / tty).mkdir(parents=True)
                (self.dev / tty).touch()
        (self.links / port).symlink_to(os.path.relpath(folder, self.links))
        return folder

    def pico(self, port="1-2", serial=SERIAL, tty="ttyACM0", **given) -> Path:
        """A Pico that runs a firmware of pico-sdk."""
        given = {"interfaces": (*CDC, RESET), "product": "Pico", **given}
        return self.add(port, 0x2E8A, given.pop("pid", 0x000A), serial=serial, tty=tty, **given)

    def bootsel(self, port="1-2", pid=0x0003) -> Path:
        """A Pico in BOOTSEL."""
        return self.add(
            port, 0x2E8A, pid, serial=BOOTSEL_SERIAL, product="RP2 Boot", interfaces=(MASS_STORAGE, PICOBOOT)
        )

    def probe(self, port="1-4", tty="ttyACM9") -> Path:
        """Raspberry Pi's debug probe."""
        return self.add(
            port, 0x2E8A, 0x000C, serial=OTHER_SERIAL, product="Debug Probe (CMSIS-DAP)", interfaces=CDC, tty=tty
        )

    def remove(self, port) -> None:
        """Pulls a device out."""
        folder = self.devices / port
        for inner in folder.glob(f"{port}:*"):
            (self.links / inner.name).unlink()
            for node in inner.glob("tty/*"):
                (self.dev / node.name).unlink()
        (self.links / port).unlink()
        shutil.rmtree(folder)
