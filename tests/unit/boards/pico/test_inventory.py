"""boards.yaml."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.boards.pico.inventory import Entry, InventoryError, Power, load_inventory
from harness.deadline import Deadline
from tests.unit.boards.pico.tree import OTHER_SERIAL, SERIAL

ROOT = Path(__file__).parents[4]


@pytest.fixture
def load(tmp_path):
    def load_text(text):
        path = tmp_path / "boards.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_inventory(path)

    return load_text


def test_the_example_is_one():
    entries = load_inventory(ROOT / "ci" / "boards.example.yaml").entries
    assert entries["left"].power == Power(hub="1-2", port=3)
    assert (entries["left"].chip, entries["right"].port) == ("RP2040", None)


def test_no_inventory_has_no_boards():
    assert load_inventory(None).entries == {}


def test_a_board_is_known_by_its_place_or_its_number(load):
    boards = load(f'boards: {{a: {{serial: "{SERIAL}", port: "1-2"}}, b: {{port: "1-3", kind: pico2_w}}}}')
    assert boards.by_place("1-9", SERIAL) == Entry(serial=SERIAL, port="1-2")
    assert boards.by_place("1-2", OTHER_SERIAL) is None
    assert boards.by_place("1-2", None) == boards.entries["a"]
    assert boards.by_place("1-3", OTHER_SERIAL).chip == "RP2350"
    assert boards.by_place("1-4", None) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("boards: {a: {serial: xyz}}", "boards.a.serial: 16 hexadecimal digits expected, 'xyz' came"),
        ("boards: {a: {serial: 1234567890123456}}", "boards.a.serial: text expected, YAML takes this for a number"),
        ("boards: {a: {port: '1-2; reboot'}}", "boards.a.port: a USB port path such as"),
        ("boards: {a: {port: '1-2\\n'}}", "boards.a.port: a USB port path such as"),
        ('boards: {a: {port: "1-2\\n"}}', "boards.a.port: a USB port path such as"),
        ("boards: {a: {port: /dev/ttyACM0}}", "'/dev/ttyACM0' came"),
        ("boards: {a: {}}", "boards.a: serial or port expected, neither came"),
        (
            "boards: {a: {port: '1-2', kind: uno}}",
            "boards.a.kind: .*'pico', 'pico_w', 'pico2' or 'pico2_w'.*'uno' came",
        ),
        ("boards: {a: {port: '1-2', prot: 1}}", "boards.a.prot: no such key expected, 1 came"),
        ("boards: {a: {port: '1-2', power: {hub: '1-1'}}}", "boards.a.power.port: this key expected, it is missing"),
        ("boards: {a: {port: '1-2', power: {hub: -a, port: 1}}}", "boards.a.power.hub: a hub such as"),
        ("boards: {a: {port: '1-2', power: {hub: '1', port: '1'}}}", "boards.a.power.port: .*integer"),
        ("boards: {a: {port: '1-2', power: {hub: '1', port: 99}}}", "boards.a.power.port: .*64"),
        ("boards: {a: {port: '1-2'}, b: {port: '1-2'}}", "port 1-2 expected once, 'a' and 'b' both have it"),
        (
            f"boards: {{a: {{serial: {SERIAL}}}, b: {{serial: {SERIAL.lower()}}}}}",
            f"serial {SERIAL} expected once, 'a' and 'b'",
        ),
        ("boards: {auto: {port: '1-2'}}", "means nothing else after --board expected, 'auto' came"),
        ("boards: {emulator-1: {port: '1-2'}}", "'emulator-1' came"),
        ("boards: {1-2: {port: '1-2'}}", "'1-2' came"),
        ("boards: {E6614103E7452D2F: {port: '1-2'}}", "'E6614103E7452D2F' came"),
        ("boards: {a/b: {port: '1-2'}}", "without / and - in front expected, 'a/b' came"),
        ("boards: {-a: {port: '1-2'}}", "'-a' came"),
        ('boards: {"a\\n": {port: "1-2"}}', "'a.n' came"),
        ("boards:\n  a: {port: '1-2'}\n  a: {port: '1-3'}", "boards.yaml:3: key 'a' expected once, it comes twice"),
        ("boards: {a: {port: '1-2', port: '1-3'}}", "boards.yaml:1: key 'port' expected once"),
        ('boards: {a: {port: "1-2\\0"}}', "boards.a.port: a USB port path such as"),
        ('boards: {a: {port: "1-2", power: {hub: "1\\n-a", port: 1}}}', "boards.a.power.hub: a hub such as"),
        ("[" * 5000, ":1: at most 10 levels expected, it is nested deeper"),
        ("boards:\n  a: !!bool x", ":2: no tags expected, a tag came: 'tag:yaml.org,2002:bool'"),
        ('boards: {a: !!float ""}', "no tags expected"),
        ("boards: {a: !!timestamp x}", "no tags expected"),
        ("boards: {!!int '': {port: '1-2'}}", "no tags expected"),
        ("boards: !!map {}", "no tags expected"),
        (
            "boards: {a: {port: '1-2', power: {hub: '1', port: 0x" + "F" * 5000 + "}}}",
            "at most 100 characters expected",
        ),
        ("boards: 2024-13-45", "not YAML: month must be in"),
        ("boards: [1]", "boards: .*dictionary"),
        ("boards: {1: {port: '1-2'}}", "boards.1"),
        ("board: {}", "boards: this key expected, it is missing"),
        ("", "the file: "),
        ("[", ":1: not YAML"),
        ("boards: {a: &x {port: '1-2'}, b: *x}", "an alias"),
        (b"\xff\xfe", "UTF-8 text expected"),
        ("x" * 300_000, "at most 262,144 bytes expected"),
        ("boards: {a: {port: '1-2', notes: !!python/object/apply:os.system [id]}}", "no tags expected"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_key(load, tmp_path, text, words):
    with pytest.raises(InventoryError, match=words) as caught:
        load(text)
    assert str(caught.value).startswith(f"{tmp_path / 'boards.yaml'}:")
    assert "ci/boards.example.yaml" in caught.value.advice


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "nested deeper"),
        ("{a: " * 60_000, "nested deeper"),
        ("? " * 100_000, "nested deeper"),
        ("a: [" + "1," * 120_000 + "]", "more came"),
        ("boards: 1" + ":1" * 120_000, "at most 100 characters"),
    ],
    ids=["lists", "mappings", "keys", "values", "a number"],
)
def test_a_hostile_file_is_refused_soon(load, text, words):
    # Some of these took most of a minute; the deadline has room for a slow machine.
    deadline = Deadline(15)
    with pytest.raises(InventoryError, match=words):
        load(text)
    assert not deadline.expired()


def test_a_long_text_is_no_number(load):
    assert load(f"boards: {{a: {{port: '1-2', notes: {'left ' * 50}}}}}").entries["a"].notes == ("left " * 50).strip()


def an_inventory_or_an_error(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(data)
    try:
        load_inventory(path)
    except InventoryError as error:
        assert str(error)


@settings(max_examples=300)
@given(st.text("ab0x1:._-!&*<>=?|#'\"%@~[]{}, \n\t", max_size=60).map("boards: {}".format))
def test_any_punctuation_is_an_inventory_or_an_error(tmp_path_factory, text):
    an_inventory_or_an_error(tmp_path_factory, text.encode())


def test_notes_cannot_write_to_the_terminal(load):
    notes = load('boards: {a: {port: "1-2", notes: "left\\e[31m\\n one"}}').entries["a"].notes
    assert notes == "left?[31m one"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InventoryError, match="none.yaml: an inventory of boards expected: No such file"):
        load_inventory(tmp_path / "none.yaml")


@given(st.binary(max_size=200))
def test_any_bytes_are_an_inventory_or_an_error(tmp_path_factory, data):
    an_inventory_or_an_error(tmp_path_factory, data)
