"""Golden files: outputs that were right once, with the conditions they were made under.

An .npz file: `output_0`, `output_1`, ... of shape (steps, *output shape), and `conditions`, a JSON object as text.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.cases.inputs import read_arrays
from harness.cases.load import Case
from harness.errors import CaseError
from harness.models.library import is_file
from harness.models.steps import Step
from harness.models.tflite import TfliteModel
from harness.protocol.payload import crc32, crc_text

_ADVICE = "make it anew with --update-golden, on x86-64 Linux, and review the change"


def inputs_crc(steps: list[Step], reset_before: Collection[int] = ()) -> str:
    """CRC-32 over all inputs and resets: a golden file belongs to one model and one sequence."""
    resets = ",".join(str(step) for step in sorted(reset_before)).encode()
    return crc_text(crc32(resets + b"".join(array.tobytes() for step in steps for array in step)))


def _resets(case: Case) -> list[int]:
    return case.spec.state.reset_before if case.spec.state is not None else []


def read_golden(case: Case, model: TfliteModel, steps: list[Step]) -> list[Step]:
    """The outputs that a case's golden file holds.

    Raises:
        CaseError: the file is missing, broken, or made for another model or other inputs.
    """
    assert case.spec.expect is not None and case.spec.expect.golden is not None
    path = case.resolve(case.spec.expect.golden)
    if not is_file(path):
        raise _error(case, f"golden file {path.name} does not exist")
    arrays = read_arrays(path, case)
    try:
        conditions = json.loads(str(arrays["conditions"]))
        made_for = (conditions["model_sha256"], conditions["inputs_crc"])
    except (KeyError, ValueError, TypeError, RecursionError):
        raise _error(case, f"{path.name} is not a golden file: no conditions in it") from None
    if made_for[0] != model.sha256:
        raise _error(case, f"golden file {path.name} was made for another version of {model.name}")
    if made_for[1] != inputs_crc(steps, _resets(case)):
        raise _error(case, f"golden file {path.name} was made for other inputs or resets")
    outputs = []
    for index, spec in enumerate(model.outputs):
        array = arrays.get(f"output_{index}")
        if array is None or array.dtype != spec.dtype or array.shape != (len(steps), *spec.shape):
            came = "nothing" if array is None else f"{array.dtype.name}{list(array.shape)}"
            shape = [len(steps), *spec.shape]
            raise _error(case, f"{path.name}: output_{index} of {spec.dtype.name}{shape} expected, {came} came")
        outputs.append(array)
    return [tuple(array[number] for array in outputs) for number in range(len(steps))]


def write_golden(
    case: Case, model: TfliteModel, steps: list[Step], outputs: list[Step], conditions: Mapping[str, str]
) -> Path:
    """Writes a case's golden file and returns its path.

    Raises:
        CaseError: it cannot be written.
    """
    assert case.spec.expect is not None and case.spec.expect.golden is not None
    path = case.resolve(case.spec.expect.golden)
    told = {"model_sha256": model.sha256, "inputs_crc": inputs_crc(steps, _resets(case)), **conditions}
    arrays: dict[str, Any] = {
        f"output_{index}": np.stack([step[index] for step in outputs]) for index in range(len(model.outputs))
    }
    # In one step: an interrupted update leaves the old file.
    fresh = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            np.savez_compressed(file, conditions=np.array(json.dumps(told, sort_keys=True)), **arrays)
        fresh.replace(path)
    except OSError as error:
        raise _error(case, f"golden file {path} cannot be written: {error}") from None
    return path


def _error(case: Case, message: str) -> CaseError:
    return CaseError(message, path=str(case.path), line=case.line, advice=_ADVICE)
