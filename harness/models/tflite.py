"""Reads a .tflite: its tensors, operators and state, as the rest of the harness needs them."""

from __future__ import annotations

import hashlib
import re
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tflite as schema

from harness.errors import Misuse, ModelNotFound, ModelRejected
from harness.models.flatbuffer import Table
from harness.models.quantization import Quantization
from harness.models.schema_table import CUSTOM, TENSOR_TYPES, VAR_HANDLE
from harness.models.variables import Handle, count_resource_variables
from harness.models.verify import MAX_BYTES, operator_number, verified

# A model pack's directory has 32 bytes for a name, and a command line no quotes.
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,31}")

# More inputs or outputs than any session could be given by hand or board.
_MAX_TENSORS = 256


# Operators that keep something from one invoke to the next in memory of their own: TFLM's signal library
# (signal/micro/kernels/ there) and its circular buffer.
_OPS_WITH_STATE = frozenset(
    {
        "CIRCULAR_BUFFER",
        "SignalDelay",
        "SignalFilterBankSpectralSubtraction",
        "SignalFramer",
        "SignalOverlapAdd",
        "SignalStacker",
    }
)


@dataclass(frozen=True)
class TensorSpec:
    """An input or output tensor.

    Attributes:
        name: as in the model; it may be empty.
        shape: the extent of each dimension; () for a scalar.
        dtype: element type, little-endian.
        quantization: scale and zero point; None if the tensor is of floating type or has none.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    quantization: Quantization | None = None

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize


@dataclass(frozen=True)
class OpUse:
    """One operator of a model.

    Attributes:
        index: position in its subgraph, from 0.
        name: "FULLY_CONNECTED", ...; or a custom operator's own code.
        subgraph: number of the subgraph, from 0.
        custom: whether it is a custom operator.
        version: which version of it the converter wrote.
    """

    index: int
    name: str
    subgraph: int
    custom: bool = False
    version: int = 1


@dataclass(frozen=True)
class TfliteModel:
    """A model that has been verified.

    Attributes:
        name: what boards, tests and reports call it.
        data: the file's bytes.
        sha256: of `data`, hexadecimal.
        crc32: of `data`, as in zlib.
        inputs: of subgraph 0, in order.
        outputs: of subgraph 0, in order.
        ops: of all subgraphs, in order of execution within each.
        resource_variables: how many TFLM creates, over all subgraphs.
        variable_tensors: how many tensors keep their value between invokes, over all subgraphs.
        tensor_count: over all subgraphs.
        description: what the converter wrote there.
    """

    name: str
    data: bytes = field(repr=False)
    sha256: str
    crc32: int
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    ops: tuple[OpUse, ...] = field(repr=False)
    resource_variables: int
    variable_tensors: int
    tensor_count: int
    description: str

    @property
    def stateful(self) -> bool:
        """Whether one invoke can leave something for the next."""
        own_state = any(op.name in _OPS_WITH_STATE for op in self.ops)
        return self.variable_tensors > 0 or self.resource_variables > 0 or own_state


def load(path: Path) -> TfliteModel:
    """Reads a model; its name is the file's without the suffix.

    Raises:
        ModelNotFound: the file is not there or cannot be read.
        ModelRejected: it is not a model that TFLM can be given.
        Misuse: the file's name cannot be a model's.
    """
    path = Path(path)
    try:
        status = path.stat()
        # A device or pipe might never end.
        if not stat.S_ISREG(status.st_mode):
            raise ModelNotFound(f"{path} is not a file")
        if status.st_size > MAX_BYTES:
            raise ModelRejected(f"{path}: the file has {status.st_size:,} bytes; a .tflite has at most {MAX_BYTES:,}")
        data = path.read_bytes()
    except FileNotFoundError:
        raise ModelNotFound(f"no model at {path}") from None
    except (OSError, ValueError) as error:
        raise ModelNotFound(f"the model {str(path)!r} cannot be read: {error}") from None
    try:
        return parse(data, path.stem)
    except ModelRejected as error:
        raise ModelRejected(f"{path}: {error.message}", advice=error.advice) from None
    except Misuse as error:
        raise Misuse(f"{path}: {error.message}", advice=error.advice) from None


def parse(data: bytes, name: str) -> TfliteModel:
    """Verifies and reads a model.

    Args:
        data: the file's bytes.
        name: letters, digits, `_`, `.` and `-`; at most 31.

    Raises:
        ModelRejected: it is not a model that TFLM can be given, or has inputs or outputs that the harness cannot pass.
        Misuse: the name cannot be a model's.
    """
    _check_name(name)
    data = bytes(data)
    root = verified(data)
    model = schema.Model.GetRootAs(data, 0)
    subgraphs = [model.Subgraphs(index) for index in range(model.SubgraphsLength())]
    main = subgraphs[0]
    codes = [_named(code) for code in root.tables("operator_codes")]
    return TfliteModel(
        name=name,
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        crc32=zlib.crc32(data),
        inputs=_specs(main, "input", [main.Inputs(index) for index in range(main.InputsLength())]),
        outputs=_specs(main, "output", [main.Outputs(index) for index in range(main.OutputsLength())]),
        ops=tuple(_ops(codes, subgraphs)),
        resource_variables=count_resource_variables(_handles(codes, subgraphs)),
        variable_tensors=sum(
            bool(subgraph.Tensors(index).IsVariable())
            for subgraph in subgraphs
            for index in range(subgraph.TensorsLength())
        ),
        tensor_count=sum(subgraph.TensorsLength() for subgraph in subgraphs),
        description=_text(model.Description()),
    )


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        better = re.sub(r"[^A-Za-z0-9_.-]+", "_", name)[:31] or "model"
        raise Misuse(
            f"{name!r} cannot be a model's name: 1 to 31 letters, digits, '_', '.' and '-' are expected",
            advice=f"rename the file, for instance to {better}.tflite",
        )


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode("utf-8", "replace")


def _specs(subgraph: Any, direction: str, numbers: list[int]) -> tuple[TensorSpec, ...]:
    if len(numbers) > _MAX_TENSORS:
        raise ModelRejected(f"the model has {len(numbers):,} {direction}s; at most {_MAX_TENSORS} are expected")
    return tuple(_spec(subgraph.Tensors(number), f"{direction} {index}") for index, number in enumerate(numbers))


def _spec(tensor: Any, what: str) -> TensorSpec:
    kind = TENSOR_TYPES[tensor.Type()]
    name = _text(tensor.Name())
    if not kind.numpy:
        raise ModelRejected(
            f"{what} ({name}) is of type {kind.name}, which cannot be passed in or out",
            advice="convert the model with int8, int16 or float32 inputs and outputs",
        )
    dtype = np.dtype(kind.numpy)
    shape = tuple(int(tensor.Shape(index)) for index in range(tensor.ShapeLength()))
    quantization = None
    parameters = tensor.Quantization()
    if parameters is not None and dtype.kind in "iu" and parameters.ScaleLength() and parameters.ZeroPointLength():
        if parameters.ScaleLength() > 1:
            raise ModelRejected(
                f"{what} ({name}) is quantised per channel; one scale and one zero point are expected there"
            )
        scale = float(parameters.Scale(0))
        # A scale of 0 is TensorFlow Lite's way to say that there is no quantisation.
        if scale > 0:
            quantization = Quantization(scale, int(parameters.ZeroPoint(0)))
    return TensorSpec(name, shape, dtype, quantization)


def _named(code: Table) -> tuple[int, str, int]:
    """An operator code's number, name and version.

    Not with the package's accessor, which takes the 8-bit field for all small numbers, and so not the operator of TFLM
    where a file has the later field only.
    """
    number = operator_number(code)
    # What is not written is the schema's default, 1.
    version = code.number("version") if code.has("version") else 1
    if number == CUSTOM:
        return number, _text(code.string("custom_code")), version
    # Numbers newer than the package's schema have no name there.
    return number, schema.BUILTIN_OPCODE2NAME.get(number, f"BUILTIN_{number}"), version


def _operators(subgraphs: list[Any]) -> Iterator[tuple[int, int, Any]]:
    """Subgraph, index and operator, of all operators."""
    for where, subgraph in enumerate(subgraphs):
        for index in range(subgraph.OperatorsLength()):
            yield where, index, subgraph.Operators(index)


def _ops(codes: list[tuple[int, str, int]], subgraphs: list[Any]) -> Iterator[OpUse]:
    for where, index, operator in _operators(subgraphs):
        number, name, version = codes[operator.OpcodeIndex()]
        yield OpUse(index, name, where, custom=number == CUSTOM, version=version)


def _handles(codes: list[tuple[int, str, int]], subgraphs: list[Any]) -> Iterator[Handle]:
    for _, _, operator in _operators(subgraphs):
        if codes[operator.OpcodeIndex()][0] == VAR_HANDLE:
            options = schema.VarHandleOptions()
            union = operator.BuiltinOptions()
            options.Init(union.Bytes, union.Pos)
            yield options.Container(), options.SharedName()
