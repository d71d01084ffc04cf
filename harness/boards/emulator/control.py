"""Control transfers to the emulated USB device, one after another.

Source: USB 2.0 specification, sections 8.5.3 and 9.3. A transfer is a SETUP packet, data in one direction or none, and
an empty packet in the other direction as its end.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

IN = 0x80
CLASS = 0x20
TO_INTERFACE = 0x01

# Of the device's time. A real host waits 5 s; a device that needs longer than this has a bug that should be seen.
TIMEOUT_NANOS = 500e6
# A token, a packet of at most 64 bytes and its handshake, at full speed: 19 of them fit a frame of 1 ms.
PACKET_MICROSECONDS = 50
# A host needs a moment between two transfers; the end of the one before has arrived by then.
_GAP_NANOS = 2 * PACKET_MICROSECONDS * 1000.0
_PACKET_BYTES = 64
_MAX_QUEUED = 64

_SETUP = struct.Struct("<BBHHH")

Done = Callable[[bytes | None], None]


@dataclass(frozen=True)
class Transfer:
    """One transfer.

    Attributes:
        kind: bmRequestType.
        request, value, index: the other figures of the SETUP packet.
        length: bytes that are wanted of the device; 0 for a transfer that sends `data`, or nothing.
        data: what is sent.
        done: is given what came (b"" for a transfer that sends), or None when the device refused or did not answer.
    """

    kind: int
    request: int
    value: int
    index: int
    done: Done
    length: int = 0
    data: bytes = b""

    def setup(self) -> bytes:
        """The SETUP packet."""
        return _SETUP.pack(self.kind, self.request, self.value, self.index, self.length or len(self.data))


class _Stage(Enum):
    IDLE = 0
    PAUSE = 1
    DATA_IN = 2
    DATA_OUT = 3
    END_IN = 4  # the device sends an empty packet
    END_OUT = 5  # the device takes an empty packet


class ControlPipe:
    """Endpoint 0 of the device, seen from the host.

    Args:
        controller: rp2040py's USB controller.
        clock: the chip's clock.
    """

    def __init__(self, controller: Any, clock: Any) -> None:
        self._controller = controller
        self._clock = clock
        self._queue: deque[Transfer] = deque()
        self._stage = _Stage.IDLE
        self._came = bytearray()
        self._rest = b""
        self._armed = False
        self._expires = 0.0
        self._next = clock.create_alarm(self._begin)

    @property
    def idle(self) -> bool:
        """Whether no transfer is under way or queued."""
        return not self._queue

    def reset(self) -> None:
        """Forgets all transfers: the device has gone, or was reset. Nobody is told."""
        self._next.cancel()
        self._queue.clear()
        self._stage = _Stage.IDLE

    def submit(self, transfer: Transfer) -> None:
        """Queues a transfer."""
        if len(self._queue) >= _MAX_QUEUED:
            transfer.done(None)
            return
        self._queue.append(transfer)
        if self._stage is _Stage.IDLE:
            self._pause()

    def packet_came(self, packet: bytes) -> None:
        """The device has sent a packet on endpoint 0."""
        if self._stage is _Stage.DATA_IN:
            self._came += packet
            if len(packet) < _PACKET_BYTES or len(self._came) >= self._queue[0].length:
                self._stage = _Stage.END_OUT
                if self._armed:
                    self._send_end()
        elif self._stage is _Stage.END_IN:
            self._finish(bytes(self._came))

    def buffer_came(self, size: int) -> None:
        """The device has room for a packet on endpoint 0."""
        if self._stage is _Stage.DATA_OUT:
            self._controller.endpoint_read_done(0, self._rest[:size])
            self._rest = self._rest[size:]
            if not self._rest:
                self._stage = _Stage.END_IN
        elif self._stage is _Stage.END_OUT:
            self._send_end()
        else:
            # The device makes room for the end before the host has seen the last data.
            self._armed = True

    def check(self) -> None:
        """Looks for a transfer that the device has refused or forgotten."""
        waiting = self._stage not in (_Stage.IDLE, _Stage.PAUSE)
        if waiting and (self._controller._ep_stall_arm or self._clock.nanos > self._expires):
            self._finish(None)

    def _pause(self) -> None:
        self._stage = _Stage.PAUSE
        self._next.schedule(_GAP_NANOS)

    def _begin(self) -> None:
        transfer = self._queue[0]
        self._came.clear()
        self._armed = False
        self._rest = transfer.data
        self._expires = self._clock.nanos + TIMEOUT_NANOS
        if transfer.length:
            self._stage = _Stage.DATA_IN
        else:
            self._stage = _Stage.DATA_OUT if transfer.data else _Stage.END_IN
        self._controller.send_setup_packet(transfer.setup())

    def _send_end(self) -> None:
        self._controller.endpoint_read_done(0, b"")
        self._finish(bytes(self._came[: self._queue[0].length]))

    def _finish(self, came: bytes | None) -> None:
        transfer = self._queue.popleft()
        self._stage = _Stage.IDLE
        transfer.done(came)
        if self._queue and self._stage is _Stage.IDLE:
            self._pause()
