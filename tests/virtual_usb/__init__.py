"""A virtual USB: the unmodified picotool works on virtual boards.

    with VirtualBus(tmp_path) as bus:
        board = bus.plug("1-2", unique_id="E6614103E7452D2F", flash=None, mode="bootsel")
        done = bus.picotool("load", "-v", "-x", uf2)      # or env=bus.picotool_environment()
        board.wait("application")
        serial.Serial(str(board.tty))

A program that is started in `bus.picotool_environment()` loads a stand-in for libusb (libusb/), whose calls go over a
Unix socket to the model in this process (server.py). A board's flash is that of the emulated RP2040 (emulated.py) which
runs whatever was flashed, or of a dummy application (dummy.py). `bus.sysfs` and `bus.dev` are what Linux shows of it.

- `VirtualBus`: `plug`, `remove`, `picotool`, `picotool_environment`, `sysfs`, `dev`, `boards`.
- Boards: `mode`, `chip`, `unique_id`, `serial`, `port`, `bus_number`, `address`, `node`, `tty`, `flash`; `wait`,
  `unplug`, `replug`, `power_cycle`, `press_bootsel`; `faults`, `counts`, `dummy_silent`, `dummy_echoes`.
- `Faults` lists what can go wrong, `Counts` what is counted.
- `find_picotool`, `why_no_picotool`: which picotool runs, and why none does.
"""

from __future__ import annotations

from tests.virtual_usb.board import VirtualBoard
from tests.virtual_usb.bus import VirtualBus
from tests.virtual_usb.faults import Counts, Faults
from tests.virtual_usb.tool import Picotool, find_picotool, why_no_picotool

__all__ = ["Counts", "Faults", "Picotool", "VirtualBoard", "VirtualBus", "find_picotool", "why_no_picotool"]
