"""A board behind a server of serial ports, as the harness sees it: a line to firmware that is there already."""

from __future__ import annotations

import contextlib
from urllib.parse import urlsplit

from harness.boards.board import Board
from harness.boards.pico.waiting import poll
from harness.deadline import Deadline
from harness.errors import BoardNotFound, DeviceTimeout, FlashFailed, LinkLost, ProtocolError
from harness.flash.firmware import Firmware
from harness.flash.image import Image
from harness.flash.pack import ModelPack
from harness.protocol.client import Client
from harness.protocol.link import Link
from harness.protocol.url_transport import SCHEMES, open_transport

# A Pico that restarts is away for some seconds, and its server has to open its port again.
_BACK_SECONDS = 20.0
_IDENTIFY_SECONDS = 5.0
_PAUSE_SECONDS = 0.2
_WHERE_TO_FLASH = "flash it on the computer that it is plugged into: `tflm-hil flash BOARD MODEL.tflite ...`"


def is_remote(text: str) -> bool:
    """Whether `--board TEXT` names a board on another computer."""
    return text.startswith(SCHEMES)


class RemoteBoard(Board):
    """A Pico on another computer.

    It can neither be flashed over its serial port nor, once it hangs, be restarted: that takes the computer that it is
    plugged into.

    Args:
        url: `rfc2217://HOST:PORT` or `socket://HOST:PORT`.
        firmware: the one that must be on it; None for any.

    Raises:
        BoardNotFound: the URL names no port.
    """

    kind = "pico"
    flashable = False

    def __init__(self, url: str, firmware: Firmware | None = None) -> None:
        super().__init__()
        _check(url)
        self.name = self.place = url
        self.firmware = firmware
        self._client: Client | None = None
        # A client that was opened to see what is there; the next `connect` hands it on.
        self._spare: Client | None = None
        self._build: str | None = None

    def image(self, pack: ModelPack) -> Image:
        return Image(build=self._own_build(), firmware=b"", pack=pack)

    def flash(self, image: Image) -> None:
        models = ", ".join(entry.name for entry in image.pack.entries)
        what = f"not on the board: {models}" if models else f"firmware {image.build} expected, the board has another"
        raise FlashFailed(f"{self.name}: {what}; over its serial port it cannot be flashed", advice=_WHERE_TO_FLASH)

    def connect(self) -> Client:
        spare, self._spare = self._spare, None
        if spare is not None and spare.usable:
            self._client = spare
            return spare
        self._close_clients()
        self._client = self._open() if self._build is None else self._return()
        return self._client

    def recover(self) -> None:
        self._close_clients()
        client = self._return()
        if client.crash is None:
            # It only lost its line: what was open on it still is. Whether it restarts is seen when it is back.
            with contextlib.suppress(LinkLost, DeviceTimeout, ProtocolError):
                client.reboot()
            client.close()
            client = self._return()
        self._spare = client

    def close(self) -> None:
        self._close_clients()

    def _own_build(self) -> str:
        """The build of the firmware that must be there, or else of what is there."""
        if self.firmware is not None:
            return self.firmware.build
        if self._build is None:
            self._spare = self._open()
            self._build = self._spare.identify(seconds=_IDENTIFY_SECONDS).build
        return self._build

    def _open(self) -> Client:
        return Client(Link(open_transport(self.name), self.log))

    def _return(self) -> Client:
        """A client for a board that was there before, and may be on its way back.

        Raises:
            LinkLost: it does not come back.
        """
        said = ""

        def attempt() -> Client | None:
            nonlocal said
            client = None
            try:
                client = self._open()
                client.identify(seconds=_IDENTIFY_SECONDS)
            except (BoardNotFound, LinkLost, DeviceTimeout, ProtocolError) as error:
                said = error.message
                if client is not None:
                    client.close()
                return None
            return client

        client = poll(attempt, Deadline(_BACK_SECONDS), pause=_PAUSE_SECONDS)
        if client is None:
            raise LinkLost(
                f"{self.name} does not answer: {said}",
                advice="restart the board on the computer that it is plugged into, and look after the server there",
            )
        return client

    def _close_clients(self) -> None:
        for client in (self._client, self._spare):
            if client is not None:
                client.close()
        self._client = self._spare = None


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        complete = bool(parts.hostname and parts.port)
    except ValueError:
        complete = False
    if not complete:
        raise BoardNotFound(f"rfc2217://HOST:PORT or socket://HOST:PORT expected, {url[:200]!r} came")
