"""USB devices where there is no sysfs, macOS above all: what pyserial's list of serial ports tells of them."""

from __future__ import annotations

from pathlib import Path

from serial.tools import list_ports

from harness.boards.pico.usb import UsbDevice, shown


class SerialPorts:
    """USB devices that have a serial port. Others, boards in BOOTSEL among them, are not seen."""

    sees_bootsel = False
    limits = "boards in BOOTSEL cannot be seen on this system, only those with a serial port"

    def devices(self) -> list[UsbDevice]:
        # pyserial stumbles over devices that vanish while it lists them.
        try:
            ports = list(list_ports.comports())
        except (TypeError, OSError, ValueError):
            return []
        found: dict[str, UsbDevice] = {}
        for port in ports:
            if port.vid is None or port.pid is None or not port.location:
                continue
            # Linux, if it is ever asked this way, tells the interface too: "1-2:1.0".
            place = shown(port.location).partition(":")[0]
            before = found.get(place)
            found[place] = UsbDevice(
                port_path=place,
                bus=0,
                address=0,
                vid=port.vid,
                pid=port.pid,
                serial=shown(port.serial_number or ""),
                product=shown(port.product or ""),
                ttys=(*(() if before is None else before.ttys), Path(port.device)),
            )
        return sorted(found.values(), key=lambda device: device.port_path)

    def at(self, port_path: str) -> UsbDevice | None:
        return next((device for device in self.devices() if device.port_path == port_path), None)
