"""The bench: a board with models on it. `Bench.open` gives a `Session`, which is what a test holds in its hand."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from harness.abilities import Abilities
from harness.answers import arena_figures, check_engine, check_tensors, conditions_of, typed_error
from harness.boards.board import Board
from harness.connection import Connection
from harness.errors import (
    DeviceCrashed,
    DeviceError,
    DeviceTimeout,
    HarnessError,
    LinkLost,
    NoFirmware,
    ProtocolError,
)
from harness.measure.arena import checked_size
from harness.measure.measurement import Conditions, Measurement
from harness.models.library import ModelLibrary
from harness.open_sessions import OpenSessions
from harness.protocol.client import OPEN_SECONDS, Client
from harness.protocol.devicelog import Kind
from harness.protocol.messages import Identity
from harness.provision import Flashed, Provision

# A run does not wait for what it does not need: numpy and the schema of .tflite files if no model is opened, and what
# reads symbols if nothing crashes, are imported where they are used.
if TYPE_CHECKING:
    from harness.models.steps import Step
    from harness.models.tflite import TfliteModel
    from harness.session import Opened, Session

T = TypeVar("T")
_TFLM_LINES = 40
_SHOWN_LINES = 12


class Bench(Abilities):
    """A board, the models that are on it, and the sessions that are open.

    Args:
        board: the board; the bench flashes and connects it on first use.
        library: where models are found.
        flash: when it may be flashed; see `Provision`.
        on_measurement: told of the figures of every session that is opened.

    Attributes:
        minimum_arenas: smallest arenas that were found, in bytes; kept for harness.experiments.arena.
    """

    def __init__(
        self,
        board: Board,
        library: ModelLibrary,
        *,
        flash: str = "auto",
        on_measurement: Callable[[Measurement], None] = lambda measurement: None,
    ) -> None:
        self.board = board
        self.library = library
        self.on_measurement = on_measurement
        self._line = Connection(board)
        self._provision = Provision(board, self._line, library, flash)
        self._sessions = OpenSessions()
        self._asked_for_crash: Client | None = None
        self.minimum_arenas: dict[Hashable, int] = {}

    @property
    def notices(self) -> list[str]:
        """What the board told that is nobody's error, such as a crash before the run."""
        return self._line.notices

    # --- the board ---------------------------------------------------------------------------------------------------

    def prepare(self, models: Iterable[TfliteModel] = ()) -> Flashed:
        """Connects, and brings models onto the board that are not there yet.

        Args:
            models: the models that will be needed, as far as they are known.

        Raises:
            FlashFailed, BoardNotFound, ...: the board cannot be used.
        """
        return self._provision.bring(models, before_flashing=self.close_sessions)

    def ensure_ready(self) -> None:
        """Makes sure that the board works; brings it back if the last command was left without its answer.

        Raises:
            HarnessError: it cannot be brought back.
        """
        if self.board.unproved and self._provision.allowed:
            # Starting it would be running what nobody knows.
            self._sessions.lose("the board had to be flashed anew")
            self._provision.restore()
            return
        try:
            self._line.ensure()
            if self.client.usable:
                return
        except HarnessError as error:
            self.board.log.add(Kind.LOG, [f"(harness) {error.message}".encode()])
        try:
            self.recover()
        except NoFirmware:
            # A flashing that failed has left none. It is done again, with all that was there before.
            if not self._provision.allowed:
                raise
            self._provision.restore()

    def recover(self) -> None:
        """Restarts the board by force. Open sessions are lost.

        Raises:
            HarnessError: it cannot be brought back.
        """
        self._sessions.lose("the board was restarted")
        self._line.drop()
        self.board.recover()
        self._line.ensure()

    def relink(self) -> None:
        """Has the board leave USB and come back, without a restart. Sessions go on.

        Raises:
            Misuse: the board lacks this ability.
            LinkLost: it came back, but not as it was.
            HarnessError: it does not come back.
        """
        before = self.identity
        self.call(lambda client: client.relink())
        self._line.drop()
        self._line.ensure()
        if (self.identity.build, self.identity.serial) != (before.build, before.serial) or self.identity.crash:
            self._sessions.lose("the board did not come back as it was")
            raise LinkLost("after `relink` another board, another firmware or one that had crashed came back")

    @property
    def client(self) -> Client:
        """The line to the device, for what sessions do not offer.

        Raises:
            HarnessError: the board cannot be reached.
        """
        return self._line.client

    @property
    def unanswered(self) -> str | None:
        """The command that the device was sent and has not answered, or None."""
        return self._line.unanswered

    @property
    def identity(self) -> Identity:
        """What the device says of itself.

        Raises:
            HarnessError: the board cannot be reached.
        """
        return self._line.identity

    @property
    def conditions(self) -> Conditions:
        """The conditions of every measurement on this bench.

        Raises:
            HarnessError: the board cannot be reached.
        """
        return conditions_of(self.board.kind, self.identity)

    def close(self) -> None:
        """Ends all sessions and lets the board go."""
        self._sessions.lose("the bench was closed")
        self._line.drop()
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
        verify: bool = False,
        timeout: float = OPEN_SECONDS,
    ) -> Session:
        """Opens a model on the board.

        Args:
            model: a path, or the name of a model in the models folders.
            arena: bytes for the model; None for all that are free.
            preserve_all_tensors: TFLM's option of that name: no tensor's memory is used again, which takes much RAM.
            resource_variables: slots for resource variables; None for as many as the model has.
            categories: have `Session.arena.categories` filled; on a device it costs about 100 bytes of arena, which
                `Session.arena.used` then has in it.
            verify: make sure first that the model computes in this arena what it computes in all that is free.
            timeout: seconds that opening may take.

        Raises:
            WrongEngine: the firmware on the board runs no models.
            ModelNotFound, ModelRejected, UnsupportedOp, ArenaTooSmall, InferenceFailed: TFLM cannot have it.
            ArenaCorrupts: `verify` has found that it does not.
            DeviceCrashed: the device died of it.
        """
        from harness.session import Opened, Session

        found = self.library.find(model) if isinstance(model, str | PathLike) else model
        if arena is not None:
            arena = checked_size(arena)
        self._sessions.demand_name(found)
        self.prepare([found])
        check_engine(self.identity)
        slots = found.resource_variables if resource_variables is None else resource_variables
        if verify:
            from harness.experiments.arena import Opening, verify_arena

            verify_arena(self, found, arena, opening=Opening(preserve_all_tensors, slots))

        options = {
            "arena": arena or 0,
            "preserve_all_tensors": preserve_all_tensors,
            "resource_variables": resource_variables or 0,
            "categories": categories,
        }

        def open_on_device(size: int | None) -> Opened:
            nonlocal arena
            arena = arena if size is None else checked_size(size)
            told = self.call(
                lambda client: client.open(
                    found.name,
                    arena=arena,
                    preserve_all_tensors=preserve_all_tensors,
                    resource_variables=slots,
                    categories=categories,
                    seconds=timeout,
                ),
                model=found,
                arena=arena,
            )
            check_tensors(found, told)
            figures = arena_figures(told, self.identity.pointer_bits)
            # Opened again, it gets as much as the first time, whatever is free then.
            arena = figures.size
            measurement = Measurement(
                found.name,
                found.sha256,
                self.conditions,
                figures,
                model_bytes=len(found.data),
                options={name: value for name, value in options.items() if value},
            )
            self.on_measurement(measurement)
            return Opened(told.opened.session, figures, measurement)

        def minimum_arena(steps: list[Step] | None) -> int:
            from harness.experiments.arena import Opening, minimum_arena

            minimum = minimum_arena(self, found, sequence=steps, opening=Opening(preserve_all_tensors, slots))
            # The board may have lost it, and restarted.
            self._sessions.add(session)
            return minimum

        session = Session(self.call, found, open_on_device, minimum_arena, self)
        self._sessions.add(session)
        return session

    @property
    def has_open_sessions(self) -> bool:
        """Whether a session is open on the board."""
        return self._sessions.any_open

    def close_sessions(self, why: str = "it was closed") -> None:
        """Closes all sessions that are open; on a device that no longer answers they are given up.

        Args:
            why: what whoever uses one of them later is told.
        """
        if self._line.usable:
            self._sessions.close(why)
        else:
            self._sessions.lose(why)

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
            self._sessions.lose("the device crashed")
            raise DeviceCrashed(
                error.reason, command=error.command, conditions=self.conditions.describe(), log=error.log
            ) from None
        except DeviceError as error:
            if model is None:
                raise
            lines = client.log.newest(_TFLM_LINES, since=mark)
            raise typed_error(error, model, lines, arena, self.identity.arena_max) from None
        except (LinkLost, DeviceTimeout, ProtocolError) as error:
            # It is asked once: a test that goes on is not made to wait again.
            if client.usable or client is self._asked_for_crash:
                raise
            said = client.log.newest(_SHOWN_LINES, since=mark) or list(error.log)
            raise self._cause_of(error, client, said) from None

    # --- behind them -------------------------------------------------------------------------------------------------

    def _cause_of(self, error: HarnessError, client: Client, lines: Iterable[str]) -> HarnessError:
        """What to tell of a command that was left without its answer. Goes on with a device that is back."""
        from harness.crash.cause import find_cause

        self._asked_for_crash = client
        cause = find_cause(
            error,
            self.board,
            command=client.unanswered or "",
            conditions=self.conditions.describe(),
            log=lines,
        )
        if cause.back is None:
            return cause.error
        self._sessions.lose("the device crashed")
        self._line.drop()
        try:
            self._line.go_on_with(cause.back.client, cause.back.identity)
        except HarnessError:
            # The next test connects anew, and will say what is wrong.
            cause.back.client.close()
        return cause.error
