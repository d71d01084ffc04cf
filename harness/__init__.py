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
        DeviceCrashed,
        DeviceTimeout,
        HarnessError,
        InferenceFailed,
        LimitExceeded,
        LinkLost,
        Misuse,
        ModelNotFound,
        ModelRejected,
        OutputMismatch,
        SessionClosed,
        TensorMismatch,
        UnsupportedOp,
    )
    from harness.measure.bytesize import KiB
    from harness.measure.compare import Tolerance, compare
    from harness.session import Invocation, Run, Session

_HOMES = {
    "Bench": "harness.bench",
    "KiB": "harness.measure.bytesize",
    "Tolerance": "harness.measure.compare",
    "compare": "harness.measure.compare",
    "Invocation": "harness.session",
    "Run": "harness.session",
    "Session": "harness.session",
}
_ERRORS = (
    "ArenaTooSmall",
    "DeviceCrashed",
    "DeviceTimeout",
    "HarnessError",
    "InferenceFailed",
    "LimitExceeded",
    "LinkLost",
    "Misuse",
    "ModelNotFound",
    "ModelRejected",
    "OutputMismatch",
    "SessionClosed",
    "TensorMismatch",
    "UnsupportedOp",
)

__all__ = [
    "ArenaTooSmall",
    "Bench",
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
    "OutputMismatch",
    "Run",
    "Session",
    "SessionClosed",
    "TensorMismatch",
    "Tolerance",
    "UnsupportedOp",
    "compare",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name) or ("harness.errors" if name in _ERRORS else None)
    if home is None:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)
