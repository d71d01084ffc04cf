"""A server of a serial port, as one runs on the computer that a board is plugged into."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable

import serial
from serial.rfc2217 import SERVER_SET_CONTROL, PortManager


class _Port(serial.Serial):
    """A pty as a serial port: it has no modem lines, so those that are set are only remembered."""

    dtr_seen: bool | None = None
    cts = dsr = ri = cd = True

    def _update_dtr_state(self) -> None:
        self.dtr_seen = self._dtr_state

    def _update_rts_state(self) -> None:
        pass


class _Sender:
    def __init__(self, connection: socket.socket) -> None:
        self.write = connection.sendall


class _ReticentManager(PortManager):
    """Does not answer for lines that the port does not have, as ser2net does not for a pty."""

    def rfc2217_send_subnegotiation(self, option: bytes, value: bytes = b"") -> None:
        if option != SERVER_SET_CONTROL:
            super().rfc2217_send_subnegotiation(option, value)


class SerialServer:
    """Serves one client after the other, each with the port that `port` names at that moment.

    Args:
        port: the name of the serial port.
        rfc2217: telnet's COM-PORT-OPTION; plain bytes otherwise.
        lines: whether it answers for modem lines.

    Attributes:
        served: how many clients there were.
        dtr: what the last client has made of DTR.
    """

    def __init__(self, port: Callable[[], str], *, rfc2217: bool, lines: bool = True) -> None:
        self._port = port
        self._manager = PortManager if lines else _ReticentManager
        self._rfc2217 = rfc2217
        self.served = 0
        self.dtr: bool | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connection: socket.socket | None = None
        self._closing = False
        scheme = "rfc2217" if rfc2217 else "socket"
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def hang_up(self) -> None:
        """Ends the connection that there is, as a server that is restarted does."""
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._closing = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self.hang_up()
        self._thread.join(5)
        self._listener.close()

    def _run(self) -> None:
        while not self._closing:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connection = connection
            with connection, contextlib.suppress(OSError, serial.SerialException):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        with _Port(self._port(), timeout=0, exclusive=True) as port, selectors.DefaultSelector() as ready:
            self.served += 1
            manager = self._manager(port, _Sender(connection)) if self._rfc2217 else None
            ready.register(connection, selectors.EVENT_READ)
            ready.register(port.fileno(), selectors.EVENT_READ)
            while True:
                for key, _ in ready.select():
                    if key.fileobj is connection:
                        data = connection.recv(65536)
                        if not data:
                            return
                        port.write(b"".join(manager.filter(data)) if manager else data)
                        self.dtr = port.dtr_seen
                    else:
                        data = port.read(65536)
                        if not data:
                            return
                        connection.sendall(b"".join(manager.escape(data)) if manager else data)
