"""The schema table against the schema itself, as its generator wrote it out."""

from __future__ import annotations

from typing import Any

import pytest

from harness.models.schema_table import TENSOR_TYPES, TFLITE

TABLES = sorted(set(TFLITE.tables) | {member for members in TFLITE.unions.values() for member in members})

SIZES = {"u8": 1, "i8": 1, "u16": 2, "i32": 4, "u32": 4, "f32": 4, "i64": 8, "u64": 8}
SCALARS = {"Bool": 1, "Byte": 1, "Int8": 1, "Uint8": 1, "Int32": 4, "Uint32": 4, "Float32": 4, "Int64": 8, "Uint64": 8}

# Deprecated in the schema without a generated accessor left.
DEPRECATED = {"ReduceWindowOptions"}


class Recorder:
    """A flatbuffers.Builder that notes which slots and element sizes the generated code writes."""

    def __init__(self) -> None:
        self.noted: tuple[Any, ...] = ()

    def __getattr__(self, name: str) -> Any:
        def note(*arguments: Any) -> None:
            self.noted = (name, *arguments)

        return note


def generated_fields(fb: Any, name: str) -> dict[int, tuple[str, str, int]]:
    """Per slot the field's name, "scalar" or "offset", and its size in bytes (of a vector: an element's; else 0)."""
    fields = {}
    for function, call in vars(fb).items():
        if not function.startswith(f"{name}Add"):
            continue
        recorder, member = Recorder(), function.removeprefix(f"{name}Add")
        call(recorder, 0)
        method, slot = recorder.noted[:2]
        kind = method.removeprefix("Prepend").removesuffix("Slot")
        size = SCALARS.get(kind, 0)
        start = vars(fb).get(f"{name}Start{member}Vector")
        if start is not None:
            start(recorder, 0)
            size = recorder.noted[1]
        fields[slot] = (member.lower(), "scalar" if kind in SCALARS else "offset", size)
    return fields


@pytest.mark.parametrize("name", [name for name in TABLES if name not in DEPRECATED])
def test_fields_are_those_of_the_generated_code(fb: Any, name: str) -> None:
    generated = generated_fields(fb, name)
    seen = set()
    for field in TFLITE.tables.get(name, {}).values():
        slot = field.slot
        if field.kind == "union":
            assert generated[slot][1:] == ("scalar", 1)
            seen.add(slot)
            slot += 1
        member, kind, size = generated[slot]
        seen.add(slot)
        ours = field.name.replace("_", "")
        # The table shortens names that the harness never reads.
        assert ours == member or (ours == "fused" and member == "fusedactivationfunction") or member == ours + "factor"
        assert kind == ("scalar" if field.kind == "scalar" else "offset"), field.name
        if field.kind in ("scalar", "vector"):
            assert size == SIZES[field.target], field.name
        else:
            assert size == (4 if field.kind == "tables" else 0), field.name
    # A later schema may have appended fields; TFLM as it is pinned does not read them.
    assert all(slot > max(seen, default=-1) for slot in set(generated) - seen)


@pytest.mark.parametrize("union", ["BuiltinOptions", "BuiltinOptions2", "QuantizationDetails", "SparseIndexVector"])
def test_union_numbers(union: str, fb: Any) -> None:
    generated = getattr(fb, union)
    for number, member in enumerate(TFLITE.unions[union], start=1):
        if hasattr(generated, member):
            assert getattr(generated, member) == number
    known = {name for name in vars(generated) if not name.startswith("_")} - {"NONE"}
    assert known <= set(TFLITE.unions[union])


def test_tensor_type_numbers(fb: Any) -> None:
    known = {name: value for name, value in vars(fb.TensorType).items() if not name.startswith("_")}
    assert {kind.name: number for number, kind in enumerate(TENSOR_TYPES)} == {
        **known,
        **{kind.name: number for number, kind in enumerate(TENSOR_TYPES) if kind.name not in known},
    }
    assert set(known) <= {kind.name for kind in TENSOR_TYPES}


def test_no_table_contains_itself() -> None:
    """The verifier's depth is bounded by this."""

    def depth(name: str, above: tuple[str, ...]) -> int:
        assert name not in above
        deepest = 0
        for field in TFLITE.tables.get(name, {}).values():
            inner = (
                TFLITE.unions.get(field.target, (field.target,)) if field.kind in ("table", "tables", "union") else ()
            )
            for member in inner:
                deepest = max(deepest, depth(member, (*above, name)))
        return deepest + 1

    assert depth("Model", ()) == 6


def test_every_named_type_exists() -> None:
    members = {member for union in TFLITE.unions.values() for member in union}
    for fields in TFLITE.tables.values():
        for field in fields.values():
            if field.kind in ("table", "tables"):
                assert field.target in TFLITE.tables
            elif field.kind == "union":
                assert field.target in TFLITE.unions
    assert set(TFLITE.tables) - members >= {"Model", "SubGraph", "Tensor", "Operator", "Buffer"}
