"""The other end of the stand-in for libusb: takes the calls of picotool's processes to the devices on the bus."""

from __future__ import annotations

import contextlib
import shutil
import socket
import struct
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from tests.virtual_usb import errors
from tests.virtual_usb.device import UsbDevice
from tests.virtual_usb.errors import UsbError

# libusb/wire.h
_REQUEST = struct.Struct("@9I")
_REPLY = struct.Struct("@iI")
_LISTED = struct.Struct("@4I18s2x")
_LIST, _OPEN, _CLOSE, _CLAIM, _RELEASE, _CONTROL, _BULK, _CLEAR_HALT = range(1, 9)
_ENDPOINT_IN = 0x80
_MAX_DATA_BYTES = 16 * 1024 * 1024
# As in libusb/connection.c: what libusb waits for ever, ends here.
_LONGEST_SECONDS = 60.0
_JOIN_SECONDS = 5.0


class Handle:
    """An opened device."""

    def __init__(self, device: UsbDevice) -> None:
        self.device = device


class Server:
    """Listens on a Unix socket, with a thread for each process that connects.

    Args:
        lock: held while a device is used.
        devices: tells which devices are there.
        may_open: whether a device's node lets processes in.
        broken: is given what should not have happened.

    Attributes:
        path: the socket.
    """

    def __init__(
        self,
        lock: threading.Condition,
        devices: Callable[[], list[UsbDevice]],
        may_open: Callable[[UsbDevice], bool],
        broken: Callable[[BaseException], None],
    ) -> None:
        self._lock = lock
        self._devices = devices
        self._may_open = may_open
        self._broken = broken
        # A name that is short enough for a socket; pytest's own folders are not.
        self._folder = Path(tempfile.mkdtemp(prefix="vusb-"))
        self.path = self._folder / "socket"
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(str(self.path))
        self._listening.listen()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._closed = False
        self._start(self._accept)

    def close(self) -> None:
        """Hangs up on everybody; to be called without the lock."""
        self._closed = True
        # Wakes the thread out of `accept`, which closing alone does not.
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(_JOIN_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, run: Callable[..., None], *given: object) -> None:
        thread = threading.Thread(target=run, args=given, name="virtual USB", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with self._lock:
                self._connections.add(connection)
                closed = self._closed
            if closed:
                connection.close()
                return
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        handles: dict[int, Handle] = {}
        try:
            while True:
                fields = _REQUEST.unpack(_receive(connection, _REQUEST.size))
                size = fields[-1]
                data = _receive(connection, min(size, _MAX_DATA_BYTES))
                with self._lock:
                    try:
                        result, answer = self._call(handles, fields, data)
                    except UsbError as error:
                        result, answer = error.code, b""
                    self._lock.notify_all()
                connection.sendall(_REPLY.pack(result, len(answer)) + answer)
        except (ConnectionError, OSError):
            pass
        except BaseException as error:  # noqa: BLE001 - it ends the test, from `VirtualBus.close`
            self._broken(error)
        finally:
            with self._lock:
                for handle in handles.values():
                    handle.device.release(handle)
                self._connections.discard(connection)
            connection.close()

    def _call(self, handles: dict[int, Handle], fields: tuple[int, ...], data: bytes) -> tuple[int, bytes]:
        operation, target, kind, request, value, index, wanted, timeout_ms, _ = fields
        if operation == _LIST:
            return self._list()
        if operation == _OPEN:
            return self._open(handles, target), b""
        handle = handles.get(target)
        if handle is None:
            raise UsbError(errors.NOT_FOUND)
        device = handle.device
        if operation == _CLOSE:
            device.release(handle)
            del handles[target]
            return 0, b""
        if device.gone:
            raise UsbError(errors.NO_DEVICE)
        seconds = min(timeout_ms / 1000 or _LONGEST_SECONDS, _LONGEST_SECONDS)
        answer = b""
        if operation == _CLAIM:
            device.claim(index, handle)
        elif operation == _RELEASE:
            device.release(handle, index)
        elif operation == _CLEAR_HALT:
            device.clear_halt(index)
        elif operation == _CONTROL:
            answer = device.control(kind, request, value, index, data, wanted)
            return len(answer) if kind & _ENDPOINT_IN else len(data), answer
        elif operation == _BULK and index & _ENDPOINT_IN:
            answer = device.bulk_in(index, wanted, seconds)
            return len(answer), answer
        elif operation == _BULK:
            return device.bulk_out(index, data, seconds), b""
        return 0, answer

    def _list(self) -> tuple[int, bytes]:
        devices = self._devices()
        answer = b""
        for device in devices:
            configuration = device.identity.configuration()
            answer += _LISTED.pack(
                device.number, device.bus, device.address, len(configuration), device.identity.device()
            )
            answer += configuration
        return len(devices), answer

    def _open(self, handles: dict[int, Handle], number: int) -> int:
        device = next((device for device in self._devices() if device.number == number), None)
        if device is None:
            raise UsbError(errors.NO_DEVICE)
        if not self._may_open(device):
            raise UsbError(errors.ACCESS)
        fresh = max(handles, default=0) + 1
        handles[fresh] = Handle(device)
        return fresh


def _receive(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        came = connection.recv(size - len(data))
        if not came:
            raise ConnectionResetError
        data += came
    return bytes(data)
