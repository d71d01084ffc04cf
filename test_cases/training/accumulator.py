"""accumulator: adds its input to a running sum that a resource variable keeps.

The sum starts at 10, set by CALL_ONCE during the first Invoke. TFLM's Reset() zeroes the variable and does not run
CALL_ONCE again, so inputs of 1 give 11, 12, 13 and, after Reset(), 1, 2; a rebuilt interpreter starts at 11 again.
"""

from __future__ import annotations

import numpy as np

from test_cases.training.graph import GraphBuilder

INITIAL_SUM = 10.0


def dataset() -> dict[str, np.ndarray]:
    """`inputs`, `targets` (of a new interpreter) and `targets_after_reset` (after Reset()), each [8, 1]."""
    inputs = np.array([1, 1, 1, 2, -3, 0.5, 100, -0.25], dtype=np.float32)[:, None]
    sums = np.cumsum(inputs, axis=0, dtype=np.float32)
    return {"inputs": inputs, "targets": sums + np.float32(INITIAL_SUM), "targets_after_reset": sums}


def model() -> bytes:
    """The file: x [1, 1] to y [1, 1], both float32."""
    builder = GraphBuilder()
    main = builder.subgraph("main")
    initialise = builder.subgraph("initialise")

    handle = initialise.variable_handle("sum")
    initialise.assign_variable(handle, initialise.constant("initial_sum", np.full((1, 1), INITIAL_SUM, np.float32)))

    x = main.tensor("x", [1, 1], "float32")
    before = main.tensor("sum_before", [1, 1], "float32")
    after = main.tensor("y", [1, 1], "float32")
    main.inputs, main.outputs = [x], [after]
    main.call_once(initialise)
    handle = main.variable_handle("sum")
    main.read_variable(handle, before)
    main.add(before, x, after)
    main.assign_variable(handle, after)
    return builder.to_bytes()


def build() -> tuple[dict[str, bytes], dict[str, np.ndarray]]:
    """The files by model name, and the data set."""
    return {"accumulator": model()}, dataset()
