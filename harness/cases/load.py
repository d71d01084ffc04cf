"""Reads case files. Whatever is wrong in one becomes a `CaseError` with file, line and what is allowed there."""

from __future__ import annotations

import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from harness.cases.schema import CaseFileSection, CaseSection
from harness.errors import CaseError

MAX_BYTES = 1024 * 1024
MAX_NODES = 100_000
MAX_DEPTH = 40
_MAX_NUMBER_CHARS = 100
# Each is held against each.
_MAX_PROBLEMS = 1000
_SHOWN_CHARS = 80

_Loc = tuple[int | str, ...]
_TAGS = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Case:
    """One case of a file.

    Attributes:
        path: the case file.
        line: the line, counted from 1, where the case begins.
        model: the model, as the file names it.
        spec: what the case says.
    """

    path: Path
    line: int
    model: str
    spec: CaseSection

    def resolve(self, name: str) -> Path:
        """A path that the file gives, relative to the file."""
        return (self.path.parent / name).resolve()


def load_cases(path: Path) -> list[Case]:
    """All cases of a file.

    Raises:
        CaseError: the file cannot be read, is not YAML, or does not say what a case file must say.
    """
    name = str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CaseError(f"a case file of at most {MAX_BYTES:,} bytes expected", path=name)
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(f"cannot be read: {error}", path=name) from None
    data, lines = _read(text, name)
    if not isinstance(data, dict):
        raise CaseError("a mapping expected at the top, with the keys tflm-hil, model, cases", path=name, line=1)
    try:
        section = CaseFileSection.model_validate(data)
    except ValidationError as error:
        raise _explained(error, name, lines) from None
    return [
        Case(path, lines[("cases", number)], str(case.model or section.model), case)
        for number, case in enumerate(section.cases)
    ]


class _Loader(yaml.SafeLoader):
    """PyYAML's, for files of bounded size and depth; every value that it cannot make is an error with its line."""

    nodes = 0
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        self.nodes += 1
        self.depth += 1
        if self.nodes > MAX_NODES:
            raise yaml.composer.ComposerError(None, None, f"more than {MAX_NODES:,} values", mark)
        if self.depth > MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, f"nested more than {MAX_DEPTH} levels deep", mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        kind = node.tag.removeprefix(_TAGS)
        problem = f"{_shortened(str(node.value))} is not a valid {kind}"
        too_long = kind in ("int", "float") and len(node.value) > _MAX_NUMBER_CHARS
        try:
            if not too_long:
                return super().construct_object(node, deep)
        # What YAML takes for a number or a date may be none: 2024-13-45, !!int abc.
        except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError):
            pass
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _read(text: str, path: str) -> tuple[Any, dict[_Loc, int]]:
    """What the text says, and the line of everything in it."""
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            return None, {}
        # Before anything is built of it: aliases can make it endless.
        lines = _lines(root, path)
        return loader.construct_document(root), lines
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        line = None if mark is None else mark.line + 1
        if isinstance(error, yaml.reader.ReaderError):
            line = text.count("\n", 0, error.position) + 1
            problem = f"character U+{error.character:04X}: {error.reason}"
        raise CaseError(f"not YAML: {problem}", path=path, line=line) from None


def _lines(root: yaml.Node, path: str) -> dict[_Loc, int]:
    """The line of every node, by its place; a key's line is where the key stands."""
    lines: dict[_Loc, int] = {(): 1}
    visited = 0

    def visit(node: yaml.Node, loc: _Loc, open_nodes: tuple[int, ...]) -> None:
        nonlocal visited
        visited += 1
        if visited > MAX_NODES or len(open_nodes) > MAX_DEPTH or id(node) in open_nodes:
            line = node.start_mark.line + 1
            raise CaseError("too large: aliases that multiply, or that contain themselves", path=path, line=line)
        inside = (*open_nodes, id(node))
        if isinstance(node, yaml.MappingNode):
            visit_mapping(node, loc, inside)
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                item = (*loc, number)
                lines[item] = value.start_mark.line + 1
                visit(value, item, inside)

    def visit_mapping(node: yaml.MappingNode, loc: _Loc, inside: tuple[int, ...]) -> None:
        seen = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or key.tag not in (f"{_TAGS}str", f"{_TAGS}merge"):
                raise CaseError(f"a key of plain text expected, came {_shortened(key.value)}", path=path, line=line)
            if key.value in seen:
                raise CaseError(f"key {_shortened(key.value)} stands here twice", path=path, line=line)
            seen.add(key.value)
            if key.tag == f"{_TAGS}merge":
                # What is merged in stands at this mapping's own place. The mapping's own keys come over it below.
                # Of several, the first one wins.
                for source in reversed(value.value) if isinstance(value, yaml.SequenceNode) else [value]:
                    visit(source, loc, inside)
        for key, value in node.value:
            if key.tag != f"{_TAGS}merge":
                item = (*loc, key.value)
                lines[item] = key.start_mark.line + 1
                visit(value, item, inside)

    visit(root, (), ())
    return lines


