"""The command line's and pytest.ini's options, read once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

# Where names of boards stand if --inventory names no file, from pytest's root folder.
INVENTORY = "boards.yaml"
_MOST_SECONDS = 1_000_000


@dataclass(frozen=True)
class Settings:
    """What a run was asked for.

    Attributes:
        board: the text after --board.
        inventory: the file with names of boards, or None.
        wait: how many seconds to wait for a board that another run has.
        firmware: the UF2 that --firmware or pytest.ini names, or None for the one that is built.
        root: pytest's root folder, where the build is.
        flash: "auto", "always" or "never".
        models: folders of models.
        report: folder for logs, or None.
        live_log: show the device's log as it comes.
        update_golden: write golden files.
        worker: this process is one of several that share a run (pytest-xdist).
    """

    board: str
    inventory: Path | None
    wait: float
    firmware: Path | None
    root: Path
    flash: str
    models: tuple[Path, ...]
    report: Path | None
    live_log: bool
    update_golden: bool
    worker: bool

    @classmethod
    def from_config(cls, config: pytest.Config) -> Settings:
        """The settings of a pytest run."""
        report = config.getoption("--report-dir")
        return cls(
            board=config.getoption("--board"),
            inventory=_inventory(config),
            wait=_seconds(config.getoption("--board-wait")),
            firmware=_firmware(config),
            root=config.rootpath,
            flash=config.getoption("--flash"),
            models=tuple(config.rootpath / folder for folder in config.getini("tflm_models")),
            report=None if report is None else config.invocation_params.dir / report,
            live_log=config.getoption("--board-log"),
            update_golden=config.getoption("--update-golden"),
            worker=hasattr(config, "workerinput"),
        )


def _inventory(config: pytest.Config) -> Path | None:
    given = config.getoption("--inventory")
    if given is not None:
        return Path(config.invocation_params.dir / given)
    usual = config.rootpath / INVENTORY
    return usual if usual.is_file() else None


def _seconds(wait: float) -> float:
    # float() takes "nan" and "inf" too.
    if not 0 <= wait < _MOST_SECONDS:
        raise pytest.UsageError(f"--board-wait: seconds from 0 to {_MOST_SECONDS:,} expected, {wait:g} came")
    return wait


def _firmware(config: pytest.Config) -> Path | None:
    given = config.getoption("--firmware")
    if given is not None:
        return Path(config.invocation_params.dir / given)
    stated = config.getini("tflm_firmware")
    return Path(config.rootpath / stated) if stated else None
