"""The command line's and pytest.ini's options, read once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Settings:
    """What a run was asked for.

    Attributes:
        board: the text after --board.
        flash: "auto", "always" or "never".
        models: folders of models.
        report: folder for logs, or None.
        live_log: show the device's log as it comes.
        update_golden: write golden files.
        worker: this process is one of several that share a run (pytest-xdist).
    """

    board: str
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
            flash=config.getoption("--flash"),
            models=tuple(config.rootpath / folder for folder in config.getini("tflm_models")),
            report=None if report is None else config.invocation_params.dir / report,
            live_log=config.getoption("--board-log"),
            update_golden=config.getoption("--update-golden"),
            worker=hasattr(config, "workerinput"),
        )
