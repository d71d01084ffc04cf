"""From matplotlib's figure to SVG that can stand in a page: small, named, in the page's own font and colours."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

from markupsafe import Markup

from harness.report.html.charts.sheet import COLOURS, WIDTH, Sheet
from harness.report.html.shown import printable

_LONG = re.compile(r"-?\d+\.\d{2,}")
_COLOUR = re.compile(r"#0000[0-9a-f]{2}")
_FONT = re.compile(r"font: (?:(bold|\d+) )?([\d.]+)px [^;]*;?\s*")
_DROPPED = ("metadata", "clipPath", "style")
# matplotlib's own words for what SVG does anyway.
_DEFAULTS = re.compile(r"(?:stroke-linejoin: miter|stroke-linecap: butt|fill-opacity: 1|opacity: 1);?\s*")


def svg(sheet: Sheet, key: str, title: str, description: str) -> Markup:
    """The sheet as an image with a name and a description for those who do not see it.

    Args:
        key: no other chart of the page has it; ids begin with it.
    """
    raw = io.StringIO()
    # Without the time of making: the same figures are the same bytes.
    sheet.figure.savefig(raw, format="svg", metadata={"Date": None, "Creator": None})
    drawn = ElementTree.fromstring(raw.getvalue().encode())
    _plain_names(drawn)
    _prune(drawn)
    _rename(drawn, key)
    for element in drawn.iter():
        _simplify(element)
    drawn.attrib.clear()
    drawn.attrib.update(
        {
            "role": "img",
            "viewBox": f"0 0 {WIDTH} {sheet.height:g}",
            "width": str(WIDTH),
            "height": f"{sheet.height:g}",
            "aria-labelledby": f"{key}-t {key}-d",
        }
    )
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        told = ElementTree.Element(tag, {"id": f"{key}-{tag[0]}"})
        told.text = printable(text)
        drawn.insert(place, told)
    # Markup: all text in it went through the serialiser, which escapes it.
    return Markup(ElementTree.tostring(drawn, encoding="unicode"))


def _plain_names(drawn: ElementTree.Element) -> None:
    """In HTML neither elements nor links have a prefix."""
    for element in drawn.iter():
        element.tag = element.tag.rpartition("}")[2]
        for name in [name for name in element.attrib if "}" in name]:
            element.set(name.rpartition("}")[2], element.attrib.pop(name))


def _prune(element: ElementTree.Element) -> None:
    """Takes away what draws nothing: groups of one kind around another, empty ones, invisible paths."""
    for child in list(element):
        _prune(child)
        empty = child.tag in ("g", "defs") and not len(child)
        unseen = child.tag == "path" and "id" not in child.attrib and _invisible(child.get("style", ""))
        if child.tag in _DROPPED or empty or unseen:
            element.remove(child)
        elif child.tag == "g" and not {"style", "transform"} & set(child.attrib):
            place = list(element).index(child)
            element.remove(child)
            for offset, grandchild in enumerate(child):
                element.insert(place + offset, grandchild)


def _invisible(style: str) -> bool:
    return "fill: none" in style and ("stroke" not in style or "stroke: none" in style)


def _rename(drawn: ElementTree.Element, key: str) -> None:
    """Keeps the ids that something points at, and makes them this chart's own."""
    used = {element.get("href", "")[1:] for element in drawn.iter("use")}
    names = {name: f"{key}-{number}" for number, name in enumerate(sorted(used))}
    for element in drawn.iter():
        if "id" in element.attrib:
            old = element.attrib.pop("id")
            if old in names:
                element.set("id", names[old])
        if "href" in element.attrib:
            element.set("href", f"#{names[element.attrib['href'][1:]]}")


def _simplify(element: ElementTree.Element) -> None:
    element.attrib.pop("clip-path", None)
    element.text = None if element.text is None or not element.text.strip() else element.text
    element.tail = None
    style = _DEFAULTS.sub("", element.attrib.pop("style", ""))
    font = _FONT.search(style)
    if font is not None:
        element.set("font-size", font[2])
        if font[1]:
            element.set("font-weight", "600")
        style = _FONT.sub("", style)
    style = _COLOUR.sub(lambda found: f"var(--{COLOURS.get(found[0], 'ink')})", style).strip("; ")
    if style:
        element.set("style", style)
    for name in ("d", "x", "y", "transform"):
        if name in element.attrib:
            shorter = _LONG.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), element.attrib[name])
            element.set(name, " ".join(shorter.split()))
