"""boards.yaml: the boards of a bench by name (ci/boards.example.yaml)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from typing_extensions import Self

from harness.boards.pico.usb import PORT_PATH, shown
from harness.errors import HarnessError
from harness.plain_yaml import NotPlain, demand_plain

_MAX_BYTES = 256 * 1024
# An inventory has four levels, and a dozen values and brackets per board.
_MAX_DEPTH = 10
_MAX_EVENTS = 20_000
# For pydantic, in whose regular expressions $ is the end and nothing else.
_SERIAL = r"^[0-9A-Fa-f]{16}$"
_HUB = r"^[0-9]{1,3}(-[0-9]{1,3}(\.[0-9]{1,3}){0,6})?$"
_CHIPS = {"pico": "RP2040", "pico_w": "RP2040", "pico2": "RP2350", "pico2_w": "RP2350"}
_TAKEN = ("auto", "host", "emulator")


class InventoryError(HarnessError):
    """The board inventory is wrong, or cannot be read."""

    advice = "correct the file; ci/boards.example.yaml shows what can stand there"


def _as_text(value: Any) -> Any:
    # YAML reads 1234567890123456 as a number, and 12345E6789012345 too.
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError("text expected, YAML takes this for a number: write it between quotes")
    return value


def _in_one_line(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Power(_Section):
    """Which port of which hub uhubctl switches to take the board's power.

    Attributes:
        hub: the hub's place, as `uhubctl` lists it.
        port: the port's number on it.
    """

    hub: Annotated[str, BeforeValidator(_as_text), Field(pattern=_HUB)]
    port: Annotated[int, Field(ge=1, le=64)]


class Entry(_Section):
    """A board.

    Attributes:
        serial: its serial number, which is that of its flash; None if the place alone tells it.
        port: its USB port path; None if it may be plugged in anywhere.
        kind: which board it is.
        power: how its power is switched, or None.
        notes: for people.
    """

    serial: Annotated[str | None, BeforeValidator(_as_text), Field(pattern=_SERIAL)] = None
    port: Annotated[str | None, BeforeValidator(_as_text), Field(pattern=rf"^{PORT_PATH.pattern}$")] = None
    kind: Literal["pico", "pico_w", "pico2", "pico2_w"] = "pico"
    power: Power | None = None
    notes: Annotated[str, Field(max_length=1000), AfterValidator(_in_one_line)] = ""

    @property
    def chip(self) -> str:
        """ "RP2040" or "RP2350"."""
        return _CHIPS[self.kind]

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.serial is None and self.port is None:
            raise ValueError("serial or port expected, neither came: nothing tells which board this is")
        return self


class _File(_Section):
    boards: dict[str, Entry]

    @model_validator(mode="after")
    def _are_different(self) -> Self:
        for what in ("serial", "port"):
            seen: dict[str, str] = {}
            for name, entry in self.boards.items():
                value = (getattr(entry, what) or "").upper()
                if value and seen.setdefault(value, name) != name:
                    raise ValueError(f"{what} {value} expected once, {seen[value]!r} and {name!r} both have it")
        for name in self.boards:
            if not name.isprintable() or not name.strip() or len(name) > 60 or "/" in name or name.startswith("-"):
                raise ValueError(f"a name of at most 60 characters without / and - in front expected, {name!r} came")
            if name.partition("-")[0] in _TAKEN or PORT_PATH.fullmatch(name) or re.match(_SERIAL, name):
                raise ValueError(f"a name that means nothing else after --board expected, {name!r} came")
        return self


class Inventory:
    """The boards of a bench by name."""

    def __init__(self, entries: dict[str, Entry], path: Path | None = None) -> None:
        self.entries = entries
        self.path = path

    def by_place(self, port_path: str, serial: str | None) -> Entry | None:
        """What it says of the board at that place, or with that serial number."""
        for entry in self.entries.values():
            if serial is not None and entry.serial is not None:
                if entry.serial.upper() == serial:
                    return entry
            elif entry.port == port_path:
                return entry
        return None


def load_inventory(path: Path | None) -> Inventory:
    """Reads it; an empty one if no path is given.

    Raises:
        InventoryError: the file cannot be read, or is not what it should be.
    """
    if path is None:
        return Inventory({})
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise InventoryError(f"{path}: at most {_MAX_BYTES:,} bytes expected, more came")
        text = data.decode("utf-8")
    except OSError as error:
        raise InventoryError(f"{path}: an inventory of boards expected: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InventoryError(f"{path}: UTF-8 text expected, other bytes came") from None
    try:
        demand_plain(text, yaml.SafeLoader, depth=_MAX_DEPTH, events=_MAX_EVENTS)
        _demand_once(yaml.compose(text, yaml.SafeLoader), path)
        told = yaml.safe_load(text)
    except NotPlain as error:
        raise InventoryError(f"{path}:{error.line}: {error}") from None
    # What YAML takes for a date may be none.
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f":{mark.line + 1}"
        raise InventoryError(f"{path}{where}: not YAML: {getattr(error, 'problem', None) or error}") from None
    try:
        return Inventory(_File.model_validate(told).boards, path)
    except ValidationError as error:
        raise InventoryError("\n".join(f"{path}: {line}" for line in _explained(error))) from None


def _demand_once(root: yaml.Node | None, path: Path) -> None:
    """No key twice: YAML's reader lets the last one win without a word, and a board would be another one."""
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
        elif isinstance(node, yaml.MappingNode):
            seen = set()
            for key, value in node.value:
                nodes.append(value)
                if isinstance(key, yaml.ScalarNode):
                    if key.value in seen:
                        line = key.start_mark.line + 1
                        raise InventoryError(f"{path}:{line}: key {shown(key.value)!r} expected once, it comes twice")
                    seen.add(key.value)


def _explained(error: ValidationError) -> list[str]:
    lines = []
    for item in error.errors(include_url=False)[:10]:
        key = ".".join(shown(str(part)) for part in item["loc"]) or "the file"
        came = shown(repr(item["input"])) if item["type"] not in ("missing", "value_error") else ""
        if item["type"] == "string_pattern_mismatch":
            expected = {_SERIAL: "16 hexadecimal digits", _HUB: 'a hub such as "1-2"'}.get(
                item["ctx"]["pattern"], 'a USB port path such as "1-2.3"'
            )
            text = f"{expected} expected"
        elif item["type"] == "extra_forbidden":
            text = "no such key expected"
        elif item["type"] == "missing":
            text = "this key expected, it is missing"
        else:
            text = item["msg"].removeprefix("Value error, ")
        lines.append(f"{key}: {text}" + (f", {came} came" if came else ""))
    return lines
