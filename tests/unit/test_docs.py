"""The documents in docs/ say what the code does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
import yaml
from msgspec import Struct
from pydantic import BaseModel

import harness.boards.host
import harness.boards.pico
import harness.flash
import harness.protocol
from harness.boards.host.commands import (
    MAX_INVOKES,
    MAX_SESSIONS,
    MAX_VARIABLES,
    MIN_ARENA,
    PAYLOAD_BYTES_MAX,
    Commands,
)
from harness.boards.host.device import PAYLOAD_SECONDS
from harness.cases import schema
from harness.cases.load import load_cases
from harness.errors import CaseError, DeviceError
from harness.flash.layout import FIRMWARE_BYTES, PACK_ADDRESS, PACK_BYTES
from harness.flash.pack import ALIGNMENT, CAPACITY, MAX_MODELS, ModelPack
from harness.measure.bytesize import parse_percent
from harness.protocol import messages
from harness.protocol.client import COMMAND_SECONDS, OPEN_SECONDS
from harness.protocol.command import MAX_COMMAND_BYTES, MAX_ID, Command
from harness.protocol.messages import read_message
from harness.protocol.payload import CHUNK_BYTES, crc32, crc_text, decode_chunk
from harness.protocol.record import MAX_RECORD_BYTES, Record, decode_record
from harness.session import INVOKE_SECONDS
from tests.support.documents import DOCS, blocks, first_words, rows, section

PROTOCOL = (DOCS / "protocol.md").read_text("utf-8")
PACK = (DOCS / "model-pack.md").read_text("utf-8")
CASES = (DOCS / "cases.md").read_text("utf-8")


def sections_of(module: Any, base: type) -> list[type]:
    """The public classes of a module that derive from `base`."""
    return [
        found
        for name, found in vars(module).items()
        if isinstance(found, type)
        and issubclass(found, base)
        and found.__module__ == module.__name__
        and not name.startswith("_")
    ]


# --- protocol.md -----------------------------------------------------------------------------------------------------


def error_codes() -> set[str]:
    """Every code that the host board's program can send."""
    codes: set[str] = set()
    for file in Path(str(harness.boards.host.__file__)).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if name in ("CommandFailed", "_tflm"):
                    codes.add(node.args[0].value)
            elif isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == "code" and isinstance(value, ast.Constant):
                        codes.add(value.value)
    return codes


def verbs(tmp_path: Path) -> set[str]:
    answering = SimpleNamespace(send=lambda *_: None, log=lambda _: None)
    commands = Commands(cast(Any, answering), serial="s", flash=tmp_path / "missing", lifeline=0)
    return set(commands._verbs)


def test_protocol_has_every_verb_and_no_other(tmp_path: Path) -> None:
    described = set(re.findall(r"^### `(\w+)`$", section(PROTOCOL, "## Verbs"), re.MULTILINE))
    assert described == verbs(tmp_path)


def test_protocol_has_every_error_code_and_no_other() -> None:
    codes = error_codes()
    assert len(codes) > 10
    assert first_words(section(PROTOCOL, "## Error codes")) == codes


def test_protocol_names_the_error_that_a_test_sees() -> None:
    from harness.answers import typed_error

    model = cast(Any, SimpleNamespace(name="model", ops=()))
    for code, _, seen in rows(section(PROTOCOL, "## Error codes")):
        if code not in ("`bad_command`", "`crashed`"):
            error = typed_error(DeviceError("refused", code=code.strip("`")), model, [], None, 4096)
            assert f"`{type(error).__name__}`" in seen, code


FIELDS_OF = {
    messages.Crash: "### `identify`",
    messages.Identity: "### `identify`",
    messages.PackedModel: "### `models`",
    messages.Tensor: "### `open`",
    messages.Opened: "### `open`",
    messages.Invoked: "### `invoke`",
    messages.Samples: "### `invoke`",
    messages.OpTicks: "### `invoke`",
    messages.Clock: "### `clock`",
    messages.Paused: "### `pause`",
    messages.Worked: "### `work`",
    messages.OutputDone: "### `output`",
    messages.OutputChunk: "### `output`",
}


@pytest.mark.parametrize("message", sections_of(messages, Struct))
def test_protocol_has_every_field(message: type[Struct]) -> None:
    text = section(PROTOCOL, FIELDS_OF[message])
    assert not [field.name for field in msgspec.structs.fields(message) if f"`{field.name}`" not in text]


