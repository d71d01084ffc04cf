"""What is on a board: its firmware and the models that tests need, brought there if they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.boards.board import Board
from harness.connection import Connection
from harness.errors import DeviceTimeout, FlashFailed, HarnessError, LinkLost, Misuse, NoFirmware, ProtocolError
from harness.flash.choice import by_name, pack_of
from harness.flash.pack import ModelPack
from harness.models.library import ModelLibrary
from harness.protocol.payload import crc_text

if TYPE_CHECKING:
    from harness.models.tflite import TfliteModel

FLASH_POLICIES = ("auto", "always", "never")


@dataclass(frozen=True)
class Flashed:
    """What `Provision.bring` did."""

    done: bool
    text: str


class Provision:
    """Flashes a board, where that is needed and allowed.

    Args:
        board: the board.
        line: the line to its firmware; dropped for flashing, and made anew.
        library: where models are found.
        policy: "auto" flashes only if something that is needed is not on the board, "always" at the first use too,
            "never" not at all.

    Raises:
        Misuse: there is no such policy.
    """

    def __init__(self, board: Board, line: Connection, library: ModelLibrary, policy: str) -> None:
        if policy not in FLASH_POLICIES:
            raise Misuse(f"flash policy {policy!r}: one of {', '.join(FLASH_POLICIES)} expected")
        self._board = board
        self._line = line
        self._library = library
        self._policy = policy

    def bring(self, models: Iterable[TfliteModel], *, before_flashing: Callable[[str], None]) -> Flashed:
        """Connects, and brings models onto the board that are not there yet.

        Args:
            models: the models that will be needed, as far as they are known.
            before_flashing: ends what uses the board, which works; it is told why.

        Raises:
            FlashFailed, BoardNotFound, ...: the board cannot be used.
        """
        wanted = by_name(models)
        always = self._policy == "always" and not self._line.made_before
        build = self._board.image(ModelPack()).build
        try:
            self._line.ensure()
        except (NoFirmware, DeviceTimeout, LinkLost, ProtocolError) as error:
            if self.allowed and self._board.image(ModelPack()).firmware:
                # An empty flash, or what is in it is not this firmware. There is nothing to find out before flashing.
                return self._flash(pack_of(wanted, {}), build)
            if isinstance(error, NoFirmware):
                raise
            # A board that hangs from before may have the right one.
            self._line.drop()
            self._board.recover()
            self._line.ensure()
        missing = [model.name for model in wanted.values() if self._line.lacks(model.name, model.crc32)]
        unproved = self._board.unproved
        if not (always or missing or unproved) and (self._line.identity.build == build or not self.allowed):
            return Flashed(False, "flashing skipped, unchanged")
        if not self.allowed:
            raise FlashFailed(
                f"not on the board: {', '.join(missing)}"
                if missing
                else f"{self._board.name}: a board whose last flashing was proved expected, that of this one was not",
                advice="run with --flash auto, or flash the image that has these models",
            )
        if not self._board.flashable:
            # Before sessions are ended for it.
            self._board.flash(self._board.image(pack_of({name: wanted[name] for name in missing}, {})))
        # What is on the board and still known stays there: the next run will not need to flash again.
        kept = {name: model for name, model in self._known().items() if name not in wanted}
        pack = pack_of(wanted, kept)
        before_flashing(f"the board was flashed anew to bring {', '.join(missing) or 'its firmware'} onto it")
        return self._flash(pack, build)

    @property
    def allowed(self) -> bool:
        """Whether the board may be flashed at all."""
        return self._policy != "never"

    def restore(self) -> None:
        """Flashes what was there before, after a flashing that failed has left no firmware.

        Raises:
            FlashFailed, BoardNotFound, ...: the board cannot be used.
        """
        self.bring(self._known().values(), before_flashing=lambda why: None)

    def _known(self) -> dict[str, TfliteModel]:
        """The models on the board that are still to be found, as they are now."""
        found = {}
        for name in self._line.models:
            try:
                found[name] = self._library.find(name)
            except HarnessError:
                continue
        return found

    def _flash(self, pack: ModelPack, build: str) -> Flashed:
        # The board closes its port: a client that is still here would be one without a line, if this fails.
        self._line.drop()
        image = self._board.image(pack)
        self._board.flash(image)
        self._line.ensure()
        told = self._line.identity
        if told.build != build or told.pack_crc != crc_text(pack.crc):
            raise FlashFailed(
                f"firmware {build} with models {crc_text(pack.crc)} expected after flashing, the board answers with "
                f"{told.build} and {told.pack_crc}",
                advice="flash with --flash always; if it stays so, the board does not keep what is written to it",
            )
        count = len(pack.entries)
        with_firmware = f"firmware {build} and " if image.firmware else ""
        return Flashed(True, f"flashed {with_firmware}{count} model{'s'[: count != 1]} ({len(pack.encode()):,} bytes)")
