"""Golden files: outputs that were right once, with the conditions they were made under.

An .npz file: `output_0`, `output_1`, ... of shape (steps, *output shape), and `conditions`, a JSON object as text with
`format`, `engine`, `tflm`, `model_sha256` and `inputs_crc`. It has no date: the same outputs make the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.cases.inputs import read_arrays
from harness.cases.load import Case
from harness.errors import CaseError
from harness.measure.compare import compare
from harness.models.library import is_file
from harness.models.steps import Array, Step
from harness.models.tflite import TfliteModel
from harness.protocol.payload import crc32, crc_text
from harness.tflm import availability

FORMAT_VERSION = 1
ENGINE = "TFLM on the host"
_ADVICE = "make it anew with --update-golden, on x86-64 Linux, and review the change"
_SHOWN_CHARS = 80


@dataclass(frozen=True)
class GoldenUpdate:
    """What became of a golden file.

    Attributes:
        path: the file.
        change: "created", "changed" or "unchanged".
        detail: what is in it now, or what is other than before.
    """

    path: Path
    change: str
    detail: str

    def __str__(self) -> str:
        return f"{self.path.name}: {self.change}, {self.detail}"


def inputs_crc(steps: list[Step], reset_before: Collection[int] = ()) -> str:
    """CRC-32 over all inputs and resets: a golden file belongs to one model and one sequence."""
    resets = ",".join(str(step) for step in sorted(reset_before)).encode()
    return crc_text(crc32(resets + b"".join(array.tobytes() for step in steps for array in step)))


def read_golden(case: Case, model: TfliteModel, steps: list[Step]) -> list[Step]:
    """The outputs that a case's golden file holds.

    Raises:
        CaseError: the file is missing, broken, or made under other conditions; the message says which.
    """
    path = _path(case)
    if not is_file(path):
        raise _error(case, f"golden file {path.name} does not exist")
    conditions, arrays = _read(case, path)
    different = _other_conditions(conditions, _conditions(case, model, steps))
    if different:
        raise _error(case, f"golden file {path.name} was made under other conditions: {'; '.join(different)}")
    outputs = []
    for index, spec in enumerate(model.outputs):
        array = arrays.get(f"output_{index}")
        if array is None or array.dtype != spec.dtype or array.shape != (len(steps), *spec.shape):
            came = "nothing" if array is None else f"{array.dtype.name}{list(array.shape)}"
            shape = [len(steps), *spec.shape]
            raise _error(case, f"{path.name}: output_{index} of {spec.dtype.name}{shape} expected, {came} came")
        outputs.append(array)
    return [tuple(array[number] for array in outputs) for number in range(len(steps))]


def write_golden(case: Case, model: TfliteModel, steps: list[Step], outputs: list[Step]) -> GoldenUpdate:
    """Writes a case's golden file, unless it holds just that already, and tells what is other than before.

    Raises:
        CaseError: it cannot be written.
    """
    path = _path(case)
    told = _conditions(case, model, steps)
    arrays: dict[str, Array] = {
        f"output_{index}": np.stack([step[index] for step in outputs]) for index in range(len(model.outputs))
    }
    update = _update(case, path, told, arrays)
    if update.change == "unchanged":
        return update
    # In one step: an interrupted update leaves the old file.
    fresh = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            members: dict[str, Any] = arrays
            np.savez_compressed(file, conditions=np.array(json.dumps(told, sort_keys=True)), **members)
        fresh.replace(path)
    except OSError as error:
        raise _error(case, f"golden file {path} cannot be written: {error}") from None
    return update


def _conditions(case: Case, model: TfliteModel, steps: list[Step]) -> dict[str, object]:
    resets = case.spec.state.reset_before if case.spec.state is not None else []
    # Where TFLM is not at hand, it cannot be told whether it is another one.
    commit = None if availability.why_unavailable() is not None else availability.commit()
    return {
        "format": FORMAT_VERSION,
        "engine": ENGINE,
        "tflm": commit,
        "model_sha256": model.sha256,
        "inputs_crc": inputs_crc(steps, resets),
    }


def _read(case: Case, path: Path) -> tuple[Mapping[str, object], dict[str, Array]]:
    arrays = read_arrays(path, case)
    try:
        conditions = json.loads(str(arrays.pop("conditions")))
    except (KeyError, ValueError, RecursionError):
        conditions = None
    if not isinstance(conditions, dict):
        raise _error(case, f"{path.name} is not a golden file: no conditions in it")
    return conditions, arrays


_NAMES = {
    "format": "format",
    "engine": "engine",
    "tflm": "TFLM commit",
    "model_sha256": "model SHA-256",
    "inputs_crc": "CRC-32 of inputs and resets",
}


def _other_conditions(there: Mapping[str, object], here: Mapping[str, object]) -> list[str]:
    """Each condition that differs, in words."""
    return [
        f"{_NAMES[key]} {_shown(there.get(key))}, now {_shown(value)}"
        for key, value in here.items()
        if value is not None and (there.get(key) != value or type(there.get(key)) is not type(value))
    ]


def _update(case: Case, path: Path, told: Mapping[str, object], arrays: Mapping[str, Array]) -> GoldenUpdate:
    elements = sum(array.size for array in arrays.values())
    if not is_file(path):
        return GoldenUpdate(path, "created", f"{elements:,} elements")
    try:
        conditions, old = _read(case, path)
    except CaseError as error:
        return GoldenUpdate(path, "changed", f"{elements:,} elements; the old file could not be read: {error.message}")
    parts = _other_conditions(conditions, told)
    alike = {key: (array.shape, array.dtype) for key, array in arrays.items()}
    if alike != {key: (array.shape, array.dtype) for key, array in old.items()}:
        parts.insert(0, f"{elements:,} elements, of other outputs, shapes or types than before")
    else:
        found = [difference for key in arrays if (difference := compare(arrays[key], old[key])) is not None]
        if not found and not parts:
            return GoldenUpdate(path, "unchanged", f"{elements:,} elements")
        worst = "".join(f", by at most {one.worst:.6g}" for one in sorted(found, key=lambda one: -(one.worst or 0))[:1])
        parts.insert(0, f"{sum(one.count for one in found):,} of {elements:,} elements{worst}")
    return GoldenUpdate(path, "changed", "; ".join(parts))


def _path(case: Case) -> Path:
    assert case.spec.expect is not None and case.spec.expect.golden is not None
    return case.resolve(case.spec.expect.golden)


def _shown(value: object) -> str:
    if value is None:
        return "none"
    text = str(value)
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}..."


def _error(case: Case, message: str) -> CaseError:
    return CaseError(message, path=str(case.path), line=case.line, advice=_ADVICE)
