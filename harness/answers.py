"""What a device's answers mean for a test: conditions, typed errors, tensors as the model's file has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import (
    ArenaTooSmall,
    DeviceError,
    HarnessError,
    InferenceFailed,
    Misuse,
    ModelNotFound,
    ModelRejected,
    ProtocolError,
    SessionClosed,
    WrongEngine,
)
from harness.measure.arena import Arena
from harness.measure.measurement import Conditions
from harness.protocol.client import OpenedModel
from harness.protocol.messages import Identity
from harness.tflm.messages import explain_allocation

if TYPE_CHECKING:
    from harness.models.tflite import TfliteModel


def conditions_of(kind: str, told: Identity) -> Conditions:
    """The conditions of measurements on a device, as it tells them.

    Args:
        kind: the board's, which an emulated Pico does not know.
        told: all else.
    """
    return Conditions(
        kind=kind,
        serial=told.serial,
        engine=told.engine,
        chip=told.chip,
        clock_hz=told.clock_hz,
        pointer_bits=told.pointer_bits,
        build=told.build,
        tflm=told.tflm,
        compiler=told.compiler,
        target=told.board,
        kernels=told.kernels,
    )


def check_engine(told: Identity) -> None:
    """Sees that the firmware can run models.

    Raises:
        WrongEngine: it cannot.
    """
    if told.engine == "loopback":
        raise WrongEngine(
            "a firmware that runs models expected, this one is the loopback engine: built with ENGINE=loopback"
        )
    if told.engine != "tflm":
        raise WrongEngine(f"a firmware with engine tflm expected, this one has {told.engine!r}")


def arena_figures(told: OpenedModel, pointer_bits: int) -> Arena:
    """The arena of a model that was opened."""
    opened = told.opened
    return Arena(
        size=opened.arena,
        used=opened.used,
        head=opened.head,
        tail=opened.tail,
        categories=opened.categories,
        pointer_bits=pointer_bits,
    )


def check_tensors(model: TfliteModel, told: OpenedModel) -> None:
    """Sees that the model on the device is the one of the file.

    Raises:
        ProtocolError: it has other inputs or outputs.
    """
    for direction, specs, tensors in (("input", model.inputs, told.inputs), ("output", model.outputs, told.outputs)):
        expected = [(spec.dtype.name, list(spec.shape)) for spec in specs]
        came = [(tensor.dtype, list(tensor.shape)) for tensor in tensors]
        if expected != came:
            raise ProtocolError(
                f"{model.name}: {direction}s {expected} expected from the model's file, the device has {came}",
                advice="the model on the board is not the one on this computer: run with --flash always",
            )


def typed_error(
    error: DeviceError, model: TfliteModel, lines: list[str], requested: int | None, most: int
) -> HarnessError:
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
