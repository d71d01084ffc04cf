"""The guide to a Pico says what the code does."""

from __future__ import annotations

import importlib
import pkgutil
import re

import yaml

import harness.boards.pico
import harness.flash
import harness.protocol
from harness.boards.pico.inventory import Power
from harness.boards.pico.picotool import LEAST, OVERRIDE
from harness.cli.main import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, EXIT_USAGE
from harness.errors import HarnessError
from tests.support.documents import DOCS, code_of, first_words, section

PICO = (DOCS / "pico.md").read_text("utf-8")


def errors() -> dict[str, type[HarnessError]]:
    """Every error that a board, its flashing or its line can give."""
    for package in (harness.boards.pico, harness.flash, harness.protocol):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    found: dict[str, type[HarnessError]] = {}
    kinds: list[type[HarnessError]] = [HarnessError]
    for kind in kinds:
        found[kind.__name__] = kind
        kinds += kind.__subclasses__()
    return found


def error_names() -> set[str]:
    return first_words(section(PICO, "## What each error means"))


def test_pico_names_errors_that_exist() -> None:
    assert len(error_names()) > 25
    assert error_names() <= errors().keys()
    shown = re.findall(r"^([A-Z][A-Za-z]+): ", "\n".join(code_of(PICO)), re.MULTILINE)
    assert shown and set(shown) <= error_names()


def test_pico_tells_of_every_error_of_a_pico() -> None:
    raised = {name for name, kind in errors().items() if kind.__module__.startswith("harness.boards.pico")}
    assert len(raised) > 15
    assert not raised - error_names()
    everywhere = (
        "BoardNotFound NoFirmware WrongBoard BoardBusy NoPermission BoardLost FlashFailed LinkLost DeviceTimeout"
    )
    assert not {*everywhere.split(), "DeviceCrashed", "WrongChip", "ImageTooLarge"} - error_names()


def test_pico_has_the_exit_codes() -> None:
    told = re.search(r"^Exit codes of `tflm-hil`: (.*)\.$", PICO, re.MULTILINE)
    assert told is not None
    assert [int(part.split()[0]) for part in told[1].split(", ")] == [
        EXIT_OK,
        EXIT_FAILED,
        EXIT_USAGE,
        EXIT_INTERRUPTED,
    ]


def test_pico_names_the_oldest_picotool() -> None:
    least = ".".join(map(str, LEAST))
    assert f"picotool {least} or newer" in PICO and f"`{OVERRIDE}=PATH`" in PICO


def test_pico_s_power_is_what_an_inventory_takes() -> None:
    [power] = [line for line in code_of(PICO) if line.startswith("power:")]
    Power.model_validate(yaml.safe_load(power)["power"])