def _explained(error: ValidationError, path: str, lines: dict[_Loc, int]) -> CaseError:
    told = error.errors(include_url=False)[:_MAX_PROBLEMS]
    problems = [(_place(_whereabouts(problem), lines), problem) for problem in told]
    # A union reports each of its members; the problem that lies deeper is the one that the author has made.
    deepest = [
        (place, problem)
        for place, problem in problems
        if not any(len(other) > len(place) and other[: len(place)] == place for other, _ in problems)
    ]
    place, problem = min(deepest, key=lambda item: lines.get(item[0], 1))
    keys = _keys_at(place[:-1])
    if problem["type"] == "extra_forbidden" or problem["loc"][-1:] == ("[key]",):
        message = f"unknown key {_shortened(place[-1])} in {_named(place[:-1])}"
    elif problem["type"] == "missing":
        message = f"key {problem['loc'][-1]!r} is missing in {_named(place)}"
        keys = _keys_at(place)
    else:
        given = problem["input"]
        alternatives = [other for where, other in deepest if where == place]
        if isinstance(given, dict):
            # A mapping was meant as one; that a word could stand here too is of no interest.
            alternatives = [other for other in alternatives if other["type"] != "literal_error"] or alternatives
        wanted = dict.fromkeys(_wanted(other, place) for other in alternatives)
        message = f"{_named(place)}: {' or '.join(wanted)}"
        if alternatives[0]["type"] not in ("value_error", "misplaced"):
            message += f" expected, came {_given(given)}"
        elif isinstance(given, dict):
            keys = _keys_at(place) or keys
    advice = f"allowed here: {', '.join(keys)}" if keys else None
    return CaseError(message, path=path, line=lines.get(place, 1), advice=advice)


def _wanted(problem: Any, place: _Loc) -> str:
    """What should have stood there, in the words of a person."""
    kind, told = problem["type"], problem.get("ctx", {})
    keys = ", ".join(_keys_at(place))
    if kind in ("value_error", "misplaced"):
        return str(problem["msg"]).removeprefix("Value error, ")
    if kind == "literal_error":
        return str(told["expected"])
    if kind in ("greater_than_equal", "less_than_equal", "less_than"):
        word = {"greater_than_equal": "at least", "less_than_equal": "at most", "less_than": "less than"}[kind]
        return f"{word} {next(iter(told.values())):,}"
    if kind == "too_short":
        return "a list of at least one"
    for start, text in (
        ("list", "a list"),
        ("model", f"a mapping with the keys {keys}"),
        ("dict", f"a mapping with the keys {keys}"),
        ("string", "text (put it in quotes)"),
        ("int", "a whole number"),
        ("float", "a number"),
        ("finite", "a finite number"),
        ("bool", "true or false"),
    ):
        if kind.startswith(start):
            return text
    return str(problem["msg"])


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}..."


def _given(value: object) -> str:
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return "a mapping" if isinstance(value, dict) else _shortened(value)


def _named(place: _Loc) -> str:
    return ".".join(str(part) for part in place) or "the file"


def _whereabouts(problem: Any) -> _Loc:
    """Where a problem is, as far as pydantic or its author knows."""
    loc: _Loc = problem["loc"]
    if problem["type"] == "misplaced":
        loc = (*loc, *problem["ctx"]["place"])
    return loc


def _place(loc: _Loc, lines: dict[_Loc, int]) -> _Loc:
    """The part of pydantic's location that is a place in the file; the rest names members of unions."""
    place: _Loc = ()
    for part in loc:
        if (*place, part) in lines:
            place = (*place, part)
    return place


def _keys_at(place: _Loc) -> list[str]:
    """The keys that are allowed in the section at a place; none where there is no section."""
    annotation: Any = CaseFileSection
    for part in place:
        if isinstance(part, int):
            continue
        section = _section_in(annotation)
        if section is None:
            return []
        annotation = next((f.annotation for key, f in section.model_fields.items() if part == (f.alias or key)), None)
    section = _section_in(annotation)
    if section is not None:
        return [field.alias or key for key, field in section.model_fields.items()]
    return list(_keys_in(annotation))


def _keys_in(annotation: Any) -> tuple[str, ...]:
    """The keys of a mapping that is no section: one size per kind of board."""
    if get_origin(annotation) is dict:
        return get_args(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return next((found for part in get_args(annotation) if (found := _keys_in(part))), ())
    return ()


def _section_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType, list):
        return next((found for part in get_args(annotation) if (found := _section_in(part))), None)
    return None
