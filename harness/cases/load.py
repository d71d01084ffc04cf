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
# The first key of a case file. Other YAML files, of which a project may have many, are not ours.
MARK = "tflm-hil:"

_Loc = tuple[int | str, ...]


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


def is_case_file(path: Path) -> bool:
    """Whether the file's first key says that it is a case file."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    for line in head.decode("utf-8", "replace").lstrip("\ufeff").splitlines():
        if line.strip() and not line.startswith(("#", "---", "%")):
            return line.startswith(MARK)
    return False


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
    try:
        root = yaml.compose(text, yaml.SafeLoader)
        lines = _lines(root, name)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        problem = getattr(error, "problem", None) or str(error)
        raise CaseError(f"not YAML: {problem}", path=name, line=line) from None
    except (RecursionError, ValueError) as error:
        raise CaseError(f"not YAML that can be read: {error}", path=name) from None
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


def _lines(root: yaml.Node | None, path: str) -> dict[_Loc, int]:
    """The line of every node, by its place; a key's line is where the key stands."""
    lines: dict[_Loc, int] = {(): 1}

    def visit(node: yaml.Node, loc: _Loc, open_nodes: tuple[int, ...]) -> None:
        if len(lines) > MAX_NODES or id(node) in open_nodes:
            raise CaseError("too large: aliases that multiply, or that contain themselves", path=path)
        inside = (*open_nodes, id(node))
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                line = key.start_mark.line + 1
                if key.value in seen:
                    raise CaseError(f"key {key.value!r} stands here twice", path=path, line=line)
                seen.add(str(key.value))
                lines[(*loc, str(key.value))] = line
                visit(value, (*loc, str(key.value)), inside)
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                lines[(*loc, number)] = value.start_mark.line + 1
                visit(value, (*loc, number), inside)

    if root is not None:
        visit(root, (), ())
    return lines


def _explained(error: ValidationError, path: str, lines: dict[_Loc, int]) -> CaseError:
    # A union reports each of its members; the problem that lies deepest is the one that the author has made.
    problem = max(error.errors(include_url=False), key=lambda e: len(_place(e["loc"], lines)))
    place = _place(problem["loc"], lines)
    line = lines.get(place, 1)
    where = ".".join(str(part) for part in place) or "the file"
    section = _section_at(place[:-1])
    if problem["type"] == "extra_forbidden":
        message = f"unknown key {place[-1]!r} in {_named(place[:-1])}"
    elif problem["type"] == "missing":
        message = f"key {problem['loc'][-1]!r} is missing in {_named(place)}"
        section = _section_at(place)
    else:
        message = f"{where}: {problem['msg'].removeprefix('Value error, ')}"
        if not isinstance(problem["input"], dict | list):
            message += f", came {problem['input']!r}"
    advice = None
    if section is not None:
        keys = [field.alias or key for key, field in section.model_fields.items()]
        advice = f"allowed here: {', '.join(keys)}"
    return CaseError(message, path=path, line=line, advice=advice)


def _named(place: _Loc) -> str:
    return ".".join(str(part) for part in place) or "the file"


def _place(loc: _Loc, lines: dict[_Loc, int]) -> _Loc:
    """The part of pydantic's location that is a place in the file; the rest names members of unions."""
    place: _Loc = ()
    for part in loc:
        if (*place, part) in lines:
            place = (*place, part)
    return place


def _section_at(place: _Loc) -> type[BaseModel] | None:
    """The class of the section at a place."""
    section: type[BaseModel] | None = CaseFileSection
    for part in place:
        if isinstance(part, int):
            continue
        if section is None:
            return None
        field = next((f for key, f in section.model_fields.items() if part in (key, f.alias)), None)
        section = None if field is None else _section_in(field.annotation)
    return section


def _section_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType, list):
        return next((found for part in get_args(annotation) if (found := _section_in(part))), None)
    return None
