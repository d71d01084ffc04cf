"""From what a person writes after --board to one certain board."""

import pytest

from harness.boards.pico.inventory import Entry, Inventory, Power
from harness.boards.pico.names import BoardAmbiguous, can_be_a_pico, resolve
from harness.errors import BoardNotFound, WrongBoard
from tests.unit.boards.pico.tree import CDC, OTHER_SERIAL, SERIAL

NO_NAMES = Inventory({})


def link(tree, name=f"usb-Raspberry_Pi_Pico_{SERIAL}-if00", tty="ttyACM0"):
    path = tree.dev / "serial" / "by-id" / name
    path.symlink_to(f"../../{tty}")
    return str(path)


@pytest.fixture
def two(tree):
    """Two boards, a debug probe, and a device of somebody else."""
    tree.pico("1-2", SERIAL, "ttyACM0")
    tree.pico("1-3.1", OTHER_SERIAL, "ttyACM1")
    tree.probe()
    tree.add("1-5", 0x2341, 0x0043, product="Arduino Uno", interfaces=CDC, tty="ttyACM5")
    return tree


def test_every_name_of_a_board_means_that_board(two):
    names = [str(two.dev / "ttyACM0"), link(two), SERIAL, SERIAL.lower(), "1-2"]
    for name in names:
        assert can_be_a_pico(name, NO_NAMES)
        target = resolve(name, two.usb, NO_NAMES)
        assert (target.port_path, target.serial, target.chip) == ("1-2", SERIAL, "RP2040")
        assert target.describe() == f"{SERIAL} at 1-2"


def test_a_node_that_is_itself_a_link(tree):
    tree.pico("1-2", SERIAL, "ttyACM0")
    (tree.dev / "ttyACM0").unlink()
    (tree.dev / "pts0").touch()
    (tree.dev / "ttyACM0").symlink_to("pts0")
    for name in (tree.dev / "ttyACM0", link(tree), tree.dev / "pts0"):
        assert resolve(str(name), tree.usb, NO_NAMES).port_path == "1-2"


def test_the_node_is_where_it_is_now(tree):
    tree.pico("1-2", SERIAL, "ttyACM1")
    with pytest.raises(BoardNotFound, match="ttyACM0' expected, none came; attached: 1-2 "):
        resolve(str(tree.dev / "ttyACM0"), tree.usb, NO_NAMES)
    assert resolve(str(tree.dev / "ttyACM1"), tree.usb, NO_NAMES).port_path == "1-2"


def test_auto_is_the_only_pico(tree):
    with pytest.raises(BoardNotFound, match="exactly one Pico expected, none came; attached: no Pico"):
        resolve("auto", tree.usb, NO_NAMES)
    tree.probe()
    with pytest.raises(BoardNotFound, match="attached: 1-4 .*debug probe"):
        resolve("auto", tree.usb, NO_NAMES)
    tree.bootsel()
    target = resolve("auto", tree.usb, NO_NAMES)
    assert (target.port_path, target.serial, target.chip) == ("1-2", None, "RP2040")
    tree.pico("1-3", OTHER_SERIAL)
    with pytest.raises(BoardAmbiguous, match=r"2 came: 1-2 \(RP2040, BOOTSEL.* and 1-3 \(RP2040, application, serial"):
        resolve("auto", tree.usb, NO_NAMES)


def test_two_boards_with_one_serial_number(tree):
    tree.pico("1-2", SERIAL, "ttyACM0")
    tree.pico("1-3", SERIAL, "ttyACM1")
    with pytest.raises(BoardAmbiguous) as caught:
        resolve(SERIAL, tree.usb, NO_NAMES)
    assert "1-2" in str(caught.value) and "1-3" in str(caught.value) and "USB port path" in caught.value.advice


@pytest.mark.parametrize("name", [OTHER_SERIAL, "1-9", "1-2.1", "{dev}/ttyACM7", "{dev}/../dev/ttyACM7", "./x"])
def test_what_is_not_there_is_told_with_what_is(tree, name):
    tree.pico()
    tree.bootsel("1-6")
    with pytest.raises(BoardNotFound) as caught:
        resolve(name.format(dev=tree.dev), tree.usb, NO_NAMES)
    assert f"1-2 (RP2040, application, serial {SERIAL}, {tree.dev}/ttyACM0)" in str(caught.value)
    assert "1-6 (RP2040, BOOTSEL, RP2 Boot)" in str(caught.value)


def test_a_board_in_bootsel_has_no_serial_number_to_be_found_by(tree):
    tree.bootsel()
    with pytest.raises(BoardNotFound, match="what to do: a board in BOOTSEL tells neither"):
        resolve(SERIAL, tree.usb, NO_NAMES)
    assert resolve("1-2", tree.usb, NO_NAMES).serial is None


