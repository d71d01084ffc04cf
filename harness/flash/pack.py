"""The model pack: the region of flash that holds the models, with its directory (docs/model-pack.md).

All integers are little-endian and unsigned.

    offset  size  header
    0       8     magic "TFLMPACK"
    8       4     version, 1
    12      4     number of models, n
    16      4     size of the whole pack in bytes
    20      4     CRC-32 of everything behind the header
    24      8     zero

    offset  size  directory entry, n of them from offset 32 on
    0       32    name, ASCII, padded with NUL, at most 31 characters
    32      4     offset of the model from the start of the pack, a multiple of 16
    36      4     size of the model in bytes
    40      4     CRC-32 of the model
    44      4     zero
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from harness.errors import FlashFailed, HarnessError, ImageTooLarge, Misuse
from harness.flash.layout import PACK_BYTES
from harness.protocol.payload import crc32

MAGIC = b"TFLMPACK"
VERSION = 1
ALIGNMENT = 16
CAPACITY = PACK_BYTES
MAX_MODELS = 64

_HEADER = struct.Struct("<8sIIII8x")
_ENTRY = struct.Struct("<32sIII4x")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,31}")


class BadPack(FlashFailed):
    """The bytes are not a model pack."""

    advice = "flash the board again"


@dataclass(frozen=True)
class PackEntry:
    """One model in a pack."""

    name: str
    data: bytes
    crc: int


class ModelPack:
    """Models with their names, in a fixed order.

    Args:
        models: names and contents; a name has 1 to 31 of the characters A-Z a-z 0-9 _ . -

    Raises:
        Misuse: a bad name, or one that stands there twice.
        ImageTooLarge: the pack would be larger than the flash that is there for it.
    """

    def __init__(self, models: Iterable[tuple[str, bytes]] = (), *, capacity: int = CAPACITY) -> None:
        self.entries = tuple(PackEntry(name, data, crc32(data)) for name, data in models)
        names = [entry.name for entry in self.entries]
        for name in names:
            if not _NAME.fullmatch(name):
                raise Misuse(f"model name {name!r}: 1 to 31 of the characters A-Z a-z 0-9 _ . - expected")
            if names.count(name) > 1:
                raise Misuse(f"two models have the name {name!r}", advice="rename one of the files")
        if len(names) > MAX_MODELS:
            raise ImageTooLarge(size=len(names), capacity=MAX_MODELS, what="the model pack's directory (in entries)")
        size = packed_size(len(entry.data) for entry in self.entries)
        if size > capacity:
            raise ImageTooLarge(size=size, capacity=capacity)
        self._bytes = self._encode(size)

    @property
    def crc(self) -> int:
        """CRC-32 of the whole pack, as the board reports it."""
        return crc32(self._bytes)

    def find(self, name: str) -> PackEntry | None:
        """The model of that name."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def encode(self) -> bytes:
        """The pack as it lies in flash."""
        return self._bytes

    @classmethod
    def decode(cls, data: bytes) -> ModelPack:
        """Reads a pack, checking every figure in it.

        Raises:
            BadPack: it is not one, or it is damaged.
        """
        if len(data) < _HEADER.size:
            raise BadPack(f"model pack: at least {_HEADER.size} bytes expected, {len(data)} came")
        magic, version, count, size, crc = _HEADER.unpack_from(data)
        if magic != MAGIC or version != VERSION:
            raise BadPack(f"model pack: {MAGIC!r} version {VERSION} expected, {magic!r} version {version} came")
        if size != len(data) or count > MAX_MODELS or _HEADER.size + count * _ENTRY.size > size:
            raise BadPack(f"model pack: {count} models in {size} bytes announced, {len(data)} bytes came")
        if crc32(data[_HEADER.size :]) != crc:
            raise BadPack("model pack: its CRC-32 does not fit its bytes")
        models: list[tuple[str, bytes]] = []
        for position in range(count):
            name, offset, length, model_crc = _ENTRY.unpack_from(data, _HEADER.size + position * _ENTRY.size)
            model = data[offset : offset + length]
            if offset % ALIGNMENT or len(model) != length or crc32(model) != model_crc:
                raise BadPack(f"model pack: model {position} is damaged")
            models.append((name.rstrip(b"\0").decode("latin-1"), model))
        try:
            pack = cls(models, capacity=max(CAPACITY, len(data)))
        except HarnessError as error:
            raise BadPack(f"model pack: {error.message}") from None
        # What the CRC-32 does not cover: the header's own figures and what must be zero.
        if pack.encode() != data:
            raise BadPack("model pack: header or padding is not what its models need")
        return pack

    def _encode(self, size: int) -> bytes:
        offset = _aligned(_HEADER.size + len(self.entries) * _ENTRY.size)
        directory = b""
        body = b""
        start = offset
        for entry in self.entries:
            directory += _ENTRY.pack(entry.name.encode("ascii"), start + len(body), len(entry.data), entry.crc)
            body += entry.data + bytes(-len(entry.data) % ALIGNMENT)
        rest = directory + bytes(offset - _HEADER.size - len(directory)) + body
        return _HEADER.pack(MAGIC, VERSION, len(self.entries), size, crc32(rest)) + rest


def packed_size(sizes: Iterable[int]) -> int:
    """Bytes of a pack of models of these sizes."""
    listed = list(sizes)
    return _aligned(_HEADER.size + len(listed) * _ENTRY.size) + sum(map(_aligned, listed))


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
