"""Tensor bytes on the wire: raw towards the device, base64 towards the host, CRC-32 both ways."""

from __future__ import annotations

import base64
import binascii
import zlib

# 3,072 bytes are 4,096 characters of base64: a record stays far below its bound, and a device needs no large buffer.
CHUNK_BYTES = 3072


def crc32(data: bytes) -> int:
    """CRC-32 as in IEEE 802.3, zlib and PNG (polynomial 0x04C11DB7, reflected, initial and final value inverted)."""
    return zlib.crc32(data) & 0xFFFFFFFF


def crc_text(crc: int) -> str:
    """A CRC-32 as it stands in commands and records: eight lower-case hexadecimal digits."""
    return f"{crc:08x}"


def encode_chunk(data: bytes) -> str:
    """Bytes as base64 (RFC 4648, with padding)."""
    return base64.b64encode(data).decode("ascii")


def decode_chunk(text: str) -> bytes:
    """Base64 to bytes.

    Raises:
        ValueError: not base64, or longer than a chunk.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"not base64: {error}") from None
    if len(data) > CHUNK_BYTES:
        raise ValueError(f"chunk of {len(data)} bytes, at most {CHUNK_BYTES} expected")
    return data