@pytest.mark.parametrize("message", sections_of(messages, Struct))
def test_protocol_says_what_may_be_null_or_absent(message: type[Struct]) -> None:
    described = {row[0].strip("`"): " ".join(row[1:]) for row in rows(section(PROTOCOL, FIELDS_OF[message]))}
    for field in msgspec.structs.fields(message):
        if field.name in described:
            nullable = type(None) in getattr(field.type, "__args__", ())
            assert ("null" in described[field.name]) == nullable, field.name
            assert ("may be absent" in described[field.name]) == (not field.required), field.name


def test_protocol_has_the_limits() -> None:
    limits = section(PROTOCOL, "## The stream")
    assert f"{MAX_COMMAND_BYTES} bytes" in limits
    assert f"{MAX_RECORD_BYTES:,} bytes" in limits
    assert f"at most {MAX_ID}" in PROTOCOL
    assert f"The version described is **{messages.PROTOCOL_VERSION}**" in PROTOCOL
    carried = section(PROTOCOL, "## Payloads")
    for text in (f"{CHUNK_BYTES:,} bytes", f"for {PAYLOAD_SECONDS:g} s", f"{PAYLOAD_BYTES_MAX:,}"):
        assert text in carried
    opened = {row[0]: row[1] for row in rows(section(PROTOCOL, "### `open`"))}
    assert f"| `arena` | {MIN_ARENA} to 2^32-1 |" in PROTOCOL
    assert opened["`vars`"] == f"0 to {MAX_VARIABLES}"
    invoked = {row[0]: row[1] for row in rows(section(PROTOCOL, "### `invoke`"))}
    assert invoked["`repeats`"] == f"1 to {MAX_INVOKES:,}"
    assert invoked["`warmup`"] == f"0 to {MAX_INVOKES:,}"
    assert f"The host board holds {MAX_SESSIONS} sessions" in PROTOCOL
    waits = f"{INVOKE_SECONDS:g} s unless a test says\notherwise, {OPEN_SECONDS:g} s for `open`, {COMMAND_SECONDS:g} s"
    assert waits in PROTOCOL


def test_the_check_value_of_the_crc() -> None:
    assert "`123456789` is `cbf43926`" in PROTOCOL
    assert crc_text(crc32(b"123456789")) == "cbf43926"
    assert crc_text(crc32(b"")) == "00000000"


def example() -> Iterator[tuple[Command, bytes, list[Record]]]:
    """Commands, payloads and answers of the example session."""
    for part in section(PROTOCOL, "## An example").split("```text\n")[1].split("```")[0].split("\n> "):
        line, *answers = part.removeprefix("> ").rstrip("\n").split("\n")
        if line.startswith("<"):
            sent = bytes.fromhex(line.strip("<>"))
            yield Command("input"), sent, [decode_record(text[1:].encode()) for text in answers]
        else:
            records = [decode_record(text[1:].encode()) for text in answers if text.startswith("␞")]
            yield Command.decode(line.encode()), b"", records


def test_the_example_session_is_one() -> None:
    session = list(example())
    numbers = [record["n"] for _, _, records in session for record in records]
    assert numbers == list(range(len(numbers)))
    by_verb = {(record["verb"], record["type"]): record for _, _, records in session for record in records}
    for (verb, kind), message in {
        ("identify", "reply"): messages.Identity,
        ("models", "data"): messages.PackedModel,
        ("open", "data"): messages.Tensor,
        ("open", "reply"): messages.Opened,
        ("invoke", "data"): messages.Samples,
        ("invoke", "reply"): messages.Invoked,
        ("output", "data"): messages.OutputChunk,
        ("output", "reply"): messages.OutputDone,
    }.items():
        read_message(message, by_verb[verb, kind])
    place = next(place for place, (_, sent, _) in enumerate(session) if sent)
    announced, sent = session[place - 1][0], session[place][1]
    assert announced.arguments["bytes"] == str(len(sent)) and announced.arguments["crc"] == crc_text(crc32(sent))
    output = decode_chunk(by_verb["output", "data"]["b64"])
    assert output.hex(" ") in PROTOCOL
    assert by_verb["output", "reply"]["crc"] == crc_text(crc32(output))


# --- model-pack.md ---------------------------------------------------------------------------------------------------


