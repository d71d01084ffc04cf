"""Reads arrays from .npy, .npz and .csv files that anybody may have written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.datasets.errors import DatasetError
from harness.datasets.table import read_table

Array = npt.NDArray[Any]

# What is held in memory, unpacked.
MAX_FILE_BYTES = 256 * 1024 * 1024
# What is read piece by piece where it lies.
MAX_MAPPED_BYTES = 16 * 1024**3


def read_arrays(path: Path, *, mapped: bool = False) -> dict[str, Array]:
    """The arrays of a file; that of a file with only one is called "".

    Args:
        path: a .npy, .npz or .csv file. A .csv file may have a head; all its columns are numbers.
        mapped: leave a .npy file's values on disk until they are used; it may then be large.

    Raises:
        DatasetError: there is no such file, it is too large, or it cannot be read as what its name says.
    """
    if path.suffix not in (".npy", ".npz", ".csv"):
        raise DatasetError(f"{path.name}: a .npy, .npz or .csv file expected", path=str(path))
    mapped = mapped and path.suffix == ".npy"
    _check_size(path, MAX_MAPPED_BYTES if mapped else MAX_FILE_BYTES)
    if path.suffix == ".csv":
        return {"": read_table(path).numbers()}
    try:
        if mapped:
            return {"": np.load(path, mmap_mode="r", allow_pickle=False)}
        # Opened here, because numpy leaves a file open that it cannot read.
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return {"": loaded}
            if sum(info.file_size for info in loaded.zip.infolist()) > MAX_FILE_BYTES:
                raise _too_large(path, MAX_FILE_BYTES, " when unpacked")
            arrays = {key: loaded[key] for key in loaded.files}
    except DatasetError:
        raise
    # numpy, zipfile and zlib: each has errors of its own for bytes that are not what they should be.
    except Exception as error:  # noqa: BLE001
        raise DatasetError(f"{path} cannot be read: {error or type(error).__name__}", path=str(path)) from None
    for key, array in arrays.items():
        # A member that is not in numpy's format comes as its bytes.
        if not isinstance(array, np.ndarray):
            raise DatasetError(f"{path.name}: {key!r} is not a numpy array", path=str(path))
    return arrays


def _check_size(path: Path, most: int) -> None:
    try:
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read: {error}", path=str(path)) from None
    if size > most:
        raise _too_large(path, most, "")


def _too_large(path: Path, most: int, when: str) -> DatasetError:
    return DatasetError(
        f"{path.name}: at most {most:,} bytes expected{when}",
        path=str(path),
        advice="save large data sets as .npy, which is read piece by piece",
    )
