"""Fills the template of the page. All that goes in is made printable, and escaped."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timezone
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.report.html import shown
from harness.report.html.verdict import OUTCOMES

_MARKS = {"passed": "\u2713", "failed": "\u2715", "error": "!", "skipped": "\u2013", "not run": "\u25cb"}


def render(**told: Any) -> str:
    """The page."""
    loader = PackageLoader("harness.report.html")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        first_lines=shown.first_lines,
        last_lines=shown.last_lines,
        line=shown.one_line,
        number=shown.number,
        size=shown.size,
        duration=shown.duration,
        share=shown.share,
        figure=shown.figure,
        mark=lambda outcome: _MARKS.get(outcome, "\u2022"),
        words=lambda outcome: OUTCOMES[outcome][0],
        moment=_moment,
    )
    environment.globals.update(difference=shown.difference)
    script = _source(environment, "filter.js")
    # Markup: these two are ours, and are not to be escaped.
    return environment.get_template("page.html.j2").render(
        **told,
        style=Markup(_source(environment, "style.css")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def _source(environment: Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0].strip()


def _printable(value: Any) -> Any:
    """What every expression of the template passes through, before it is escaped."""
    return shown.printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _moment(text: str) -> str:
    """A point in time for people: "Sat 21 Nov 2026, 03:00 UTC"; what is none stays as it is."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            moment = moment.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return shown.one_line(text, 40)
    zone = " UTC" if moment.tzinfo is not None else ""
    return f"{shown.day(moment)} {moment.year}, {moment:%H:%M}{zone}"
