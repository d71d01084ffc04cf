"""docs/latency.md says what the code does."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from harness.cases.schema import LatencySection
from harness.measure import distribution
from harness.measure.latency import FIGURES, Latency
from harness.models.macs import _FORMULAS

TEXT = (Path(__file__).parents[2] / "docs" / "latency.md").read_text("utf-8")


def block(language: str) -> str:
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return found


def test_the_limits_in_yaml_can_be_read() -> None:
    section = LatencySection.model_validate(yaml.safe_load(block("yaml"))["latency"])
    assert section.limit("emulator").limits()["median"].cycles == section.limit("pico").limits()["median"].cycles
    shown = {name for kind in ("host", "emulator", "pico") for name in section.limit(kind).limits()}
    assert shown == set(FIGURES)


def test_the_limits_in_python_can_be_read() -> None:
    latency = Latency((1.0,), 1.0)
    for call in re.findall(r"\.latency(\.assert_below\(.*\))", block("python")):
        if "cycles" not in call:
            eval(f"latency{call}", {"latency": latency})


def test_every_name_in_the_table_of_figures_is_one_of_latencys() -> None:
    rows = re.findall(r"^\|[^|]*\|([^|]*)\|", TEXT[TEXT.index("## The figures") :].split("\n## ")[0], re.MULTILINE)
    known = set(dir(Latency)) | {field.name for field in fields(Latency)} | {"Latency", "interval.needed"}
    names = [name.rstrip("()") for row in rows for name in re.findall(r"`([^`]+)`", row)]
    assert len(names) > 12
    assert set(names) <= known


def test_every_operator_with_a_formula_is_named() -> None:
    listed = TEXT[TEXT.index("Known are") :].split(";")[0]
    assert len(re.findall(r"`[A-Z_0-9]+`", listed)) == len(_FORMULAS)


@pytest.mark.parametrize(
    "value", [distribution.PRECISION * 100, distribution.CONFIDENCE * 100, distribution._MOST_SCORE]
)
def test_its_numbers_are_the_codes(value: float) -> None:
    assert re.search(rf"(?<![\d.]){value:g}(?![\d.]\d)", TEXT)
