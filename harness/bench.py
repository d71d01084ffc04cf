"""The bench: a board with models on it. `Bench.open` gives a `Session`, which is what a test holds in its hand."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from harness.answers import arena_figures, check_tensors, typed_error
from harness.boards.board import Board
from harness.errors import (
    DeviceCrashed,
    DeviceError,
    DeviceTimeout,
    FlashFailed,
    HarnessError,
    LinkLost,
    Misuse,
    NoFirmware,
    ProtocolError,
    WrongEngine,
)
from harness.flash.choice import by_name, pack_of
from harness.flash.pack import ModelPack
from harness.measure.measurement import Conditions, Measurement
from harness.models.library import ModelLibrary
from harness.protocol.client import Client
from harness.protocol.devicelog import Kind
from harness.protocol.messages import Identity
from harness.protocol.payload import crc_text

# Brings numpy and the schema of .tflite files, which a test that opens no model does not wait for.
if TYPE_CHECKING:
    from harness.models.tflite import TfliteModel
    from harness.session import Opened, Session

T = TypeVar("T")
FLASH_POLICIES = ("auto", "always", "never")
_TFLM_LINES = 40
_SHOWN_LINES = 12


@dataclass(frozen=True)
class Flashed:
    """What `Bench.prepare` did."""

    done: bool
    text: str


class Bench:
    """A board, the models that are on it, and the sessions that are open.

    Args:
        board: the board; the bench flashes and connects it on first use.
        library: where models are found.
        flash: "auto" flashes only if something that is needed is not on the board, "always" at the first use too,
            "never" not at all.
        on_measurement: told of the figures of every session that is opened.

    Attributes:
        notices: what the board told that is nobody's error, such as a crash before the run.
    """

    def __init__(
        self,
        board: Board,
        library: ModelLibrary,
        *,
        flash: str = "auto",
        on_measurement: Callable[[Measurement], None] = lambda measurement: None,
    ) -> None:
        if flash not in FLASH_POLICIES:
            raise Misuse(f"flash policy {flash!r}: one of {', '.join(FLASH_POLICIES)} expected")
        self.board = board
        self.library = library
        self.on_measurement = on_measurement
        self._policy = flash
        self._client: Client | None = None
        self._identity: Identity | None = None
        self._on_board: dict[str, str] = {}
        self._sessions: list[Session] = []
        self._asked_for_crash: Client | None = None
        self.notices: list[str] = []

    # --- the board ---------------------------------------------------------------------------------------------------

    def prepare(self, models: Iterable[TfliteModel] = ()) -> Flashed:
        """Connects, and brings models onto the board that are not there yet.

        Args:
            models: the models that will be needed, as far as they are known.

        Raises:
            FlashFailed, BoardNotFound, ...: the board cannot be used.
        """
        wanted = by_name(models)
        always = self._policy == "always" and self._identity is None
        build = self.board.image(ModelPack()).build
        try:
            self._ensure_connected()
        except (NoFirmware, DeviceTimeout, ProtocolError):
            # An empty flash, or what is in it is not this firmware. There is nothing to find out before flashing.
            if self._policy == "never" or not self.board.image(ModelPack()).firmware:
                raise
            return self._flash(pack_of(wanted, {}), build)
        missing = [model.name for model in wanted.values() if self._on_board.get(model.name) != crc_text(model.crc32)]
        if not always and not missing and (self.identity.build == build or self._policy == "never"):
            return Flashed(False, "flashing skipped, unchanged")
        if self._policy == "never":
            raise FlashFailed(
                f"not on the board: {', '.join(missing)}",
                advice="run with --flash auto, or flash the image that has these models",
            )
        # What is on the board and still known stays there: the next run will not need to flash again.
        kept = {name: model for name in self._on_board if (model := self._known(name)) and name not in wanted}
        pack = pack_of(wanted, kept)
        self.close_sessions(f"the board was flashed anew to bring {', '.join(missing) or 'its firmware'} onto it")
        return self._flash(pack, build)

    def _flash(self, pack: ModelPack, build: str) -> Flashed:
        # The board closes its port: a client that is still here would be one without a line, if this fails.
        self._drop_client()
        self.board.flash(self.board.image(pack))
        self._ensure_connected()
        if self.identity.build != build or self.identity.pack_crc != crc_text(pack.crc):
            raise FlashFailed(
                f"firmware {build} with models {crc_text(pack.crc)} expected after flashing, the board answers with "
                f"{self.identity.build} and {self.identity.pack_crc}",
                advice="flash with --flash always; if it stays so, the board does not keep what is written to it",
            )
        return Flashed(True, f"flashed {len(pack.entries)} models, {len(pack.encode()):,} bytes")

    def ensure_ready(self) -> None:
        """Makes sure that the board works; brings it back if the last command was left without its answer.

        Raises:
            HarnessError: it cannot be brought back.
        """
        try:
            self._ensure_connected()
            if self.client.usable:
                return
        except HarnessError as error:
            self.board.log.add(Kind.LOG, [f"(harness) {error.message}".encode()])
        try:
            self.recover()
        except NoFirmware:
            # A flashing that failed has left none. It is done again, with all that was there before.
            if self._policy == "never":
                raise
            self.prepare([model for name in self._on_board if (model := self._known(name))])

    def recover(self) -> None:
        """Restarts the board by force. Open sessions are lost.

        Raises:
            HarnessError: it cannot be brought back.
        """
        self._lose_sessions("the board was restarted")
        self._drop_client()
        self.board.recover()
        self._ensure_connected()

    @property
    def client(self) -> Client:
        """The line to the device, for what sessions do not offer.

        Raises:
            HarnessError: the board cannot be reached.
        """
        self._ensure_connected()
        assert self._client is not None
        return self._client

    @property
    def unanswered(self) -> str | None:
        """The command that the device was sent and has not answered, or None."""
        return None if self._client is None else self._client.unanswered

    @property
    def identity(self) -> Identity:
        """What the device says of itself.

        Raises:
            HarnessError: the board cannot be reached.
        """
        self._ensure_connected()
        assert self._identity is not None
        return self._identity

    @property
    def conditions(self) -> Conditions:
        """The conditions of every measurement on this bench.

        Raises:
            HarnessError: the board cannot be reached.
        """
        told = self.identity
        return Conditions(
            kind=self.board.kind,
            serial=told.serial,
            engine=told.engine,
            chip=told.chip,
            clock_hz=told.clock_hz,
            pointer_bits=told.pointer_bits,
            build=told.build,
            tflm=told.tflm,
            compiler=told.compiler,
        )

    def close(self) -> None:
        """Ends all sessions and lets the board go."""
        self._lose_sessions("the bench was closed")
        self._drop_client()
        self.board.close()

    # --- sessions ----------------------------------------------------------------------------------------------------

    def open(
        self,
        model: str | Path | TfliteModel,
        *,
        arena: int | None = None,
        preserve_all_tensors: bool = False,
        resource_variables: int | None = None,
        categories: bool = False,
    ) -> Session:
        """Opens a model on the board.

        Args:
            model: a path, or the name of a model in the models folders.
            arena: bytes for the model; None for all that are free.
            preserve_all_tensors: TFLM's option of that name: no tensor's memory is used again, which takes much RAM.
            resource_variables: slots for resource variables; None for as many as the model has.
            categories: have `Session.arena.categories` filled; on a device it costs about 100 bytes of arena, which
                `Session.arena.used` then has in it.

        Raises:
            WrongEngine: the firmware on the board runs no models.
            ModelNotFound, ModelRejected, UnsupportedOp, ArenaTooSmall, InferenceFailed: TFLM cannot have it.
            DeviceCrashed: the device died of it.
        """
        from harness.models.tflite import TfliteModel
        from harness.session import Opened, Session

        found = model if isinstance(model, TfliteModel) else self.library.find(model)
        if arena is not None:
            arena = _size(arena)
        clash = next((s for s in self._sessions if s.open and _other_of_that_name(s.model, found)), None)
        if clash is not None:
            raise Misuse(f"two different models have the name {found.name!r}, and one is open", advice="rename one")
        self.prepare([found])
        self._demand_inference()
        slots = found.resource_variables if resource_variables is None else resource_variables

        def open_on_device() -> Opened:
            nonlocal arena
            told = self.call(
                lambda client: client.open(
                    found.name,
                    arena=arena,
                    preserve_all_tensors=preserve_all_tensors,
                    resource_variables=slots,
                    categories=categories,
                ),
                model=found,
                arena=arena,
            )
            check_tensors(found, told)
            figures = arena_figures(told, self.identity.pointer_bits)
            # Opened again, it gets as much as the first time, whatever is free then.
            arena = figures.size
            measurement = Measurement(found.name, found.sha256, self.conditions, figures)
            self.on_measurement(measurement)
            return Opened(told.opened.session, figures, measurement)

        session = Session(self.call, found, open_on_device)
        self._sessions.append(session)
        return session

    def close_sessions(self, why: str = "it was closed") -> None:
        """Closes all sessions that are open; on a device that no longer answers they are given up.

        Args:
            why: what whoever uses one of them later is told.
        """
        for session in self._sessions:
            try:
                if self._client is not None and self._client.usable:
                    session.close(why)
            except HarnessError:
                # The device's trouble was or will be reported by a call that a test made.
                break
        self._lose_sessions(why)

    def call(self, action: Callable[[Client], T], *, model: TfliteModel | None = None, arena: int | None = None) -> T:
        """Does something with the device, and gives its errors their types.

        Args:
            action: what to do.
            model: what it is about; None if no model is.
            arena: what was asked for, in bytes; None for all.

        Raises:
            HarnessError: see `open` and `Session`.
        """
        client = self.client
        mark = client.log.mark()
        try:
            return action(client)
        except DeviceCrashed as error:
            self._lose_sessions("the device crashed")
            raise DeviceCrashed(
                error.reason, command=error.command, conditions=self.conditions.describe(), log=error.log
            ) from None
        except DeviceError as error:
            if model is None:
                raise
            lines = client.log.newest(_TFLM_LINES, since=mark)
            raise typed_error(error, model, lines, arena, self.identity.arena_max) from None
        except (LinkLost, DeviceTimeout, ProtocolError) as error:
            if client.usable:
                raise
            said = client.log.newest(_SHOWN_LINES, since=mark) or list(error.log)
            raise self._crash_behind(error, client, said) from None

    # --- behind them -------------------------------------------------------------------------------------------------

    def _ensure_connected(self) -> None:
        if self._client is not None:
            return
        client = self.board.connect()
        identity = client.identify()
        if client.crash is not None:
            from harness.crash.report import summarize_crash

            # From before the run, or of a command that was given up: no test that comes now has caused it.
            words = summarize_crash(client.crash, identity, self.board.firmware)
            self.notices.append(f"the board had crashed before it was asked: {words}")
            self.board.log.add(Kind.LOG, [f"(harness) {self.notices[-1]}".encode()])
        self._go_on_with(client, identity)

    def _go_on_with(self, client: Client, identity: Identity) -> None:
        self._on_board = {entry.name: entry.crc for entry in client.models()}
        self._client, self._identity = client, identity

    def _crash_behind(self, error: HarnessError, client: Client, lines: Iterable[str]) -> HarnessError:
        """The crash that left a command without its answer, if the device tells of one; else the error itself."""
        if client is self._asked_for_crash:
            return error
        self._asked_for_crash = client
        from harness.crash.report import explain_crash
        from harness.crash.search import find_crash

        command, conditions = client.unanswered or "", self.conditions.describe()
        found = find_crash(self.board, error)
        if isinstance(found, str):
            if isinstance(error, LinkLost):
                error.message += f"; {found}"
            return error
        self._lose_sessions("the device crashed")
        self._drop_client()
        crashed = explain_crash(
            found.crash,
            found.identity,
            self.board.firmware,
            command=command,
            conditions=conditions,
            log=lines,
        )
        try:
            self._go_on_with(found.client, found.identity)
        except HarnessError:
            # The next test connects anew, and will say what is wrong.
            found.client.close()
        return crashed

    def _demand_inference(self) -> None:
        engine = self.identity.engine
        if engine == "loopback":
            raise WrongEngine(
                "a firmware that runs models expected, this one is the loopback engine: built with ENGINE=loopback"
            )
        if engine != "tflm":
            raise WrongEngine(f"a firmware with engine tflm expected, this one has {engine!r}")

    def _drop_client(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _lose_sessions(self, why: str) -> None:
        for session in self._sessions:
            session.lose(why)
        self._sessions.clear()

    def _known(self, name: str) -> TfliteModel | None:
        try:
            return self.library.find(name)
        except HarnessError:
            return None


def _size(arena: object) -> int:
    try:
        # Any integer will do, numpy's too; bool is one by accident.
        size = 0 if isinstance(arena, bool) else operator.index(arena)  # type: ignore[arg-type]
    except TypeError:
        size = 0
    if size <= 0:
        raise Misuse(f"arena: a positive number of bytes expected, {arena!r} came")
    return size


def _other_of_that_name(model: TfliteModel, other: TfliteModel) -> bool:
    return model.name == other.name and model.sha256 != other.sha256
