"""Decides whether bytes are a model that TFLM can be given.

TFLM follows every offset and index of a model unchecked: what is wrong in the file would be a crash, or a wrong result,
on the device. So nothing reaches TFLM that did not pass here. The structure is checked by `harness.models.flatbuffer`;
the meaning of indices, shapes, buffers and quantisation here, after the comments of TensorFlow Lite's schema.fbs
(version 3) and what TFLM's micro_allocator.cc, micro_allocation_info.cc and memory_helpers.cc do with them. The options
of custom operators are theirs alone and are not looked into.
"""

from __future__ import annotations

import math

from harness.errors import ModelRejected
from harness.models.flatbuffer import Flatbuffer, Table
from harness.models.magic import IDENTIFIER, recognise
from harness.models.schema_table import (
    ASSIGN_VARIABLE,
    CALL,
    CALL_ONCE,
    CUSTOM,
    DELEGATE,
    FIRST_STABLEHLO,
    HASHTABLE,
    HASHTABLE_IMPORT,
    IF,
    TENSOR_TYPES,
    TFLITE,
    VAR_HANDLE,
    WHILE,
)
from harness.models.variables import count_resource_variables

SCHEMA_VERSION = 3

# Offsets in a flatbuffer are 32-bit and signed where they point back (flatbuffers' own limit).
MAX_BYTES = 2**31 - 1

# numpy's limit before 2.0; TFLM's own RuntimeShape holds fewer.
MAX_RANK = 32

# TFLM counts a tensor's elements and bytes in an int.
_MAX_TENSOR_BYTES = 2**31 - 1

# Ranges that zero points must lie in; TFLM keeps them as int32 for all other types.
_ZERO_POINTS = {"INT8": (-128, 127), "UINT8": (0, 255), "INT16": (-32768, 32767)}
_INT32 = (-(2**31), 2**31 - 1)

_CALLS = {
    IF: ("IfOptions", ("then_subgraph_index", "else_subgraph_index")),
    WHILE: ("WhileOptions", ("cond_subgraph_index", "body_subgraph_index")),
    CALL_ONCE: ("CallOnceOptions", ("init_subgraph_index",)),
    CALL: ("CallOptions", ("subgraph",)),
}

# TFLM's kernels take their first input and output without asking. These have none to take, or kernels of their own.
_MAY_LACK_INPUTS = frozenset({CUSTOM, DELEGATE, HASHTABLE, VAR_HANDLE, *_CALLS})
_MAY_LACK_OUTPUTS = frozenset({CUSTOM, DELEGATE, HASHTABLE_IMPORT, ASSIGN_VARIABLE, *_CALLS})

_OFFLINE_PLAN = b"OfflineMemoryAllocation"
_COMPRESSION = b"COMPRESSION_METADATA"


def verify(data: bytes) -> None:
    """Checks a .tflite file, in a time linear in its size.

    Args:
        data: the whole file.

    Raises:
        ModelRejected: it is not a model that TFLM can be given; the message says what was expected, what came, where.
    """
    verified(data)


def verified(data: bytes) -> Table:
    """As `verify`; the model's root table."""
    if not data:
        raise ModelRejected("the file is empty; a .tflite model is expected")
    if len(data) > MAX_BYTES:
        raise ModelRejected(f"the file has {len(data):,} bytes; a .tflite has at most {MAX_BYTES:,}")
    if data[4:8] != IDENTIFIER:
        raise _not_a_model(data)
    model = Flatbuffer(data, TFLITE).root
    version = model.number("version")
    if version != SCHEMA_VERSION:
        raise ModelRejected(
            f"schema version {SCHEMA_VERSION} expected, {version} came",
            advice="convert the model with a current converter",
        )
    _ModelCheck(model).run()
    return model


def operator_number(code: Table) -> int:
    """An OperatorCode's builtin operator: the greater of the first, 8-bit field and the later one, as TFLM takes it.

    Source: `GetBuiltinCode` in tensorflow/compiler/mlir/lite/schema/schema_utils.cc.
    """
    return max(code.number("builtin_code"), code.number("deprecated_builtin_code"))


def _not_a_model(data: bytes) -> ModelRejected:
    kind, advice = recognise(data)
    if kind:
        return ModelRejected(
            f"not a .tflite model: the file looks like {kind}", advice=advice or "give the path of a .tflite file"
        )
    if len(data) < 8:
        return ModelRejected(f"not a .tflite model: the file has only {len(data)} bytes: truncated")
    return ModelRejected(f"not a .tflite model: expected {IDENTIFIER.decode()} at byte 4, came {data[4:8]!r}")


def _rejected(where: str, problem: str, advice: str | None = None) -> ModelRejected:
    return ModelRejected(f"{where}: {problem}", advice=advice)


def _index(value: int, count: int, where: str, what: str, *, optional: bool = False) -> None:
    if not (0 <= value < count or (optional and value == -1)):
        expected = f"0 to {count - 1:,}" if count else "none, for there are none"
        raise _rejected(
            where, f"{what} {value:,} is out of range: expected {expected}" + (", or -1" if optional else "")
        )


