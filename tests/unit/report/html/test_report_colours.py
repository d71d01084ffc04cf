"""The page's colours can be read in light and in dark."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

STYLE = (files("harness.report.html") / "templates" / "style.css").read_text("utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{(.*?)\}", STYLE, re.S)
)
TEXT = ("ink", "soft", "accent", "good", "bad", "warn", *(f"c{number}" for number in range(1, 9)))


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, as WCAG 2.2 defines it."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", TEXT)
def test_text_has_the_contrast_of_level_aa(theme: dict[str, str], name: str) -> None:
    for ground in ("page", "card"):
        assert contrast(theme[name], theme[ground]) >= 4.5, ground


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_lines_of_charts_and_text_on_washes_can_be_told_from_the_ground(theme: dict[str, str]) -> None:
    assert contrast(theme["band"], theme["card"]) >= 3
    assert contrast(theme["ink"], theme["warn-wash"]) >= 4.5


def test_both_themes_have_the_same_colours() -> None:
    assert LIGHT.keys() == DARK.keys()
    assert set(re.findall(r"var\(--([a-z0-9-]+)\)", STYLE)) <= LIGHT.keys() | {"tone"}