def test_the_example_pack_is_one() -> None:
    listed = re.findall(r"^[0-9a-f]{4}  ((?:[0-9a-f]{2} ?){16})", blocks(PACK, "hex")[0], re.MULTILINE)
    data = bytes.fromhex("".join(listed))
    pack = ModelPack.decode(data)
    assert pack.encode() == data
    assert [entry.name for entry in pack.entries] == ["first", "second_model"]
    assert f"reported as `pack_crc`, is `{crc_text(pack.crc)}`" in PACK
    assert all(crc_text(entry.crc) in PACK for entry in pack.entries)
    assert crc_text(crc32(data[32:])) in PACK


def test_where_things_lie_in_flash_is_told_alike() -> None:
    assert f"address {PACK_ADDRESS:#x}" in PACK
    header = (DOCS.parent / "pico_firmware" / "device" / "flash_layout.h").read_text("utf-8")
    assert f"uintptr_t{{{PACK_ADDRESS:#x}}}" in header
    [size] = re.findall(r"kPackBytes = ([0-9 *-]+);", header)
    assert eval(size) == PACK_BYTES
    script = (DOCS.parent / "pico_firmware" / "cmake" / "memory.ld").read_text("utf-8")
    assert f"ORIGIN(FLASH) + {FIRMWARE_BYTES:#x}" in script


def test_model_pack_has_the_limits() -> None:
    empty = ModelPack()
    assert len(empty.encode()) == 32
    for text in (f"`{crc_text(empty.crc)}`", f"{CAPACITY:,} bytes", f"0 to {MAX_MODELS}", f"multiple of {ALIGNMENT}"):
        assert text in PACK
    assert f"`{crc_text(empty.crc)}`" in PROTOCOL


# --- cases.md --------------------------------------------------------------------------------------------------------

KEYS_OF = {
    schema.CaseFileSection: "### The file",
    schema.CaseSection: "### A case",
    schema.ArenaLimit: "### `arena`",
    schema.LatencySection: "### `latency`",
    schema.LatencyLimit: "### `latency`",
    schema.Inputs: "### `inputs`",
    schema.Expect: "### `expect`",
    schema.ToleranceSection: "### `expect`",
    schema.StateSection: "### `state`",
    schema.AccuracySection: "### `accuracy`",
}


@pytest.mark.parametrize("kind", sections_of(schema, BaseModel))
def test_cases_has_every_key(kind: type[BaseModel]) -> None:
    text = section(CASES, KEYS_OF[kind])
    assert not [key for key, field in kind.model_fields.items() if f"`{field.alias or key}`" not in text]


@pytest.mark.parametrize("heading", sorted(set(KEYS_OF.values())))
def test_cases_has_no_other_keys(heading: str) -> None:
    known = {
        field.alias or key
        for kind, where in KEYS_OF.items()
        if where == heading
        for key, field in kind.model_fields.items()
    }
    assert not first_words(section(CASES, heading)) - known


@pytest.mark.parametrize("kind", sections_of(schema, BaseModel))
def test_cases_has_the_defaults(kind: type[BaseModel]) -> None:
    for first, _, default, meaning in rows(section(CASES, KEYS_OF[kind])):
        for key in re.findall(r"`([^`]+)`", first):
            field = next((f for name, f in kind.model_fields.items() if key == (f.alias or name)), None)
            if field is None:
                continue
            if default == "-":
                assert field.is_required() or field.default is None or isinstance(field.default, BaseModel), key
            else:
                stated = parse_percent(default) if default.endswith("%") else yaml.safe_load(default)
                assert stated == field.default, key
            assert ("required" in meaning) == field.is_required(), key


def examples() -> tuple[list[str], list[str]]:
    """The YAML examples that are right, and those that are not: these begin with their file's name."""
    listed = blocks(CASES, "yaml")
    return [text for text in listed if text.startswith("tflm-hil:")], [text for text in listed if text.startswith("# ")]


def test_every_example_loads(tmp_path: Path) -> None:
    right, wrong = examples()
    assert len(right) >= 2 and len(right) + len(wrong) == len(blocks(CASES, "yaml"))
    for text in right:
        path = tmp_path / "example.yaml"
        path.write_text(text, "utf-8")
        assert load_cases(path)


def test_the_wrong_example_gives_the_error_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (wrong,) = examples()[1]
    path = Path(wrong.splitlines()[0].removeprefix("# "))
    path.write_text(wrong, "utf-8")
    with pytest.raises(CaseError) as caught:
        load_cases(path)
    assert f"{caught.value}\n" in blocks(CASES, "text")
