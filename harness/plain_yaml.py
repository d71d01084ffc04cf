"""YAML files looked at before anything is built of them: values, lists and mappings, and not too much of them."""

from __future__ import annotations

from typing import Any

import yaml

# Far beyond any number or date that means something. Long ones take long to build, and Python refuses to print them.
_MAX_NUMBER_CHARS = 100
_SHOWN_CHARS = 60
_TEXT = "tag:yaml.org,2002:str"
_RESOLVER: Any = yaml.resolver.Resolver()


class NotPlain(Exception):
    """There is something in the text that is not plain, or too much.

    Attributes:
        line: the line, counted from 1.
    """

    def __init__(self, problem: str, event: Any) -> None:
        super().__init__(problem)
        # PyYAML's parsers, in Python and in C, mark every event.
        self.line = int(event.start_mark.line) + 1


def demand_plain(text: str, loader: Any, *, depth: int, events: int) -> None:
    """Reads no further than it must.

    Aliases can make a small file endless. Values whose tag is given may be none: PyYAML breaks at `!!bool x` with a
    KeyError, at others with other errors.

    Args:
        text: the YAML.
        loader: the class of PyYAML's that will read it.
        depth: how deep lists and mappings may be nested.
        events: how many values, and beginnings and ends of lists and mappings, there may be.

    Raises:
        NotPlain: there is an alias, a tag, or too much.
        yaml.YAMLError: it is not YAML.
    """
    nested = 0
    parsed: Any = yaml.parse(text, loader)
    for number, event in enumerate(parsed):
        nested += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if nested > depth:
            raise NotPlain(f"at most {depth} levels expected, it is nested deeper", event)
        if number > events:
            raise NotPlain(f"at most {events:,} values and brackets expected, more came", event)
        if isinstance(event, yaml.AliasEvent):
            raise NotPlain(f"no aliases expected, an alias came: *{str(event.anchor)[:_SHOWN_CHARS]}", event)
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise NotPlain(f"no tags expected, a tag came: {tag[:_SHOWN_CHARS]!r}", event)
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > _MAX_NUMBER_CHARS and not _is_text(event):
            raise NotPlain(
                f"a number of at most {_MAX_NUMBER_CHARS} characters expected, one of {len(event.value):,} came", event
            )


def _is_text(event: yaml.ScalarEvent) -> bool:
    return bool(_RESOLVER.resolve(yaml.ScalarNode, event.value, event.implicit) == _TEXT)