class _ModelCheck:
    """The checks of one model whose structure is sound."""

    def __init__(self, model: Table) -> None:
        self.model = model
        self.codes = model.tables("operator_codes")
        self.buffers = model.tables("buffers")
        self.subgraphs = model.tables("subgraphs")
        self.tensor_counts = [subgraph.count("tensors") for subgraph in self.subgraphs]
        self.metadata = [(entry.string("name"), entry.number("buffer")) for entry in model.tables("metadata")]
        self.compressed = any(name == _COMPRESSION for name, _ in self.metadata)
        self.handles: list[tuple[bytes | None, bytes | None]] = []
        self.calls: list[list[int]] = []
        # Positions of the tensors that were checked: a damaged file may name one a million times.
        self.checked: set[int] = set()

    def run(self) -> None:
        # TFLM follows these without asking whether they are there.
        for name in ("operator_codes", "subgraphs", "buffers"):
            if not self.model.has(name):
                raise _rejected("model", f"{name} are missing")
        if not self.subgraphs:
            raise _rejected("model", "at least one subgraph is expected, there is none")
        self.operators = [self._operator_code(index, code) for index, code in enumerate(self.codes)]
        for index, buffer in enumerate(self.buffers):
            if buffer.number("offset") > 1:
                raise _rejected(f"buffer {index}", "its data lie outside the flatbuffer, where TFLM does not look")
        for index, subgraph in enumerate(self.subgraphs):
            self._subgraph(index, subgraph)
        self._no_recursion()
        self._metadata()
        self._signatures()
        count_resource_variables(self.handles)

    def _operator_code(self, index: int, code: Table) -> int:
        number = operator_number(code)
        where = f"operator code {index}"
        if number < 0:
            raise _rejected(where, f"a builtin operator's number is expected, came {number}")
        if number == CUSTOM and code.string("custom_code") is None:
            raise _rejected(where, "a custom operator's custom_code is expected, there is none")
        return number

    def _subgraph(self, number: int, subgraph: Table) -> None:
        where = f"subgraph {number}"
        for name in ("tensors", "inputs") if number else ("tensors", "inputs", "outputs"):
            if not subgraph.has(name):
                raise _rejected(where, f"{name} are missing; where there are none, an empty vector is expected")
        for index, tensor in enumerate(subgraph.tables("tensors")):
            if tensor.at not in self.checked:
                self.checked.add(tensor.at)
                self._tensor(f"{where} tensor {index}", tensor)
        for name in ("inputs", "outputs"):
            for index, value in enumerate(subgraph.integers(name)):
                _index(value, self.tensor_counts[number], f"{where} {name.removesuffix('s')} {index}", "tensor")
        called: list[int] = []
        self.calls.append(called)
        for index, operator in enumerate(subgraph.tables("operators")):
            called.extend(self._operator(f"{where} operator {index}", number, operator))

    # --- tensors -----------------------------------------------------------------------------------------------------

    def _tensor(self, where: str, tensor: Table) -> None:
        kind = tensor.number("type")
        if not 0 <= kind < len(TENSOR_TYPES):
            raise _rejected(where, f"type {kind} is unknown: expected 0 to {len(TENSOR_TYPES) - 1}")
        rank = tensor.count("shape")
        if rank > MAX_RANK:
            raise _rejected(where, f"{rank:,} dimensions: at most {MAX_RANK} are expected")
        shape = tensor.integers("shape")
        elements = self._elements(where, shape)
        size = (elements * TENSOR_TYPES[kind].bits + 7) // 8
        if size > _MAX_TENSOR_BYTES:
            raise _rejected(where, f"shape {list(shape)} makes {size:,} bytes: more than 31 bits can count")
        if tensor.number("external_buffer"):
            raise _rejected(where, "its data lie in an external file, which TFLM does not read")
        buffer = tensor.number("buffer")
        _index(buffer, len(self.buffers), where, "buffer")
        stored = self.buffers[buffer].count("data")
        # Sparse constants are stored packed, and elements without fixed size have no size to compare.
        fixed = TENSOR_TYPES[kind].bits > 0 and not tensor.has("sparsity")
        if stored and fixed and stored != size:
            raise _rejected(
                where,
                f"{size:,} bytes are expected in its buffer {buffer} for {TENSOR_TYPES[kind].name}{list(shape)}, "
                f"there are {stored:,}",
                "TFLM's model compression is not built in: use the uncompressed model" if self.compressed else None,
            )
        quantization = tensor.table("quantization")
        if quantization is not None:
            self._quantization(where, quantization, TENSOR_TYPES[kind].name, shape)

    def _elements(self, where: str, shape: tuple[int, ...]) -> int:
        elements = greatest = 1
        for dimension, extent in enumerate(shape):
            if extent < 0:
                dynamic = " (a dynamic dimension)" if extent == -1 else ""
                raise _rejected(
                    where,
                    f"dimension {dimension} of its shape {list(shape)} is {extent}{dynamic}; TFLM needs fixed sizes",
                    "convert the model with a fixed input shape, batch size included",
                )
            elements *= extent
            # A zero further on must not hide that the product overflows before it.
            greatest = max(greatest, elements)
        if greatest > _MAX_TENSOR_BYTES:
            raise _rejected(where, f"shape {list(shape)} makes {greatest:,} elements: more than 31 bits can count")
        return elements

    def _quantization(self, where: str, quantization: Table, kind: str, shape: tuple[int, ...]) -> None:
        scales = quantization.numbers("scale")
        zero_points = quantization.integers("zero_point")
        for index, scale in enumerate(scales):
            if not math.isfinite(scale) or scale < 0:
                raise _rejected(where, f"quantisation scale {index} is {scale}: a finite number from 0 is expected")
        low, high = _ZERO_POINTS.get(kind, _INT32)
        for index, zero_point in enumerate(zero_points):
            if not low <= zero_point <= high:
                raise _rejected(
                    where, f"zero point {index} is {zero_point:,}: expected {low:,} to {high:,} for type {kind}"
                )
        # As a saving, one zero point may stand for all channels.
        if scales and len(zero_points) not in (0, 1, len(scales)):
            raise _rejected(where, f"{len(scales)} zero points expected, one per scale, there are {len(zero_points)}")
        if len(scales) > 1:
            # Older converters gave a bias, which has one dimension, its weights' quantized_dimension; TFLM ignores it.
            axis = 0 if len(shape) == 1 else quantization.number("quantized_dimension")
            _index(axis, len(shape), where, "quantized dimension")
            if len(scales) != shape[axis]:
                raise _rejected(
                    where,
                    f"{shape[axis]:,} scales expected, one per element of dimension {axis} of {list(shape)}, "
                    f"there are {len(scales):,}",
                )

    # --- operators ---------------------------------------------------------------------------------------------------

    def _operator(self, where: str, subgraph: int, operator: Table) -> list[int]:
        """Checks an operator; the subgraphs that it calls."""
        opcode = operator.number("opcode_index")
        _index(opcode, len(self.operators), where, "operator code")
        for name in ("inputs", "outputs", "intermediates"):
            for index, value in enumerate(operator.integers(name)):
                _index(
                    value,
                    self.tensor_counts[subgraph],
                    f"{where} {name.removesuffix('s')} {index}",
                    "tensor",
                    optional=name == "inputs",
                )
        code = self.operators[opcode]
        for name, free in (("inputs", _MAY_LACK_INPUTS), ("outputs", _MAY_LACK_OUTPUTS)):
            if code < FIRST_STABLEHLO and code not in free and not operator.count(name):
                raise _rejected(where, f"{name} are expected, there are none")
        if code == VAR_HANDLE:
            handle = operator.union("builtin_options", "VarHandleOptions")
            if handle is None:
                raise _rejected(where, "a VAR_HANDLE's container and shared_name are expected, there are none")
            self.handles.append((handle.string("container"), handle.string("shared_name")))
        if code not in _CALLS:
            return []
        member, fields = _CALLS[code]
        options = operator.union("builtin_options", member)
        if options is None:
            raise _rejected(where, f"{member} are expected, there are none")
        called = [options.number(field) for field in fields]
        for value in called:
            _index(value, len(self.subgraphs), where, "subgraph")
        return called

    def _no_recursion(self) -> None:
        """TFLM plans and runs called subgraphs recursively, so a circle would overflow the stack."""
        waiting = [0] * len(self.subgraphs)
        for called in self.calls:
            for value in called:
                waiting[value] += 1
        free = [index for index, callers in enumerate(waiting) if callers == 0]
        done = 0
        while free:
            done += 1
            for value in self.calls[free.pop()]:
                waiting[value] -= 1
                if waiting[value] == 0:
                    free.append(value)
        if done != len(self.subgraphs):
            circle = next(index for index, callers in enumerate(waiting) if callers)
            raise _rejected(
                f"subgraph {circle}", "it is in a circle of subgraphs that call each other, which never ends"
            )

    # --- metadata ----------------------------------------------------------------------------------------------------

    def _metadata(self) -> None:
        for index, (name, buffer) in enumerate(self.metadata):
            where = f"metadata {index}"
            _index(buffer, len(self.buffers), where, "buffer")
            if name == _OFFLINE_PLAN:
                # Three int32 (version, subgraph, tensors), then one offset per tensor; TFLM reads it all unchecked.
                size = self.buffers[buffer].count("data")
                needed = 12 + 4 * sum(self.tensor_counts)
                if size < needed:
                    raise _rejected(where, f"an offline plan of {needed:,} bytes is expected, there are {size:,}")

    def _signatures(self) -> None:
        for index, signature in enumerate(self.model.tables("signature_defs")):
            where = f"signature {index}"
            subgraph = signature.number("subgraph_index")
            _index(subgraph, len(self.subgraphs), where, "subgraph")
            for name in ("inputs", "outputs"):
                for entry in signature.tables(name):
                    _index(entry.number("tensor_index"), self.tensor_counts[subgraph], where, "tensor")
