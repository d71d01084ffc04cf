"""The command line's and pytest.ini's options, read once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.boards.several import board_names
from harness.errors import Misuse

# Where a worker finds its board in what the process that hands out tests has given it.
BOARD = "tflm_board"
# Where names of boards stand if --inventory names no file, from pytest's root folder.
INVENTORY = "boards.yaml"
_MOST_SECONDS = 1_000_000


@dataclass(frozen=True)
class Settings:
    """What a run was asked for.

    Attributes:
        board: the board of this process.
        inventory: the file with names of boards, or None.
        wait: how many seconds to wait for a board that another run has.
        firmware: the UF2 that --firmware or pytest.ini names, or None for the one that is built.
        root: pytest's root folder, where the build is.
        flash: "auto", "always" or "never".
        models: folders of models.
        report: folder for logs, or None.
        live_log: show the device's log as it comes.
        update_golden: write golden files.
        worker_name: what this process is called if it is one of several that share a run (pytest-xdist), or "".
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
    worker_name: str

    @classmethod
    def from_config(cls, config: pytest.Config) -> Settings:
        """The settings of a pytest run."""
        report = config.getoption("--report-dir")
        return cls(
            board=_board(config),
            inventory=_inventory(config),
            wait=_seconds(config.getoption("--board-wait")),
            firmware=_firmware(config),
            root=config.rootpath,
            flash=config.getoption("--flash"),
            models=tuple(config.rootpath / folder for folder in config.getini("tflm_models")),
            report=None if report is None else config.invocation_params.dir / report,
            live_log=config.getoption("--board-log"),
            update_golden=config.getoption("--update-golden"),
            worker_name=getattr(config, "workerinput", {}).get("workerid", ""),
        )


def names_of(config: pytest.Config) -> list[str]:
    """The boards that --board names.

    Raises:
        pytest.UsageError: it cannot be meant like that.
    """
    try:
        return board_names(config.getoption("--board") or ["host"])
    except Misuse as error:
        raise pytest.UsageError(str(error)) from None


def _board(config: pytest.Config) -> str:
    """The board of this process: the run's only one, or the one that this worker was given."""
    given: str | None = getattr(config, "workerinput", {}).get(BOARD)
    return names_of(config)[0] if given is None else given


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
