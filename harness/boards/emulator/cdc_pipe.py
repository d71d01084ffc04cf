"""The two bulk endpoints of the emulated device's serial port, seen from the host.

An endpoint of which the host wants nothing, or has nothing for, is not asked, which to the device is the same as a host
that polls and is told NAK each time. So an idle host costs no time of either.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from harness.boards.emulator.control import PACKET_MICROSECONDS
from harness.boards.emulator.descriptors import Cdc

# What waits for a device that does not take it: a kernel's buffer, roughly. Whoever writes has to wait then.
BACKLOG_BYTES = 64 * 1024
# The buffer control words of the device controller's memory (RP2040 datasheet, 4.1.2.5): IN, then OUT, per endpoint.
_BUFFER_CONTROL = 0x80
_BUFFER_CONTROL_END = 0x100
_PACKET_NANOS = PACKET_MICROSECONDS * 1000.0


class CdcPipe:
    """Bytes to and from the device.

    Args:
        controller: rp2040py's USB controller.
        clock: the chip's clock.
        came: is given each packet that the device sends.
    """

    def __init__(self, controller: Any, clock: Any, came: Callable[[bytes], None]) -> None:
        self._controller = controller
        self._clock = clock
        self._came = came
        self._cdc: Cdc | None = None
        self._reading = False
        self._held = False
        self._queue = bytearray()
        self._sent = 0
        self._armed: deque[int] = deque()
        self._free_at = 0.0
        self._next = clock.create_alarm(self._send)
        self._native: Callable[[int, int], None] = controller.dpram_updated
        controller.dpram_updated = self._dpram_updated

    @property
    def backlog(self) -> int:
        """Bytes that the device has not taken yet."""
        return len(self._queue) - self._sent

    @property
    def reading(self) -> bool:
        """Whether the device's packets are taken."""
        return self._reading

    def open(self, cdc: Cdc) -> None:
        """The device is about to be configured; nothing is read of it before `read`."""
        self._cdc = cdc

    def reset(self) -> None:
        """The device has gone, and all that was on its way."""
        self._next.cancel()
        self._cdc = None
        self._reading = self._held = False
        self._queue.clear()
        self._sent = 0
        self._armed.clear()

    def discard(self) -> None:
        """Forgets what the device has not taken."""
        self._queue.clear()
        self._sent = 0

    def read(self, wanted: bool) -> None:
        """Whether the device's packets are to be taken, or left with it."""
        self._reading = wanted
        if wanted and self._held and self._cdc is not None:
            self._held = False
            self._native(self._incoming_control(self._cdc), 0)

    def send(self, data: bytes) -> None:
        """Queues bytes for the device; look at `backlog` first."""
        self._queue += data
        self._send()

    def packet_came(self, endpoint: int, packet: bytes) -> None:
        """The device has sent a packet."""
        if self._cdc is not None and endpoint == self._cdc.incoming and packet:
            self._came(bytes(packet))

    def buffer_came(self, endpoint: int, size: int) -> None:
        """The device has room for a packet."""
        if self._cdc is not None and endpoint == self._cdc.outgoing:
            self._armed.append(size)
            self._send()

    def _send(self) -> None:
        """One packet at a time: two in flight would reach a device with two buffers in one."""
        if self._cdc is None or not self._armed or not self.backlog:
            return
        wait = self._free_at - self._clock.nanos
        if wait > 0:
            self._next.schedule(wait)
            return
        size = min(self._armed.popleft(), self._cdc.packet)
        packet = bytes(self._queue[self._sent : self._sent + size])
        self._sent += len(packet)
        if self._sent >= 4096:
            # Not with each packet: that would move the whole queue 64 bytes at a time.
            del self._queue[: self._sent]
            self._sent = 0
        self._free_at = self._clock.nanos + _PACKET_NANOS + 1
        self._controller.endpoint_read_done(self._cdc.outgoing, packet)
        if self._armed:
            self._next.schedule(_PACKET_NANOS + 1)

    def _dpram_updated(self, offset: int, value: int) -> None:
        """The device has written to the controller's memory: every word of every packet comes this way."""
        if not _BUFFER_CONTROL <= offset < _BUFFER_CONTROL_END:
            return
        if not self._reading and self._cdc is not None and offset == self._incoming_control(self._cdc):
            # The packet stays where it is until somebody reads: the device sees NAK.
            self._held = True
            return
        self._native(offset, value)

    @staticmethod
    def _incoming_control(cdc: Cdc) -> int:
        return _BUFFER_CONTROL + 8 * cdc.incoming
