"""Checks that bytes are a well-formed flatbuffer of a given schema, and reads them once they are.

The format: "FlatBuffer Internals" in the documentation of google/flatbuffers (docs/source/internals.md); the checks are
those of its C++ `flatbuffers::Verifier`, and additionally that every field lies inside its table. All numbers are
little-endian:

    file    uoffset of the root table (u32), identifier (4 bytes)
    table   soffset (i32): the vtable lies at table - soffset; then the fields
    vtable  its own size (u16), the table's size (u16), per field its offset in the table (u16; 0: absent)
    vector  element count (u32), elements; a string is a vector of bytes and a NUL that is not counted
    union   two fields: the type (u8; 0: none) and an offset to a table

A table, a vector or a string as a field is a uoffset (u32), counted from the field itself; so it always points forward.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from harness.errors import ModelRejected

_SIZES = {"u8": 1, "i8": 1, "u16": 2, "i32": 4, "u32": 4, "f32": 4, "i64": 8, "u64": 8}
_CODES = {"u8": "B", "i8": "b", "u16": "H", "i32": "i", "u32": "I", "f32": "f", "i64": "q", "u64": "Q"}

# No name in a model is longer; the limit keeps a damaged file from making the reader copy megabytes per name.
MAX_STRING = 65_536

# Where the verifier is, innermost first: (outer place, field or table, element or None). Made into text in errors only.
_Place = tuple["_Place | None", str, "int | None"]


@dataclass(frozen=True)
class Field:
    """One field of a table.

    Attributes:
        name: the schema's name.
        slot: position in the vtable, from 0. A union's type has this slot, its value the next one.
        kind: "scalar", "string", "vector" (of scalars), "tables" (a vector of them), "table" or "union".
        target: the scalar's, table's or union's name.
    """

    name: str
    slot: int
    kind: str
    target: str


@dataclass(frozen=True)
class Schema:
    """Tables and unions of a schema.

    Tables that contain each other in a circle are not allowed: so the schema bounds every file's depth.
    """

    tables: dict[str, dict[str, Field]]
    unions: dict[str, tuple[str, ...]]
    root: str

    @classmethod
    def from_text(cls, *, tables: str, unions: str, root: str) -> Schema:
        """Reads lines "Table: field:type ...", continued where indented; a type may be u8, [u8], string, T, [T]."""
        members = {name: tuple(words) for name, words in _entries(unions)}
        parsed = {name: cls._fields(words, members) for name, words in _entries(tables)}
        return cls(parsed, members, root)

    @staticmethod
    def _fields(words: list[str], unions: dict[str, tuple[str, ...]]) -> dict[str, Field]:
        fields = {}
        slot = 0
        for word in words:
            if word != "-":
                name, _, target = word.partition(":")
                inner = target.strip("[]")
                if target.startswith("["):
                    kind = "vector" if inner in _SIZES else "tables"
                elif target in _SIZES:
                    kind = "scalar"
                elif target == "string":
                    kind = "string"
                else:
                    kind = "union" if target in unions else "table"
                fields[name] = Field(name, slot, kind, inner)
                slot += kind == "union"
            slot += 1
        return fields


def _entries(text: str) -> Iterator[tuple[str, list[str]]]:
    for line in text.replace("\n    ", " ").strip().splitlines():
        name, _, rest = line.partition(":")
        yield name, rest.split()


class Flatbuffer:
    """A verified flatbuffer.

    The time is linear in the file's size: what was checked once is not checked again, and the work is capped at what a
    file without overlaps can need. The depth is bounded by the schema.

    Args:
        data: the whole file.
        schema: what it must hold.

    Raises:
        ModelRejected: the structure is broken; the message names the place, the byte, and what was expected there.
    """

    def __init__(self, data: bytes, schema: Schema) -> None:
        self.data = data
        self.schema = schema
        self._seen: set[tuple[int, str]] = set()
        # One step stands for 4 bytes of the file; twice as many as there are leaves room for parts that are shared.
        steps = len(data) // 2
        self._work_left = steps
        place: _Place = (None, "root table", None)
        root = self._offset(0, place)
        self._table(root, schema.root, (None, "model", None))
        self._work_left = steps
        self.root = Table(self, root, schema.root)

    # --- the structure -----------------------------------------------------------------------------------------------

    def spend(self, steps: int, place: _Place) -> None:
        """Counts work against the cap: one step per 4 bytes that a table or vector takes.

        Raises:
            ModelRejected: more than a file of this size can need.
        """
        self._work_left -= steps
        if self._work_left < 0:
            raise ModelRejected(f"{_text(place)}: the file's parts overlap many times over; a sound model's do not")

    def _reject(self, place: _Place, at: int, problem: str) -> ModelRejected:
        return ModelRejected(f"{_text(place)} at byte {at:,}: {problem}")

    def _need(self, at: int, size: int, alignment: int, place: _Place) -> None:
        if at < 0 or at + size > len(self.data):
            raise self._reject(
                place,
                at,
                f"{size:,} bytes are expected there, the file ends at byte {len(self.data):,}: truncated or damaged",
            )
        if at % alignment:
            raise self._reject(place, at, f"a multiple of {alignment} is expected as its position: damaged")

    def _u32(self, at: int) -> int:
        value: int = struct.unpack_from("<I", self.data, at)[0]
        return value

    def _offset(self, at: int, place: _Place) -> int:
        """The position that the uoffset at `at` points to."""
        self._need(at, 4, 4, place)
        distance = self._u32(at)
        if distance == 0:
            raise self._reject(place, at, "an offset is expected, came 0: damaged")
        return at + distance

    def _table(self, at: int, name: str, place: _Place) -> None:
        if (at, name) in self._seen:
            return
        self._seen.add((at, name))
        self._need(at, 4, 4, place)
        vtable = at - struct.unpack_from("<i", self.data, at)[0]
        where: _Place = (place, "vtable", None)
        self._need(vtable, 4, 2, where)
        vtable_size, table_size = struct.unpack_from("<HH", self.data, vtable)
        if vtable_size < 4 or vtable_size % 2:
            raise self._reject(where, vtable, f"an even size of at least 4 is expected, came {vtable_size}: damaged")
        if table_size < 4:
            raise self._reject(where, vtable, f"a table size of at least 4 is expected, came {table_size}: damaged")
        self._need(vtable, vtable_size, 2, where)
        self._need(at, table_size, 4, place)
        self.spend(table_size // 4, place)
        for field in self.schema.tables.get(name, {}).values():
            self._field(at, vtable, vtable_size, table_size, field, place)

    def _slot(self, vtable: int, vtable_size: int, slot: int) -> int:
        where = 4 + 2 * slot
        if where + 2 > vtable_size:
            return 0
        value: int = struct.unpack_from("<H", self.data, vtable + where)[0]
        return value

    def _field(self, table: int, vtable: int, vtable_size: int, table_size: int, field: Field, place: _Place) -> None:
        kind_slot = self._slot(vtable, vtable_size, field.slot)
        member = ""
        if field.kind == "union":
            if kind_slot == 0:
                return
            self._inside(table, kind_slot, 1, table_size, (place, field.name, None))
            number = self.data[table + kind_slot]
            members = self.schema.unions[field.target]
            member = members[number - 1] if 1 <= number <= len(members) else ""
            offset = self._slot(vtable, vtable_size, field.slot + 1)
            if number == 0 or offset == 0:
                return
        else:
            offset = kind_slot
            if offset == 0:
                return
        where: _Place = (place, field.name, None)
        size = _SIZES[field.target] if field.kind == "scalar" else 4
        self._inside(table, offset, size, table_size, where)
        at = table + offset
        if field.kind == "scalar":
            return
        target = self._offset(at, where)
        if field.kind == "union":
            # A member that this schema does not know is a table all the same.
            self._table(target, member, where)
        elif field.kind == "table":
            self._table(target, field.target, where)
        elif field.kind == "string":
            self._string(target, where)
        elif field.kind == "vector":
            self._vector(target, _SIZES[field.target], where)
        else:
            self._tables(target, field, place)

    def _inside(self, table: int, offset: int, size: int, table_size: int, place: _Place) -> None:
        if offset < 4 or offset + size > table_size:
            raise self._reject(
                place, table, f"offset {offset} with {size} bytes lies outside its table of {table_size} bytes: damaged"
            )
        self._need(table + offset, size, size, place)

    def _vector(self, at: int, size: int, place: _Place) -> int:
        """Checks a vector of elements of `size` bytes; its element count."""
        self._need(at, 4, 4, place)
        count = self._u32(at)
        self._need(at + 4, count * size, 4, place)
        return count

    def _string(self, at: int, place: _Place) -> None:
        count = self._vector(at, 1, place)
        if count > MAX_STRING:
            raise self._reject(place, at, f"a text of {count:,} bytes; at most {MAX_STRING:,} are expected")
        end = at + 4 + count
        self._need(end, 1, 1, place)
        if self.data[end]:
            raise self._reject(place, end, f"a text's closing 0 is expected, came {self.data[end]:#04x}: damaged")

    def _tables(self, at: int, field: Field, place: _Place) -> None:
        if (at, field.name) in self._seen:
            return
        self._seen.add((at, field.name))
        count = self._vector(at, 4, (place, field.name, None))
        self.spend(count, (place, field.name, None))
        for index in range(count):
            where: _Place = (place, field.name, index)
            self._table(self._offset(at + 4 + 4 * index, where), field.target, where)


def _text(place: _Place) -> str:
    """A place in words, outermost first: "subgraph 0 tensor 5 name"."""
    words: list[str] = []
    at: _Place | None = place
    element = False
    while at is not None:
        outer, name, index = at
        if index is not None:
            # "tensors", element 5: "tensor 5".
            words.append(f"{name.removesuffix('s').replace('_', ' ')} {index}")
        elif outer is not None or not element:
            # "model version", but "subgraph 0" alone: there is but one model.
            words.append(name)
        element = index is not None
        at = outer
    return " ".join(reversed(words))


class Table:
    """A table of a verified flatbuffer: reads fields by their schema names."""

    __slots__ = ("_buffer", "_fields", "_vtable", "_vtable_size", "at")

    def __init__(self, buffer: Flatbuffer, at: int, name: str) -> None:
        self._buffer = buffer
        self._fields = buffer.schema.tables.get(name, {})
        self._vtable: int = at - struct.unpack_from("<i", buffer.data, at)[0]
        self._vtable_size: int = struct.unpack_from("<H", buffer.data, self._vtable)[0]
        self.at = at

    def _position(self, slot: int) -> int:
        """Where the field's inline part lies in the file; 0 if it is absent."""
        offset = self._buffer._slot(self._vtable, self._vtable_size, slot)
        return self.at + offset if offset else 0

    def _target(self, slot: int) -> int:
        at = self._position(slot)
        return at + self._buffer._u32(at) if at else 0

    def has(self, name: str) -> bool:
        """Whether the field is there; a scalar that is not has the value 0."""
        return self._position(self._fields[name].slot) != 0

    def number(self, name: str) -> int:
        """An integer field; 0 if it is absent."""
        field = self._fields[name]
        at = self._position(field.slot)
        return int(struct.unpack_from("<" + _CODES[field.target], self._buffer.data, at)[0]) if at else 0

    def numbers(self, name: str) -> tuple[int | float, ...]:
        """A vector of scalars; empty if it is absent."""
        field = self._fields[name]
        at = self._target(field.slot)
        if not at:
            return ()
        count = self._buffer._u32(at)
        self._buffer.spend(count, (None, name, None))
        return struct.unpack_from(f"<{count}{_CODES[field.target]}", self._buffer.data, at + 4)

    def integers(self, name: str) -> tuple[int, ...]:
        """As `numbers`, for a vector of integers."""
        return tuple(int(value) for value in self.numbers(name))

    def count(self, name: str) -> int:
        """How many elements a vector or string has; 0 if it is absent."""
        at = self._target(self._fields[name].slot)
        return self._buffer._u32(at) if at else 0

    def string(self, name: str) -> bytes | None:
        """A string's bytes without the closing 0; None if it is absent."""
        at = self._target(self._fields[name].slot)
        if not at:
            return None
        count = self._buffer._u32(at)
        self._buffer.spend(count // 4, (None, name, None))
        return self._buffer.data[at + 4 : at + 4 + count]

    def table(self, name: str) -> Table | None:
        """A table; None if it is absent."""
        field = self._fields[name]
        at = self._target(field.slot)
        return Table(self._buffer, at, field.target) if at else None

    def tables(self, name: str) -> list[Table]:
        """A vector of tables; empty if it is absent."""
        field = self._fields[name]
        at = self._target(field.slot)
        count = self._buffer._u32(at) if at else 0
        self._buffer.spend(count, (None, name, None))
        starts = range(at + 4, at + 4 + 4 * count, 4)
        return [Table(self._buffer, start + self._buffer._u32(start), field.target) for start in starts]

    def union(self, name: str, member: str) -> Table | None:
        """A union's table, if it is there and is the named member."""
        field = self._fields[name]
        kind = self._position(field.slot)
        members = self._buffer.schema.unions[field.target]
        if not kind or self._buffer.data[kind] != members.index(member) + 1:
            return None
        at = self._target(field.slot + 1)
        return Table(self._buffer, at, member) if at else None
