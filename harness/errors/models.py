"""What goes wrong with a model and its sessions."""

from __future__ import annotations

from collections.abc import Iterable

from harness.errors.root import HarnessError, Misuse


class ModelRejected(HarnessError):
    """The file is not a model that TFLM can be given: broken, truncated, wrong identifier or schema version."""

    advice = "convert the model again, and compare the file's size and SHA-256 with the original"


class ModelNotFound(HarnessError):
    """No such model: neither a file nor in the board's model pack."""

    advice = "give the path of a .tflite file, or the name of one in the models folder"


class UnsupportedOp(HarnessError):
    """The model needs an operator that the engine does not have.

    Attributes:
        name: the operator, as TFLM or the model names it.
    """

    advice = (
        "replace the operator in the model, or convert without it; `tflm-hil bench MODEL` lists a model's operators"
    )

    def __init__(self, name: str, *, advice: str | None = None, log: Iterable[str] = ()) -> None:
        super().__init__(f"operator {name} is not supported by this engine", advice=advice, log=log)
        self.name = name


class ArenaTooSmall(HarnessError):
    """The tensor arena does not hold the model.

    Attributes:
        requested: bytes that the allocation asked for, or None where TFLM did not say.
        available: bytes that were left, or None.
        missing: bytes that were missing, or None.
        arena: size in bytes of the arena that the model was opened in.
    """

    advice = "open the model in a larger arena; where none is given, all that the board has is used"

    def __init__(
        self,
        *,
        arena: int,
        requested: int | None = None,
        available: int | None = None,
        missing: int | None = None,
        detail: str = "",
        advice: str | None = None,
        log: Iterable[str] = (),
    ) -> None:
        text = f"an arena of {arena:,} bytes is too small for the model" if arena else "not enough arena is free"
        if missing is not None:
            text += f": requested {requested:,}, available {available:,}, missing {missing:,} bytes"
        elif detail:
            text += f": {detail}"
        super().__init__(text, advice=advice, log=log)
        self.arena = arena
        self.requested = requested
        self.available = available
        self.missing = missing


class ArenaCorrupts(HarnessError):
    """In this arena TFLM reports success and computes something else than in a larger one.

    Attributes:
        arena: size in bytes of the arena that the model was opened in.
        full: size of the larger one whose outputs are the right ones.
    """

    advice = "give the model a larger arena: `tflm-hil size MODEL` finds the smallest one that works"

    def __init__(self, model: str, *, arena: int, full: int, difference: str, conditions: str) -> None:
        super().__init__(
            f"{model}: the outputs of an arena of {full:,} bytes expected, in one of {arena:,} bytes TFLM reports "
            f"success and computes others\n{difference}\non {conditions}"
        )
        self.arena = arena
        self.full = full


class InferenceFailed(HarnessError):
    """`AllocateTensors()` or `Invoke()` returned an error that has no more precise class; TFLM's words are in `log`."""

    advice = "the device's last lines hold TFLM's own message"


class TensorMismatch(Misuse):
    """An array does not fit the tensor that it was given for."""

    advice = "give an array of the tensor's shape and dtype, or real=True to have real values quantised"


class SessionClosed(Misuse):
    """The session was closed, or lost with the device that held it."""

    advice = "open the model again"


class WrongEngine(Misuse):
    """The firmware on the board does not run models with TFLM."""

    advice = "flash a firmware that was built with ENGINE=tflm: `make firmware`"
