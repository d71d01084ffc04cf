"""The reader thread: drains a transport all the time and hands records to whoever waits for them."""

from __future__ import annotations

import queue
import threading

from harness.deadline import Deadline
from harness.errors import DeviceTimeout, HarnessError, LinkLost, ProtocolError, RecordLost
from harness.protocol.command import Command
from harness.protocol.devicelog import DeviceLog, Kind, printable
from harness.protocol.record import NUMBER_MODULUS, Record
from harness.protocol.stream import CorruptRecord, Item, LogLines, StreamParser
from harness.protocol.transport import Transport

# A device that floods its host with records is broken; without a bound it would eat the host's memory.
MAX_UNREAD_RECORDS = 10_000
_JOIN_SECONDS = 5.0


class Link:
    """A transport with its reader thread.

    A failure of the link is sticky: whoever waits gets it at once, and so does every later call.

    Args:
        transport: an open port; closed by `close`.
        log: takes every line, record and command.
    """

    def __init__(self, transport: Transport, log: DeviceLog) -> None:
        self.name = transport.name
        self.log = log
        self.failure: HarnessError | None = None
        self._transport = transport
        self._parser = StreamParser()
        self._expected: int | None = None
        self._trusted = False
        self._inbox: queue.SimpleQueue[Record | HarnessError] = queue.SimpleQueue()
        self._listening = False
        self._closing = False
        self._command: Command | None = None
        self._thread = threading.Thread(target=self._run, name=f"reader of {transport.name}", daemon=True)
        self._thread.start()

    def listen(self, command: Command) -> None:
        """From here on records are kept for `receive`; what came before is forgotten.

        Args:
            command: what will be sent. Until a record answers one of our commands, broken records and gaps are passed
                over: they may be the end of what the device had to say to the client before us.

        Raises:
            HarnessError: the failure that the link has had.
        """
        if self._closing:
            raise LinkLost(f"port {self.name} was closed by this program")
        while not self._inbox.empty():
            self._inbox.get_nowait()
        self._command = command
        self._listening = True
        if self.failure is not None:
            raise self.failure.with_traceback(None)

    def ignore(self) -> None:
        """Records are logged, but no longer kept."""
        self._listening = False

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Writes bytes.

        Raises:
            LinkLost: the port hung up.
            DeviceTimeout: the device does not read.
        """
        self._transport.write(data, deadline)

    def receive(self, deadline: Deadline) -> Record | None:
        """The next record, or None when the time is up.

        Raises:
            HarnessError: the link failed.
        """
        try:
            item = self._inbox.get(timeout=deadline.remaining())
        except queue.Empty:
            return None
        if isinstance(item, HarnessError):
            raise item.with_traceback(None)
        return item

    def await_hang_up(self, deadline: Deadline) -> None:
        """Waits until the port is gone.

        Raises:
            DeviceTimeout: it stayed.
        """
        self._thread.join(deadline.remaining())
        if self._thread.is_alive():
            raise DeviceTimeout(f"port {self.name} to go away", deadline.seconds)

    def close(self) -> None:
        """Ends the thread and closes the port; a second call does nothing."""
        if self._closing:
            return
        self._closing = True
        self._transport.wake()
        self._thread.join(_JOIN_SECONDS)
        if not self._thread.is_alive():
            self._transport.close()

    def _fail(self, error: HarnessError) -> None:
        if self.failure is None:
            self.failure = error
        self._inbox.put(error)

    def _run(self) -> None:
        try:
            self._read()
        # Whatever goes wrong here, a reader that died unsaid would make every wait run its full time.
        except Exception as error:  # noqa: BLE001
            self._fail(ProtocolError(f"the reader of {self.name} failed: {type(error).__name__}: {error}"))

    def _read(self) -> None:
        while True:
            try:
                data = self._transport.read()
            except LinkLost as error:
                self._take(self._parser.flush())
                self._fail(error)
                return
            if self._closing:
                return
            self._take(self._parser.feed(data))

    def _take(self, items: list[Item]) -> None:
        for item in items:
            if isinstance(item, LogLines):
                self.log.add(Kind.LOG, item.lines)
            elif isinstance(item, CorruptRecord):
                self.log.add(Kind.RECORD, [item.raw])
                if self._trusted:
                    self._fail(ProtocolError(f"broken record ({item.reason}): {printable(item.raw)!r}"))
            else:
                self.log.add(Kind.RECORD, [item.raw])
                if not self._trusted and self._command is not None and self._command.answered_by(item.record):
                    self._trusted = True
                    self._expected = None
                self._number(item.record["n"])
                if self._listening:
                    if self._inbox.qsize() > MAX_UNREAD_RECORDS:
                        self._fail(ProtocolError(f"more than {MAX_UNREAD_RECORDS} records that nobody asked for"))
                        self._listening = False
                    self._inbox.put(item.record)

    def _number(self, number: int) -> None:
        if self._trusted and self._expected is not None and number != self._expected:
            self._fail(RecordLost(self._expected, number))
        self._expected = (number + 1) % NUMBER_MODULUS
