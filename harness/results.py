"""What invokes give: outputs, durations, and what a test can demand of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.errors import OutputMismatch
from harness.measure.compare import compare_sequences
from harness.measure.latency import Latency
from harness.measure.measurement import Comparison, Measurement
from harness.measure.profile import OpTime
from harness.measure.tolerance import EXACT, Tolerance
from harness.measure.trace import traces
from harness.models.quantization import dequantize
from harness.models.reference import ReferenceRun
from harness.models.steps import Array, Step
from harness.models.tflite import TensorSpec

_CHECK_STATE = (
    "find what resets the state or writes over it: an optimised LSTM kernel (CMSIS-NN's forgets), an interpreter built "
    "for each call, or outputs copied to inputs from memory that TFLM has used again"
)
_CHECK_KERNELS = "if other kernels may round otherwise, allow it with a tolerance; if not, see the first difference"


@dataclass(frozen=True)
class Invocation:
    """The result of one call of `Session.invoke`.

    Attributes:
        outputs: one array per output tensor, in its own dtype, as the last invoke left them.
        latency: of the measured invokes; the first one after opening apart, as `latency.cold_us`.
        profile: per operator of the last invoke, if asked for.
        feed_us: microseconds that feeding outputs back took, over all measured invokes.
    """

    outputs: tuple[Array, ...]
    latency: Latency
    specs: tuple[TensorSpec, ...]
    profile: tuple[OpTime, ...] = ()
    feed_us: float = 0.0

    @property
    def real_outputs(self) -> tuple[npt.NDArray[np.float32], ...]:
        """The outputs as real values, by the model's scales and zero points."""
        return tuple(dequantize(array, spec) for array, spec in zip(self.outputs, self.specs, strict=True))


@dataclass(frozen=True)
class Run:
    """The result of a sequence of invokes.

    Attributes:
        outputs: per step a tuple of output arrays.
        latency: one duration per step; that of the first invoke after opening apart.
        feed_us: microseconds per step that feeding outputs back took; empty without `feed`.
    """

    outputs: list[Step]
    latency: Latency
    specs: tuple[TensorSpec, ...]
    measurement: Measurement
    feed_us: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.outputs)

    @property
    def real_outputs(self) -> list[tuple[npt.NDArray[np.float32], ...]]:
        """The outputs as real values."""
        return [
            tuple(dequantize(array, spec) for array, spec in zip(step, self.specs, strict=True))
            for step in self.outputs
        ]

    def assert_equals(
        self, expected: Run | ReferenceRun | Sequence[Step], tolerance: Tolerance = EXACT, *, what: str = "reference"
    ) -> None:
        """Demands that all outputs of all steps are those expected, and notes the verdict for the report.

        Args:
            expected: another run, or what `Reference.run` returned.
            tolerance: exact by default.
            what: what `expected` is, for messages and reports.

        Raises:
            OutputMismatch: they differ; the message shows since which step, where, and by how much.
        """
        outputs = expected.outputs if isinstance(expected, Run | ReferenceRun) else list(expected)
        meaning = [spec.quantization for spec in self.specs]
        difference = compare_sequences(self.outputs, outputs, tolerance, meaning)
        steps = len(self.outputs)
        equal = steps if difference is None else max(0, steps - difference.differing_steps)
        self.measurement.comparisons.append(Comparison(what, equal, steps))
        self.measurement.add_traces(traces(what, self.outputs, outputs, meaning, difference))
        if difference is None:
            return
        reason = None
        if isinstance(expected, ReferenceRun):
            reason = expected.diagnose(self.outputs, tolerance, difference.step)
        advice = _CHECK_STATE if reason else _CHECK_KERNELS
        reason = reason or f"outputs differ from the {what}"
        raise OutputMismatch(
            f"{self.measurement.model}: {reason} ({tolerance.describe()} expected)\n"
            f"{difference}\non {self.measurement.conditions.describe()}",
            advice=advice,
        )
