"""What charts are drawn on: matplotlib, without any of the user's own settings, and the colours of the page."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Of a chart, in CSS pixels at its natural size: as wide as a phone's screen, so that text is never scaled down.
WIDTH = 344
TEXT = 11.5
SMALL = 10.5
# What matplotlib takes for a colour stands for one of the page's, which follow the reader's light or dark theme.
COLOURS = {
    f"#0000{number:02x}": name
    for number, name in enumerate(
        ("ink", "soft", "line", "card", "bad", "good", "accent", "band", *(f"c{each}" for each in range(1, 9))), 1
    )
}
_BY_NAME = {name: colour for colour, name in COLOURS.items()}
# What a value must not exceed for matplotlib to find round numbers for its axis.
_MOST = 1e14

Align = Literal["left", "center", "right"]


def colour(name: str) -> str:
    """The stand-in for a colour of the page."""
    return _BY_NAME[name]


def drawable(values: Sequence[float]) -> bool:
    """Whether there are values, and an axis can be found for them."""
    return bool(values) and all(abs(value) < _MOST for value in values)


@contextmanager
def settings() -> Iterator[None]:
    """Within it, matplotlib draws as this page needs; the settings of the process come back at the end."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        # A name may have letters that the font for measuring text lacks; the browser has others.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                # Text stays text: it can be read aloud, searched for, and takes the page's font.
                "svg.fonttype": "none",
                "svg.hashsalt": "tflm-hil",
                "font.family": "DejaVu Sans",
                "font.size": TEXT,
                # A dollar sign in a name begins no formula.
                "text.parse_math": False,
                "axes.unicode_minus": False,
                "text.color": colour("ink"),
                "xtick.color": colour("line"),
                "ytick.color": colour("line"),
                "xtick.labelcolor": colour("soft"),
                "ytick.labelcolor": colour("soft"),
                "xtick.labelsize": SMALL,
                "ytick.labelsize": SMALL,
                "axes.edgecolor": colour("line"),
                "axes.facecolor": "none",
                "figure.facecolor": "none",
                "patch.linewidth": 0,
                "path.simplify_threshold": 0.3,
                "lines.solid_capstyle": "round",
                "lines.solid_joinstyle": "round",
            }
        )
        yield


class Sheet:
    """A figure that is measured in pixels from its upper left corner.

    Args:
        height: in pixels.
    """

    def __init__(self, height: float) -> None:
        self.height = height
        self.figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72)
        self._plain = self.axes(0, 0, WIDTH, height)
        self._plain.set(xlim=(0, WIDTH), ylim=(height, 0))
        self._plain.axis("off")

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes in a part of the sheet, with no more of a frame than a line below."""
        place = (left / WIDTH, 1 - (top + height) / self.height, width / WIDTH, height / self.height)
        axes = self.figure.add_axes(place)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_linewidth(1)
        axes.tick_params(length=0, pad=5)
        axes.set_axisbelow(True)
        return axes

    def bar(self, left: float, top: float, width: float, height: float, name: str, **given: Any) -> None:
        """A filled rectangle in a colour of the page."""
        self._plain.barh(top, width, height, left, align="edge", color=colour(name), **given)

    def outline(self, left: float, top: float, width: float, height: float, name: str, style: str = "-") -> None:
        """An empty rectangle."""
        self._plain.barh(
            top, width, height, left, align="edge", color="none", edgecolor=colour(name), linewidth=1, linestyle=style
        )

    def line(self, x: Sequence[float], y: Sequence[float], name: str, width: float = 1.0, style: str = "-") -> None:
        """A line through points."""
        self._plain.plot(x, y, color=colour(name), linewidth=width, linestyle=style)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        name: str = "ink",
        *,
        align: Align = "left",
        size: float = TEXT,
        bold: bool = False,
    ) -> None:
        """Text on a base line."""
        weight = "bold" if bold else "normal"
        self._plain.text(x, y, text, color=colour(name), ha=align, va="baseline", fontsize=size, fontweight=weight)
