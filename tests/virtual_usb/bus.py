"""The virtual bus: boards, a kernel's view of them, and the socket of the stand-in for libusb."""

from __future__ import annotations

import heapq
import itertools
import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeVar

from tests.virtual_usb.board import VirtualBoard, initial_flash
from tests.virtual_usb.chips import CHIPS
from tests.virtual_usb.descriptors import Identity
from tests.virtual_usb.device import UsbDevice
from tests.virtual_usb.dummy import DummyApplication
from tests.virtual_usb.faults import Mode
from tests.virtual_usb.library import library_folder
from tests.virtual_usb.server import Server
from tests.virtual_usb.sysfs import Tree, split_port
from tests.virtual_usb.tool import find_picotool
from tests.virtual_usb.ttys import Ttys

_MAX_ADDRESS = 127
_JOIN_SECONDS = 5.0

Device = TypeVar("Device", bound=UsbDevice)


class VirtualBus:
    """A USB bus in a folder; a context manager.

    Args:
        folder: an empty folder of the test's.
        reenumeration_seconds: how long a board is away when it restarts.
        delay_scale: how much of the delay that a reboot command asks for (500 ms, picotool) is really waited.

    Attributes:
        sysfs, dev: the virtual /sys and /dev.
        boards: those that were plugged in, by port.
    """

    def __init__(self, folder: Path, *, reenumeration_seconds: float = 0.05, delay_scale: float = 0.2) -> None:
        self._folder = folder
        self.reenumeration_seconds = reenumeration_seconds
        self.delay_scale = delay_scale
        self.sysfs = folder / "sys"
        self.dev = folder / "dev"
        self.boards: dict[str, VirtualBoard] = {}
        # One for all: whoever changes something has it, whoever waits releases it.
        self.lock = threading.Condition(threading.RLock())
        self.tree = Tree(self.sysfs, self.dev)
        self._numbers = itertools.count(1)
        self._addresses: dict[int, int] = {}
        self._hubs: dict[str, int] = {}
        self.ttys = Ttys()
        self._dummies: list[DummyApplication] = []
        self._troubles: list[BaseException] = []
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._closed = False
        self._kernel = threading.Thread(target=self._run, name="virtual kernel", daemon=True)
        self._kernel.start()
        self._server = Server(self.lock, self.devices, self._may_open, self.broken)

    def __enter__(self) -> VirtualBus:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except AssertionError:
            # The test's own error is the more interesting one.
            if error is None:
                raise

    def close(self) -> None:
        """Unplugs everything.

        Raises:
            AssertionError: something broke in the model itself.
        """
        for board in self.boards.values():
            board.unplug()
        with self.lock:
            self._closed = True
            self.lock.notify_all()
        self._kernel.join(_JOIN_SECONDS)
        self._server.close()
        for dummy in self._dummies:
            dummy.join()
        if self._troubles:
            raise AssertionError("the virtual USB broke") from self._troubles[0]

    def plug(
        self,
        port: str,
        *,
        chip: str = "rp2040",
        unique_id: str = "E6614103E7452D2F",
        flash: bytes | Path | None = None,
        mode: Mode = "application",
        application: Literal["emulator", "dummy"] = "emulator",
        serial: str | None = None,
        usb_id: tuple[int, int] | None = None,
        product_name: str = "TFLM bench",
        reset_interface: bool = True,
        seconds: float = 30.0,
    ) -> VirtualBoard:
        """Plugs in a board, and waits until it is there.

        Args:
            port: where: "1-2" is port 2 of bus 1, "1-2.3" port 3 of the hub there.
            unique_id: of its flash chip.
            flash: what is in the flash: nothing, these bytes, or the file that shall be it from now on.
            mode: "bootsel": with the button held. A board with nothing to boot is in BOOTSEL in any case.
            application: what runs in application mode: the emulated RP2040, or a dummy in Python.
            serial: the dummy application's serial number; the unique id, unless given.
            usb_id, product_name: vendor and product id of the application, and its product string; our firmware's,
                unless given.
            reset_interface: whether the application has one.

        Raises:
            TimeoutError: nothing came onto the bus.
        """
        split_port(port)
        assert port not in self.boards, f"there is a board in {port}"
        if isinstance(flash, Path):
            file = flash
        else:
            file = self._folder / f"{port}.flash"
            file.write_bytes(initial_flash(CHIPS[chip], flash))
        board = VirtualBoard(
            self,
            port,
            chip=chip,
            unique_id=unique_id,
            serial=serial,
            usb_id=usb_id,
            product_name=product_name,
            reset_interface=reset_interface,
            flash_file=file,
            application=application,
        )
        with self.lock:
            self._plug_hubs(port)
            self.boards[port] = board
        board.replug(mode, seconds=seconds)
        return board

    def remove(self, board: VirtualBoard) -> None:
        """Unplugs a board for good: another one can be plugged in there."""
        board.unplug()
        with self.lock:
            del self.boards[board.port]

    def wait_for(self, reached: Callable[[], object], seconds: float = 30.0) -> None:
        """Waits until something on the bus is so; looked at whenever a process has done something, or a board has.

        Raises:
            TimeoutError: it is not.
        """
        with self.lock:
            if not self.lock.wait_for(reached, seconds):
                boards = ", ".join(f"{board.port}: {board.mode}, {board.counts}" for board in self.boards.values())
                raise TimeoutError(f"what was waited for did not come about within {seconds:g} s; {boards}")

    # --- picotool -----------------------------------------------------------------------------------------------------

    def picotool_environment(self) -> dict[str, str]:
        """The environment in which picotool is on this bus, and found first."""
        found = os.environ.get("LD_LIBRARY_PATH")
        environment = dict(os.environ)
        environment["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, [str(library_folder()), found]))
        environment["VIRTUAL_USB_SOCKET"] = str(self._server.path)
        tool = find_picotool()
        if tool is not None:
            environment["PATH"] = os.pathsep.join([str(tool.path.parent), os.environ.get("PATH", os.defpath)])
        return environment

    def picotool(self, *arguments: str | Path, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Runs picotool to its end."""
        tool = find_picotool()
        assert tool is not None
        return subprocess.run(
            [str(tool.path), *map(str, arguments)],
            env=self.picotool_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )

    # --- for boards; the lock is held ---------------------------------------------------------------------------------

    def devices(self) -> list[UsbDevice]:
        """What is on the bus."""
        boards = (board._device for _, board in sorted(self.boards.items()))
        return [device for device in boards if device is not None]

    def make_device(self, kind: type[Device], port: str, identity: Identity, *, kernel: tuple[int, ...] = ()) -> Device:
        """A device with the next address, not on the bus yet."""
        bus = split_port(port)[0]
        address = self._next_address(bus)

        def wait(seconds: float) -> None:
            self.lock.wait_for(lambda: device.gone or self._closed, seconds)

        node = self.tree.node(bus, address)
        device = kind(next(self._numbers), bus, address, identity, node=node, wait=wait, kernel=kernel)
        return device

    def remember(self, dummy: DummyApplication) -> None:
        """Is waited for at the end."""
        self._dummies.append(dummy)

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Has something called later, with the lock held."""
        with self.lock:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), call))
            self.lock.notify_all()

    def broken(self, error: BaseException) -> None:
        """Something is wrong with the model itself; `close` raises it."""
        self._troubles.append(error)

    # --- behind them --------------------------------------------------------------------------------------------------

    def _may_open(self, device: UsbDevice) -> bool:
        try:
            # The bits, not `os.access`: root may open anything.
            return bool(device.node.stat().st_mode & 0o200)
        except FileNotFoundError:
            return False

    def _plug_hubs(self, port: str) -> None:
        bus, path = split_port(port)
        numbers = path.split(".")[:-1]
        hubs = [f"usb{bus}"] + [f"{bus}-{'.'.join(numbers[: count + 1])}" for count in range(len(numbers))]
        for hub in hubs:
            if hub not in self._hubs:
                self._hubs[hub] = self._next_address(bus)
                self.tree.add_hub(hub, self._hubs[hub])

    def _next_address(self, bus: int) -> int:
        taken = {device.address for device in self.devices() if device.bus == bus}
        taken |= {
            address for hub, address in self._hubs.items() if hub.removeprefix("usb").partition("-")[0] == str(bus)
        }
        address = self._addresses.get(bus, 0)
        while True:
            # As Linux does it: the next one, and after the last the lowest that is free.
            address = address % _MAX_ADDRESS + 1
            if address not in taken:
                self._addresses[bus] = address
                return address

    def _run(self) -> None:
        with self.lock:
            while not self._closed:
                if not self._due:
                    self.lock.wait()
                    continue
                left = self._due[0][0] - time.monotonic()
                if left > 0:
                    self.lock.wait(left)
                    continue
                call: Any = heapq.heappop(self._due)[2]
                try:
                    call()
                except BaseException as error:  # noqa: BLE001 - it ends the test, from `close`
                    self.broken(error)
