"""The tensor arena: what it is filled with, and how much of the Pico's RAM it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from harness.measure.arena import Arena as Figures
from harness.models.fit import PICO_ARENA_BYTES
from harness.record.model import Arena
from harness.report.html.charts.chart import Chart
from harness.report.html.charts.sheet import SMALL, WIDTH, Sheet, drawable
from harness.report.html.charts.svg import svg
from harness.report.html.shown import label, share, size

# RP2040 datasheet, 2.6.2 "SRAM": 264 kB in six banks.
PICO_SRAM_BYTES = 264 * 1024
# Of the recommended size above the smallest that works; `tflm-hil size` recommends the same.
HEADROOM = 0.15
# More than there are colours; TFLM has seven categories.
_MOST_PARTS = 8
_ROW = 18


class Part(NamedTuple):
    """Bytes of one kind, and their colour in the page."""

    name: str
    size: int
    colour: str


@dataclass(frozen=True)
class ArenaNeed:
    """What a model needs of memory, in bytes; None is unknown.

    Attributes:
        used: what stays taken.
        minimum: the smallest arena that was seen to work.
        recommended: with `HEADROOM`.
        parts: what the bytes are for, together `used` or `minimum`.
        pointer_bits: 64 on a computer, where structures are larger.
    """

    used: int | None
    minimum: int | None
    recommended: int | None
    parts: tuple[Part, ...]
    pointer_bits: int

    @property
    def needed(self) -> int | None:
        """The smallest size that works, as far as it is known."""
        return self.used if self.minimum is None else self.minimum

    @property
    def share(self) -> float | None:
        """Of what a Pico has for arenas."""
        return None if self.needed is None else self.needed / PICO_ARENA_BYTES


def need_of(arena: Arena, pointer_bits: int | None) -> ArenaNeed:
    """What a record tells of an arena."""
    bits = pointer_bits or 32
    # No model does with nothing: 0 comes from a file in which it stands for what is not known.
    used, minimum = arena.used or None, arena.minimum or None
    known = [value for value in (used, minimum) if value is not None]
    if not known or not drawable([*known, *arena.categories.values()]) or min(known) < 0:
        return ArenaNeed(None, None, None, (), bits)
    whole = Figures(arena.size, used, arena.head, arena.tail, {}, bits, minimum)
    return ArenaNeed(used, minimum, whole.recommended(HEADROOM), tuple(_parts(arena)), bits)


def arena_chart(key: str, need: ArenaNeed) -> Chart | None:
    """The chart; None if nothing is known."""
    if need.needed is None or need.recommended is None:
        return None
    rows = [*need.parts, Part("headroom of 15 %", need.recommended - need.needed, "")]
    top = 34
    sheet = Sheet(top + _ROW * (len(rows) + 1) + 60)
    _stack(sheet, need, rows)
    for number, part in enumerate(rows):
        _row(sheet, top + _ROW * (number + 1), part)
    end = top + _ROW * (len(rows) + 1)
    sheet.line((0, WIDTH), (end - 10, end - 10), "line")
    sheet.text(0, end + 6, "recommended", bold=True)
    sheet.text(WIDTH, end + 6, size(need.recommended), align="right", bold=True)
    _ram(sheet, end + 30, need)
    smallest = "the smallest arena that works" if need.minimum is not None else "used"
    says = f"{size(need.needed)} {smallest}, {share(need.share)} of a Pico's {PICO_ARENA_BYTES // 1024} KiB"
    if need.pointer_bits != 32:
        says += f"; figures of a {need.pointer_bits}-bit computer, a Pico needs less"
    told = [(part.name, size(part.size)) for part in rows]
    told += [("used", size(need.used)), ("smallest that works", size(need.minimum))]
    told += [("recommended", size(need.recommended))]
    description = "A bar of the arena, stacked by what its bytes are for, and a bar of the Pico's memory. " + says
    picture = svg(sheet, key, "Tensor arena", description)
    return Chart("Tensor arena", says, picture, ("bytes for", "size"), told)


def _parts(arena: Arena) -> list[Part]:
    """What the bytes are for, in the order in which they lie in the arena; nothing is counted twice."""
    used, tail = arena.used or 0, arena.tail or 0
    named = sorted(((name, count) for name, count in arena.categories.items() if count > 0), key=lambda each: -each[1])
    # Counting takes bytes itself, so that the categories of one opening may exceed the tail of another.
    fitting = named if sum(count for _, count in named) <= max(tail, used) else []
    parts = [("activations (head)", arena.head or 0), *fitting[: _MOST_PARTS - 3]]
    parts.append(("more categories", sum(count for _, count in fitting[_MOST_PARTS - 3 :])))
    rest = used - sum(count for _, count in parts)
    parts.append(("other persistent bytes" if fitting else "persistent (tail)", rest))
    parts.append(("only while allocating", (arena.minimum or 0) - used))
    colours = iter(f"c{number}" for number in range(1, 9))
    return [
        Part(label(name, 34), count, "soft" if name == "only while allocating" else next(colours, "c8"))
        for name, count in parts
        if count > 0
    ]


def _stack(sheet: Sheet, need: ArenaNeed, rows: list[Part]) -> None:
    assert need.recommended
    left = 0.0
    for part in rows:
        width = part.size / need.recommended * WIDTH
        if part.colour:
            # A gap of one pixel parts neighbours without a colour of its own.
            sheet.bar(left, 2, max(width - 1, min(width, 0.5)), 18, part.colour)
        left += width
    sheet.outline(0.5, 1.5, WIDTH - 1, 19, "soft", ":")


def _row(sheet: Sheet, base: float, part: Part) -> None:
    if part.colour:
        sheet.bar(0, base - 9, 10, 10, part.colour)
    else:
        sheet.outline(0.5, base - 8.5, 9, 9, "soft", ":")
    sheet.text(17, base, part.name)
    sheet.text(WIDTH, base, size(part.size), align="right")


def _ram(sheet: Sheet, top: float, need: ArenaNeed) -> None:
    """The Pico's RAM as a bar: what the firmware keeps for arenas of it, and what this one is of that."""
    assert need.needed is not None
    scale = WIDTH / PICO_SRAM_BYTES
    region = PICO_ARENA_BYTES * scale
    sheet.bar(0, top, WIDTH, 10, "line")
    sheet.outline(0.5, top + 0.5, region - 1, 9, "soft")
    fits = need.needed <= PICO_ARENA_BYTES
    sheet.bar(0, top, min(WIDTH, max(2, need.needed * scale)), 10, "accent" if fits else "bad")
    sheet.text(0, top + 25, f"{share(need.share)} of 208 KiB", size=SMALL)
    sheet.text(region, top + 25, "for arenas", "soft", align="right", size=SMALL)
    sheet.text(WIDTH, top + 25, "264 KiB", "soft", align="right", size=SMALL)
