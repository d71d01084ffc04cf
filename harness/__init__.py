"""tflm-hil: hardware-in-the-loop tests for TensorFlow Lite Micro models.

What tests import from here is loaded on first use, so that the pytest plugin costs other projects nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.bench import Bench
    from harness.errors import (
        ArenaTooSmall,
        BoardLost,
        DeviceCrashed,
        DeviceTimeout,
        HarnessError,
        InferenceFailed,
        LimitExceeded,
        LinkLost,
        Misuse,
        ModelNotFound,
        ModelRejected,
        NoPermission,
        OutputMismatch,
        SessionClosed,
        TensorMismatch,
        UnsupportedOp,
        WrongBoard,
    )
    from harness.measure.bytesize import KiB
    from harness.measure.compare import Tolerance, compare
    from harness.session import Invocation, Run, Session

# Names of `__all__` that are not errors; the errors are all in one file.
_HOMES = {
    "Bench": "harness.bench",
    "KiB": "harness.measure.bytesize",
    "Tolerance": "harness.measure.compare",
    "compare": "harness.measure.compare",
    "Invocation": "harness.session",
    "Run": "harness.session",
    "Session": "harness.session",
}
__all__ = [
    "ArenaTooSmall",
    "Bench",
    "BoardLost",
    "DeviceCrashed",
    "DeviceTimeout",
    "HarnessError",
    "InferenceFailed",
    "Invocation",
    "KiB",
    "LimitExceeded",
    "LinkLost",
    "Misuse",
    "ModelNotFound",
    "ModelRejected",
    "NoPermission",
    "OutputMismatch",
    "Run",
    "Session",
    "SessionClosed",
    "TensorMismatch",
    "Tolerance",
    "UnsupportedOp",
    "WrongBoard",
    "compare",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES.get(name, "harness.errors")), name)
