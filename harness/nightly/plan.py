"""What a night is to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from harness.nightly.cleanup import Retention
from harness.regression.judge import NIGHTS


@dataclass(frozen=True)
class Plan:
    """What a night is to do.

    Attributes:
        nights: the folder of all nights.
        boards: texts for --board; each is tested by itself, at the same time as the others.
        tests: files and folders of tests; what pytest.ini names if there are none.
        arguments: further ones for pytest.
        firmware: the UF2 to run; None for the one that `make firmware` built, if a board needs one.
        build: a command that builds the firmware first, or None.
        build_seconds: how long it may take.
        inventory: the file with names of boards, or None.
        baselines: the folder of the baselines, or None.
        configuration: which of the baselines' configurations the firmware is; "" for the usual one.
        accept: differences of conditions that are meant, as for `tflm-hil regress`.
        compared_nights: with how many of the last nights a figure is compared.
        board_seconds: how long everything with one board may take, repeated tests included.
        retries: how often tests that failed may run again.
        keep: which old nights stay.
    """

    nights: Path
    boards: tuple[str, ...]
    tests: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    firmware: Path | None = None
    build: tuple[str, ...] | None = None
    build_seconds: float = 3600.0
    inventory: Path | None = None
    baselines: Path | None = None
    configuration: str = ""
    accept: tuple[str, ...] = ()
    compared_nights: int = NIGHTS
    board_seconds: float = 3600.0
    retries: int = 1
    keep: Retention = field(default_factory=Retention)
