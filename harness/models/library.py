"""Finds models by path or by name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import HarnessError, ModelNotFound

if TYPE_CHECKING:
    from harness.models.tflite import TfliteModel


def is_file(path: Path) -> bool:
    """Whether there is such a file; a path that cannot be, or may not be looked at, is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


class ModelLibrary:
    """The models in some folders; each file is read once.

    Args:
        directories: searched in this order for `NAME.tflite`.
    """

    def __init__(self, directories: Iterable[Path] = ()) -> None:
        self.directories = tuple(directories)
        self._loaded: dict[Path, TfliteModel] = {}

    def find(self, model: str | Path) -> TfliteModel:
        """The model with that path, or that name in one of the folders.

        Raises:
            ModelNotFound: there is no such file; the message lists where it was looked for and what is there.
            ModelRejected: the file is not a model.
        """
        return self.load(self.path(model))

    def path(self, model: str | Path) -> Path:
        """Where the model's file is.

        Raises:
            ModelNotFound: there is no such file.
        """
        given = Path(model)
        if given.suffix == ".tflite" and is_file(given):
            return given.resolve()
        if given.suffix == ".tflite" and (given.is_absolute() or given.parent != Path()):
            raise ModelNotFound(f"no file {str(given)!r} that may be read", advice="check the path")
        candidates = [directory / given for directory in self.directories]
        if given.suffix != ".tflite":
            candidates = [path.with_name(path.name + ".tflite") for path in candidates]
        for candidate in candidates:
            if is_file(candidate):
                return candidate.resolve()
        looked = (
            ", ".join(str(directory) for directory in self.directories) or "no models folder (ini option tflm_models)"
        )
        names = ", ".join(self.names()[:20])
        raise ModelNotFound(f"no model {str(model)!r}; looked in {looked}" + (f"; there are {names}" if names else ""))

    def load(self, path: Path) -> TfliteModel:
        """The model in that file.

        Raises:
            ModelNotFound, ModelRejected: see `find`.
        """
        if path not in self._loaded:
            from harness.models.tflite import load

            self._loaded[path] = load(path)
        return self._loaded[path]

    def names(self) -> list[str]:
        """Names of all files in the folders, valid or not."""
        return sorted({path.stem for directory in self.directories for path in directory.glob("*.tflite")})

    def valid_models(self) -> list[TfliteModel]:
        """All models in the folders that can be read; a broken one is no reason to keep the others from the board."""
        found: dict[str, TfliteModel] = {}
        for directory in self.directories:
            for path in sorted(directory.glob("*.tflite")):
                try:
                    model = self.load(path.resolve())
                except HarnessError:
                    continue
                found.setdefault(model.name, model)
        return list(found.values())
