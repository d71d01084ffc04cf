"""Writes .npz files whose bytes depend on the arrays only."""

from __future__ import annotations

import io
import zipfile

import numpy as np

_EARLIEST_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


def npz_bytes(arrays: dict[str, np.ndarray]) -> bytes:
    """An archive that numpy.load reads. Not compressed: zlib's output differs between its versions."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", _EARLIEST_DATE)
            entry.create_system = _UNIX
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
            file.writestr(entry, content.getvalue())
    return archive.getvalue()