@pytest.mark.parametrize(("name", "came"), [("1-4", "debug probe"), ("1-5", "Arduino Uno")])
def test_what_is_no_pico_is_refused_by_name(two, name, came):
    tty = {"1-4": "ttyACM9", "1-5": "ttyACM5"}[name]
    for given in (name, str(two.dev / tty)):
        with pytest.raises(BoardNotFound, match=f"there is {name} .*{came}"):
            resolve(given, two.usb, NO_NAMES)


@pytest.mark.parametrize(
    "name",
    [
        "$(reboot)",
        "; reboot",
        "--force",
        "-1-2",
        "1-2\n",
        "a b",
        "'\"",
        f"{SERIAL}\n",
        "\x1b[31m",
        "1-2:1.0",
        "１-2",
        "",
    ],
)
def test_odd_names_are_data(two, name):
    assert not can_be_a_pico(name, NO_NAMES)
    with pytest.raises(BoardNotFound) as caught:
        resolve(name, two.usb, NO_NAMES)
    assert repr(name) in str(caught.value)
    assert str(caught.value).replace("\n", "").isprintable()


@pytest.mark.parametrize("name", ["x" * 100_000, "/" * 100_000, "/dev/\udcff\x1b[31m\u202e", "\udcff\n" * 50_000])
def test_names_are_told_bounded_and_without_what_a_terminal_obeys(two, name):
    with pytest.raises(BoardNotFound) as caught:
        resolve(name, two.usb, NO_NAMES)
    assert caught.value.message.isprintable() and len(caught.value.message) < 1000


@pytest.mark.parametrize("name", ["/dev/tty\0ACM0", "/dev/tty ACM0\n", "/" + "x" * 5000, "--/x", "/dev/$(x)"])
def test_odd_paths_are_data(two, name):
    with pytest.raises(BoardNotFound):
        resolve(name, two.usb, NO_NAMES)


def test_other_firmware_is_found_and_its_number_not_believed(tree):
    tree.add("1-2", 0x2E8A, 0x0005, serial=SERIAL.lower(), product="MicroPython", interfaces=CDC, tty="ttyACM0")
    for name in ("auto", SERIAL, "1-2"):
        target = resolve(name, tree.usb, NO_NAMES)
        assert (target.port_path, target.serial, target.chip) == ("1-2", None, "")


# --- names of the inventory ------------------------------------------------------------------------------------------

BENCH = Inventory(
    {
        "left": Entry(serial=SERIAL.lower(), port="1-2"),
        "right": Entry(serial=OTHER_SERIAL),
        "top": Entry(port="1-6", kind="pico2", power=Power(hub="1-1", port=3)),
    }
)


def test_names_of_the_inventory(two):
    assert resolve("left", two.usb, BENCH).port_path == "1-2"
    assert resolve("right", two.usb, BENCH).port_path == "1-3.1"
    assert resolve("1-2", two.usb, BENCH).entry is BENCH.entries["left"], "power and kind are known by any name"
    assert can_be_a_pico("left", BENCH) and not can_be_a_pico("middle", BENCH)
    with pytest.raises(BoardNotFound, match="auto, left, right, top"):
        resolve("middle", two.usb, BENCH)


def test_in_bootsel_the_place_tells_which_board_it_is(tree):
    tree.bootsel("1-2")
    target = resolve("left", tree.usb, BENCH)
    assert (target.port_path, target.serial) == ("1-2", SERIAL)
    with pytest.raises(BoardNotFound, match=f"board 'right' with serial number {OTHER_SERIAL} expected, none came"):
        resolve("right", tree.usb, BENCH)


def test_boards_that_changed_places(tree):
    tree.pico("1-2", OTHER_SERIAL)
    with pytest.raises(WrongBoard, match=f"serial number {SERIAL} expected, {OTHER_SERIAL} came"):
        resolve("left", tree.usb, BENCH)
    tree.remove("1-2")
    tree.pico("1-3", SERIAL)
    with pytest.raises(WrongBoard, match="it is at 1-3"):
        resolve("left", tree.usb, BENCH)


def test_another_chip_than_the_inventory_says(tree):
    tree.bootsel("1-6")
    with pytest.raises(WrongBoard, match="USB port 1-6: RP2350 expected, RP2040 came"):
        resolve("top", tree.usb, BENCH)


def test_a_board_without_power_is_still_meant(tree):
    target = resolve("top", tree.usb, BENCH)
    assert (target.port_path, target.serial, target.chip) == ("1-6", None, "RP2350")
    with pytest.raises(BoardNotFound):
        resolve("left", tree.usb, BENCH)
