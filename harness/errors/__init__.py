"""Every error that tflm-hil raises on purpose.

One root, `HarnessError`. Each error says what was expected, what came and, as `advice`, what a person can do about it.
The data of an error ride on the exception as attributes, so that a test or a program need not parse the text.
"""

from __future__ import annotations

from harness.errors.boards import (
    BoardBusy,
    BoardLost,
    BoardNotFound,
    FlashFailed,
    ImageTooLarge,
    NoFirmware,
    NoPermission,
    NotStarted,
    WrongBoard,
)
from harness.errors.demands import (
    CaseError,
    LimitExceeded,
    OutputMismatch,
    ReferenceUnavailable,
    StateKept,
    StateLost,
)
from harness.errors.device import DeviceCrashed, DeviceError, DeviceTimeout, LinkLost, ProtocolError, RecordLost
from harness.errors.models import (
    ArenaCorrupts,
    ArenaTooSmall,
    InferenceFailed,
    ModelNotFound,
    ModelRejected,
    SessionClosed,
    TensorMismatch,
    UnsupportedOp,
    WrongEngine,
)
from harness.errors.root import HarnessError, Misuse

__all__ = [
    "ArenaCorrupts",
    "ArenaTooSmall",
    "BoardBusy",
    "BoardLost",
    "BoardNotFound",
    "CaseError",
    "DeviceCrashed",
    "DeviceError",
    "DeviceTimeout",
    "FlashFailed",
    "HarnessError",
    "ImageTooLarge",
    "InferenceFailed",
    "LimitExceeded",
    "LinkLost",
    "Misuse",
    "ModelNotFound",
    "ModelRejected",
    "NoFirmware",
    "NoPermission",
    "NotStarted",
    "OutputMismatch",
    "ProtocolError",
    "RecordLost",
    "ReferenceUnavailable",
    "SessionClosed",
    "StateKept",
    "StateLost",
    "TensorMismatch",
    "UnsupportedOp",
    "WrongBoard",
    "WrongEngine",
]
