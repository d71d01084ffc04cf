"""Runs a model file in TFLM's own interpreter on this computer."""

from __future__ import annotations

from typing import Any

import numpy as np
from tflite_micro.python.tflite_micro import runtime
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from test_cases.training.graph import Quantization
from test_cases.training.quantize import dequantize, quantize

ARENA_BYTES = 64 * 1024


class Model:
    """One interpreter with a real-valued input and output, whatever the file's element types.

    Inputs after the first are a state: each is fed with the output of the same number, and is zero at first.
    """

    def __init__(self, content: bytes, arena_bytes: int = ARENA_BYTES) -> None:
        self._interpreter = runtime.Interpreter.from_bytes(content, arena_size=arena_bytes)
        self._input = self._interpreter.get_input_details(0)
        self._output = self._interpreter.get_output_details(0)
        inputs = schema.Model.GetRootAs(content).Subgraphs(0).InputsLength()
        self._initial_state = {index: _zeros(self._interpreter.get_input_details(index)) for index in range(1, inputs)}
        self._state = dict(self._initial_state)

    def invoke(self, values: np.ndarray) -> np.ndarray:
        """One Invoke. `values` takes the input's shape; the output comes without its batch dimension."""
        values = values.reshape(self._input["shape"])
        quantization = _quantization(self._input)
        if quantization is None:
            self._interpreter.set_input(values.astype(np.float32), 0)
        else:
            self._interpreter.set_input(quantize(values, quantization, np.dtype(self._input["dtype"]).name), 0)
        for index, state in self._state.items():
            self._interpreter.set_input(state, index)
        self._interpreter.invoke()
        self._state = {index: self._interpreter.get_output(index).copy() for index in self._state}
        output = self._interpreter.get_output(0)[0].copy()
        quantization = _quantization(self._output)
        return output if quantization is None else dequantize(output, quantization)

    def reset(self) -> None:
        """TFLM's Reset(): zeroes variable tensors and resource variables; and what is fed back is zero again."""
        self._interpreter.reset()
        self._state = dict(self._initial_state)

    def stream(self, inputs: np.ndarray, *, forget: bool = False) -> np.ndarray:
        """Outputs [steps, ...] for inputs [steps, ...] after a reset; with `forget`, a reset precedes every step."""
        outputs = []
        for step, values in enumerate(inputs):
            if forget or step == 0:
                self.reset()
            outputs.append(self.invoke(values))
        return np.array(outputs)


def _zeros(details: dict[str, Any]) -> np.ndarray:
    """Real zeros."""
    quantization = _quantization(details)
    zero_point = 0 if quantization is None else quantization.zero_point[0]
    return np.full(details["shape"], zero_point, details["dtype"])


def _quantization(details: dict[str, Any]) -> Quantization | None:
    parameters = details["quantization_parameters"]
    if len(parameters["scales"]) == 0:
        return None
    return Quantization.per_tensor(float(parameters["scales"][0]), int(parameters["zero_points"][0]))
