"""Builds every example file in memory, and compares or writes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from test_cases.training import accumulator, lstm_models, rejected, shapes, sine, svdf
from test_cases.training.archive import npz_bytes

DATASETS = {"sine": sine, "shapes": shapes, "lstm": lstm_models, "svdf": svdf, "accumulator": accumulator}


@dataclass(frozen=True)
class Built:
    """Model files by name, those that must be refused by name, and data sets by name and key."""

    models: dict[str, bytes]
    rejected: dict[str, bytes]
    datasets: dict[str, dict[str, np.ndarray]]

    def files(self) -> dict[str, bytes]:
        """Every file's content by its path below test_cases/."""
        return {
            **{f"models/{name}.tflite": content for name, content in self.models.items()},
            **{f"models/rejected/{name}.tflite": content for name, content in self.rejected.items()},
            **{f"data/{name}.npz": npz_bytes(arrays) for name, arrays in self.datasets.items()},
        }


def build() -> Built:
    """Trains everything."""
    models: dict[str, bytes] = {}
    datasets: dict[str, dict[str, np.ndarray]] = {}
    for name, module in DATASETS.items():
        files, datasets[name] = module.build()
        models.update(files)
    return Built(models, rejected.build(), datasets)


def write(files: dict[str, bytes], folder: Path) -> None:
    """Writes the files below `folder`, making folders as needed."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def differences(files: dict[str, bytes], folder: Path) -> list[str]:
    """One line for each file that is missing below `folder` or whose bytes are others."""
    found = []
    for path, content in files.items():
        if not (folder / path).is_file():
            found.append(f"{path}: missing")
            continue
        existing = (folder / path).read_bytes()
        if existing != content:
            first = next((i for i, (a, b) in enumerate(zip(existing, content, strict=False)) if a != b), None)
            where = f"first at byte {first}" if first is not None else "at the shorter one's end"
            found.append(f"{path}: differs {where} ({len(existing)} bytes here, {len(content)} rebuilt)")
    return found
