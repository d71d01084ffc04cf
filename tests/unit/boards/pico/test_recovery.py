"""The ladder: what is tried, in which order, and how it ends."""

import threading

import pytest

from harness.boards.pico.failures import NoReturn
from harness.boards.pico.inventory import Entry, Inventory, Power
from harness.boards.pico.usb import Mode
from harness.errors import BoardLost, BoardNotFound, NoFirmware, NoPermission, WrongBoard
from tests.unit.boards.pico.tree import CDC, SERIAL
from tests.unit.boards.pico.world import LOST, NO_INTERFACE, SILENT, World

NONE = Inventory({})
WITH_POWER = Inventory({"it": Entry(port="1-2", power=Power(hub="1-1", port=2))})


@pytest.fixture
def world(tree, monkeypatch):
    """A board whose firmware runs, without a hub that can be switched."""
    tree.pico()
    return World(tree, NONE, monkeypatch)


@pytest.fixture
def powered(tree, monkeypatch):
    """The same with one."""
    tree.pico()
    return World(tree, WITH_POWER, monkeypatch)


# --- a restart -------------------------------------------------------------------------------------------------------


def test_a_firmware_that_answers_restarts_itself(world):
    world.comes_back["command"] = "application"
    device = world.recovery.restart()
    assert (device.mode, device.ttys[0].name) == (Mode.APPLICATION, "ttyACM2")
    assert world.done == ["command", "ask"]
    assert world.notes == ["recovery: reboot command: the board is back"]


def test_a_hung_one_is_restarted_over_usb(world):
    world.comes_back = {"command": SILENT, "start from application": "application"}
    world.recovery.restart()
    assert world.done == ["command", "start from application", "ask"]


def test_one_without_reset_interface_by_1200_baud(tree, world):
    world.comes_back = {
        "command": LOST,
        "start from application": NO_INTERFACE,
        "touch": "bootsel",
        "start from BOOTSEL": "application",
    }
    world.recovery.restart()
    assert world.done == ["command", "start from application", "touch", "start from BOOTSEL", "ask"]


def test_and_the_last_is_its_power(powered):
    powered.comes_back = {"command": SILENT, "start from application": "nothing", "power": "application"}
    powered.recovery.restart()
    assert powered.done == ["command", "start from application", "touch", "power", "ask"]


def test_what_comes_back_and_does_not_answer_is_not_back(powered):
    powered.answering = False
    powered.comes_back = {"command": "application", "start from application": "application", "power": "application"}
    with pytest.raises(BoardLost) as caught:
        powered.recovery.restart()
    assert powered.done == ["command", "ask", "start from application", "ask", "touch", "power", "ask"]
    assert len(caught.value.tried) == 4 and "ping" in caught.value.tried[0]


def test_a_board_that_does_not_come_back_is_named_with_all_that_was_tried(world):
    world.comes_back = {"command": SILENT}
    with pytest.raises(BoardLost, match=f"{SERIAL} at 1-2 does not come back; attached: 1-2") as caught:
        world.recovery.restart()
    assert [line.partition(":")[0] for line in caught.value.tried] == [
        "reboot command",
        "reset interface",
        "1200 baud",
        "power",
    ]
    for word in ("unplug", "BOOTSEL", "uhubctl"):
        assert word in caught.value.advice
    assert all(line in str(caught.value) for line in caught.value.tried)
    assert len(world.notes) == 4


def test_with_a_hub_nobody_is_told_to_buy_one(powered):
    with pytest.raises(BoardLost) as caught:
        powered.recovery.restart()
    assert "uhubctl" not in caught.value.advice


def test_out_of_bootsel_it_is_started(tree, monkeypatch):
    tree.bootsel()
    world = World(tree, NONE, monkeypatch)
    world.comes_back = {"start from BOOTSEL": "application"}
    assert world.recovery.restart().mode is Mode.APPLICATION
    assert world.done == ["start from BOOTSEL", "ask"]
    assert world.place.target.serial == SERIAL, "it was not known before"


def test_without_a_firmware_it_goes_back_into_bootsel_and_that_is_said(tree, monkeypatch):
    tree.bootsel()
    world = World(tree, NONE, monkeypatch)
    world.comes_back = {"start from BOOTSEL": "bootsel"}
    with pytest.raises(NoFirmware, match="no firmware in its flash that starts"):
        world.recovery.restart()


