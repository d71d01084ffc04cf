"""The bench: a board with models on it. `Bench.open` gives a `Session`, which is what a test holds in its hand."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from harness.boards.board import Board
from harness.errors import (
    ArenaTooSmall,
    DeviceCrashed,
    DeviceError,
    FlashFailed,
    HarnessError,
    ImageTooLarge,
    InferenceFailed,
    Misuse,
    ModelNotFound,
    ModelRejected,
    ProtocolError,
    SessionClosed,
)
from harness.flash.pack import ModelPack
from harness.measure.arena import Arena
from harness.measure.measurement import Conditions, Measurement
from harness.models.library import ModelLibrary
from harness.protocol.client import Client, OpenedModel
from harness.protocol.messages import Identity
from harness.protocol.payload import crc_text
from harness.tflm.messages import explain_allocation

# Brings numpy and the schema of .tflite files, which a test that opens no model does not wait for.
if TYPE_CHECKING:
    from harness.models.tflite import TfliteModel
    from harness.session import Opened, Session

T = TypeVar("T")
FLASH_POLICIES = ("auto", "always", "never")
_TFLM_LINES = 40


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

    # --- the board ---------------------------------------------------------------------------------------------------

    def prepare(self, models: Iterable[TfliteModel] = ()) -> Flashed:
        """Connects, and brings models onto the board that are not there yet.

        Args:
            models: the models that will be needed, as far as they are known.

        Raises:
            FlashFailed, BoardNotFound, ...: the board cannot be used.
        """
        wanted = _by_name(models)
        always = self._policy == "always" and self._identity is None
        self._ensure_connected()
        missing = [model.name for model in wanted.values() if self._on_board.get(model.name) != crc_text(model.crc32)]
        identity = self.identity
        build = self.board.image(ModelPack()).build
        if not always and not missing and (identity.build == build or self._policy == "never"):
            return Flashed(False, "flashing skipped, unchanged")
        if self._policy == "never":
            raise FlashFailed(
                f"not on the board: {', '.join(missing)}",
                advice="run with --flash auto, or flash the image that has these models",
            )
        # What is on the board and still known stays there: the next run will not need to flash again.
        kept = {name: model for name in self._on_board if (model := self._known(name)) and name not in wanted}
        pack = _pack(wanted, kept)
        self.close_sessions(f"the board was flashed anew to bring {', '.join(missing) or 'its firmware'} onto it")
        self.board.flash(self.board.image(pack))
        self._drop_client()
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
        if self._client is not None and not self._client.usable:
            self.recover()

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
    ) -> Session:
        """Opens a model on the board.

        Args:
            model: a path, or the name of a model in the models folders.
            arena: bytes for the model; None for all that are free.
            preserve_all_tensors: TFLM's option of that name: no tensor's memory is used again, which takes much RAM.
            resource_variables: slots for resource variables; None for as many as the model has.

        Raises:
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
        slots = found.resource_variables if resource_variables is None else resource_variables

        def open_on_device() -> Opened:
            nonlocal arena
            told = self.call(
                lambda client: client.open(
                    found.name, arena=arena, preserve_all_tensors=preserve_all_tensors, resource_variables=slots
                ),
                model=found,
                arena=arena,
            )
            _check_tensors(found, told)
            figures = _arena(told, self.identity.pointer_bits)
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

    def call(self, action: Callable[[Client], T], *, model: TfliteModel, arena: int | None = None) -> T:
        """Does something with the device, and gives its errors their types.

        Raises:
            HarnessError: see `open` and `Session`.
        """
        client = self.client
        mark = client.log.mark()
        try:
            return action(client)
        except DeviceCrashed:
            self._lose_sessions("the device crashed")
            raise
        except DeviceError as error:
            lines = client.log.newest(_TFLM_LINES, since=mark)
            raise _typed(error, model, lines, arena, self.identity.arena_max) from None

    # --- behind them -------------------------------------------------------------------------------------------------

    def _ensure_connected(self) -> None:
        if self._client is not None:
            return
        client = self.board.connect()
        self._identity = client.identify()
        self._on_board = {entry.name: entry.crc for entry in client.models()}
        self._client = client

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


def _arena(told: OpenedModel, pointer_bits: int) -> Arena:
    opened = told.opened
    return Arena(
        size=opened.arena,
        used=opened.used,
        head=opened.head,
        tail=opened.tail,
        categories=opened.categories,
        pointer_bits=pointer_bits,
    )


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


def _by_name(models: Iterable[TfliteModel]) -> dict[str, TfliteModel]:
    named: dict[str, TfliteModel] = {}
    for model in models:
        other = named.setdefault(model.name, model)
        if other.sha256 != model.sha256:
            raise Misuse(f"two different models have the name {model.name!r}", advice="rename one of the files")
    return named


def _pack(wanted: dict[str, TfliteModel], kept: dict[str, TfliteModel]) -> ModelPack:
    chosen = dict(wanted)
    pack = ModelPack((name, model.data) for name, model in chosen.items())
    for name, model in kept.items():
        try:
            pack = ModelPack((name, model.data) for name, model in {**chosen, name: model}.items())
        except ImageTooLarge:
            continue
        chosen[name] = model
    return pack


def _check_tensors(model: TfliteModel, told: OpenedModel) -> None:
    for direction, specs, tensors in (("input", model.inputs, told.inputs), ("output", model.outputs, told.outputs)):
        expected = [(spec.dtype.name, list(spec.shape)) for spec in specs]
        came = [(tensor.dtype, list(tensor.shape)) for tensor in tensors]
        if expected != came:
            raise ProtocolError(
                f"{model.name}: {direction}s {expected} expected from the model's file, the device has {came}",
                advice="the model on the board is not the one on this computer: run with --flash always",
            )


def _typed(error: DeviceError, model: TfliteModel, lines: list[str], requested: int | None, most: int) -> HarnessError:
    """A device's error record as the error that a test can expect.

    Args:
        error: the device's.
        model: what it was about.
        lines: what the device printed.
        requested: arena that was asked for, in bytes; None for all.
        most: arena that there is, in bytes.
    """
    if error.code == "allocate_failed":
        return explain_allocation(lines, arena=requested or most, custom_ops=[op.name for op in model.ops if op.custom])
    if error.code == "no_arena":
        advice = "ask for less, close other sessions, or give them smaller arenas: a session without one takes all"
        return ArenaTooSmall(arena=0, detail=error.message, advice=advice)
    kinds: dict[str, type[HarnessError]] = {
        "model_rejected": ModelRejected,
        "no_model": ModelNotFound,
        "no_session": SessionClosed,
        "missing_input": Misuse,
        "not_invoked": Misuse,
        "too_many_sessions": Misuse,
        "unsupported": Misuse,
        "bad_argument": Misuse,
        "invoke_failed": InferenceFailed,
        "reset_failed": InferenceFailed,
    }
    kind = kinds.get(error.code)
    return error if kind is None else kind(f"{model.name}: {error.message}", log=lines)
