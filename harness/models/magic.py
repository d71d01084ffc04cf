"""Says what a file is that is not a .tflite: people pass the wrong file more often than a broken one."""

from __future__ import annotations

IDENTIFIER = b"TFL3"

_CONVERT = "convert the model to .tflite, with tf.lite.TFLiteConverter or a tool for its framework"

# Leading bytes, what they begin, and what to do; the first match counts.
_STARTS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, such as a Keras .h5 model", _CONVERT),
    (b"PK\x03\x04", "a zip archive, such as a .keras or PyTorch model", _CONVERT),
    (b"\x08\x01\x12", "a TensorFlow SavedModel (.pb)", _CONVERT),
    (b"\x80\x02", "a Python pickle, such as a PyTorch checkpoint", _CONVERT),
    (b"\x80\x04", "a Python pickle", _CONVERT),
    (b"version https://git-lfs", "a Git LFS pointer", "fetch the file itself with `git lfs pull`"),
    (b"\x1f\x8b", "a gzip archive", "unpack it"),
    (b"<!DOCTYPE", "a web page", "download the file itself"),
    (b"<html", "a web page", "download the file itself"),
    (b"\x93NUMPY", "a numpy array (.npy)", ""),
    (b"\x7fELF", "an ELF program", ""),
    (b"UF2\n", "a UF2 firmware image", ""),
)

# Identifiers of other flatbuffers, at byte 4.
_IDENTIFIERS = {
    b"ORTM": "an ONNX Runtime model (.ort)",
    b"ET12": "an ExecuTorch program",
    b"ET13": "an ExecuTorch program",
}

# Keys (field number and wire type) with which a protobuf ModelProto of ONNX goes on after its ir_version, field 1.
_ONNX_KEYS = b"\x12\x1a\x22\x2a\x32\x3a\x42"


def recognise(data: bytes) -> tuple[str, str]:
    """What the bytes look like, and what to do about it; both "" if unknown. Never raises."""
    for start, kind, advice in _STARTS:
        if data.startswith(start):
            return kind, advice
    identifier = data[4:8]
    if identifier in _IDENTIFIERS:
        return _IDENTIFIERS[identifier], _CONVERT
    if data[8:12] == IDENTIFIER:
        return "a size-prefixed .tflite", "leave out its first 4 bytes"
    if identifier[:3] == b"TFL" and identifier != IDENTIFIER:
        return f"a .tflite of another schema, {identifier.decode('ascii', 'replace')}", "convert the model again"
    if len(data) > 2 and data[0] == 0x08 and data[1] < 0x20 and data[2] in _ONNX_KEYS:
        return "an ONNX model", _CONVERT
    head = data[:256]
    if not head.strip(b"\x00"):
        return "nothing but zeros", "copy or download the file again"
    if not head.strip(b"\xff"):
        return "nothing but 0xFF, as erased flash", "copy the file again"
    if all(byte in b"\t\n\r" or 0x20 <= byte < 0x7F for byte in head):
        if b"char" in data[:4096] and b"{" in data[:4096]:
            return "C source, such as the output of xxd", "give the .tflite that it was made from"
        return "a text file", ""
    return "", ""
