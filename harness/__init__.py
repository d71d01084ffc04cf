"""tflm-hil: hardware-in-the-loop tests for TensorFlow Lite Micro models.

What tests import from here is loaded on first use, so that the pytest plugin costs other projects nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.bench import Bench
    from harness.datasets.dataset import Dataset, load_dataset
    from harness.errors import (
        ArenaCorrupts,
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
        StateKept,
        StateLost,
        TensorMismatch,
        UnsupportedOp,
        WrongBoard,
    )
    from harness.experiments.accuracy import AccuracyPlan, measure_accuracy
    from harness.experiments.state import State
    from harness.measure.bytesize import KiB
    from harness.measure.compare import compare
    from harness.measure.tolerance import Tolerance
    from harness.session import Invocation, Run, Session

# Names of `__all__` that are not errors; the errors are all in one file.
_HOMES = {
    "AccuracyPlan": "harness.experiments.accuracy",
    "Bench": "harness.bench",
    "Dataset": "harness.datasets.dataset",
    "KiB": "harness.measure.bytesize",
    "Tolerance": "harness.measure.tolerance",
    "compare": "harness.measure.compare",
    "load_dataset": "harness.datasets.dataset",
    "measure_accuracy": "harness.experiments.accuracy",
    "Invocation": "harness.session",
    "Run": "harness.session",
    "Session": "harness.session",
    "State": "harness.experiments.state",
}
__all__ = [
    "AccuracyPlan",
    "ArenaCorrupts",
    "ArenaTooSmall",
    "Bench",
    "BoardLost",
    "Dataset",
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
    "State",
    "StateKept",
    "StateLost",
    "TensorMismatch",
    "Tolerance",
    "UnsupportedOp",
    "WrongBoard",
    "compare",
    "load_dataset",
    "measure_accuracy",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES.get(name, "harness.errors")), name)