def test_the_firmware_of_others_is_not_restarted_but_flashed(tree, monkeypatch):
    tree.add("1-2", 0x2E8A, 0x0005, product="MicroPython", interfaces=CDC, tty="ttyACM0")
    world = World(tree, NONE, monkeypatch)
    with pytest.raises(NoFirmware, match=r"came.*\n.*--flash auto"):
        world.recovery.restart()
    assert world.done == []


def test_one_that_comes_back_by_itself_is_waited_for(tree, world):
    tree.remove("1-2")
    world.comes_back["command"] = "application"
    timer = threading.Timer(0.05, tree.pico)
    timer.start()
    world.recovery.restart()
    timer.join()


def test_a_board_without_power_gets_it_again(tree, powered):
    tree.remove("1-2")
    powered.comes_back = {"power on": "application", "power": "application"}
    powered.recovery.restart()
    assert powered.done == ["power on", "ask"]


def test_one_that_was_unplugged_is_lost(tree, powered):
    tree.remove("1-2")
    with pytest.raises(BoardLost, match="attached: no Pico"):
        powered.recovery.restart()
    assert powered.done == ["power on", "power"]


@pytest.mark.parametrize("doing", ["command", "start from application", "touch"])
def test_another_board_in_its_place_is_left_alone(world, doing):
    world.comes_back = {"command": SILENT, doing: "other"}
    with pytest.raises(WrongBoard, match=f"serial number {SERIAL} expected, 1111222233334444 came"):
        world.recovery.restart()
    assert world.done[-1] == doing
    with pytest.raises(WrongBoard):
        world.recovery.restart()
    with pytest.raises(WrongBoard):
        world.recovery.to_bootsel()
    assert world.done[-1] == doing


def test_permission_is_named_when_nothing_else_helped(world):
    world.comes_back = {"command": SILENT, "start from application": NoPermission("not allowed")}
    with pytest.raises(NoPermission, match=r"60-tflm-hil\.rules"):
        world.recovery.restart()
    assert world.done == ["command", "start from application", "touch"]
    world.comes_back["command"] = "application"
    world.recovery.restart()


# --- into BOOTSEL ----------------------------------------------------------------------------------------------------


def test_into_bootsel_over_usb(world):
    world.comes_back = {"to bootsel": "bootsel"}
    assert world.recovery.to_bootsel().mode is Mode.BOOTSEL
    assert world.recovery.to_bootsel().mode is Mode.BOOTSEL
    assert world.done == ["to bootsel"]


def test_into_bootsel_by_1200_baud(tree, monkeypatch):
    tree.add("1-2", 0x2E8A, 0x0005, product="MicroPython", interfaces=CDC, tty="ttyACM0")
    world = World(tree, NONE, monkeypatch)
    world.comes_back = {"touch": "bootsel"}
    assert world.recovery.to_bootsel().mode is Mode.BOOTSEL
    assert world.done == ["touch"], "picotool does not restart what it does not know"


def test_into_bootsel_after_its_power_was_taken(powered):
    powered.comes_back = {"power": "application", "to bootsel": "nothing"}
    original = powered.reboot_to_bootsel

    def only_after_power(device):
        powered.comes_back["to bootsel"] = "bootsel" if "power" in powered.done else "nothing"
        original(device)

    powered.reboot_to_bootsel = only_after_power
    assert powered.recovery.to_bootsel().mode is Mode.BOOTSEL
    assert powered.done == ["to bootsel", "touch", "power", "to bootsel"]


def test_into_bootsel_by_hand_if_nothing_helps(world):
    with pytest.raises(
        NoReturn, match=r"tried: reset interface: .*\n +tried: 1200 baud: .*\n +tried: power: "
    ) as caught:
        world.recovery.to_bootsel()
    assert "hold BOOTSEL down" in caught.value.advice and "uhubctl" in caught.value.advice


def test_into_bootsel_needs_permission_for_what_comes_after(world):
    world.comes_back = {"to bootsel": NoPermission("not allowed")}
    with pytest.raises(NoPermission):
        world.recovery.to_bootsel()
    assert world.done == ["to bootsel"]


def test_into_bootsel_from_nowhere(tree, world, monkeypatch):
    tree.remove("1-2")
    waits = []
    monkeypatch.setattr(world.place, "wait", lambda *given, **more: waits.append(given))
    with pytest.raises(BoardNotFound, match="it is gone; attached: no Pico") as caught:
        world.recovery.to_bootsel()
    assert len(waits) == 1, "nothing was done that could bring it back"
    assert "hold BOOTSEL down" in caught.value.advice
