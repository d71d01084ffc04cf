"""The boards that are attached, and who has them."""

import os

import pytest

from harness.boards.pico.access import denied_nodes, usb_node
from harness.boards.pico.claim import claim
from harness.boards.pico.inventory import Inventory, InventoryError
from harness.boards.pico.list import list_boards
from tests.unit.boards.pico.tree import CDC, OTHER_SERIAL, SERIAL


def test_what_is_attached_and_what_is_missing(tree, locks, tmp_path):
    tree.pico("1-2", SERIAL)
    tree.bootsel("1-3")
    tree.probe("1-4")
    tree.add("1-5", 0x2341, 0x0043, product="Arduino Uno", interfaces=CDC, tty="ttyACM5")
    path = tmp_path / "boards.yaml"
    path.write_text(f'boards: {{left: {{serial: "{SERIAL}"}}, right: {{serial: "{OTHER_SERIAL}"}}}}')
    claim("1-3", tree.usb, Inventory({}), locks)
    listed = list_boards(path, tree.usb, locks)
    assert [(board.name, board.usable) for board in listed] == [
        ("left", True),
        ("1-3", False),
        ("1-4", False),
        ("right", False),
    ]
    left, bootsel, probe, right = (board.about for board in listed)
    assert left.startswith(f"1-2 (RP2040, application, serial {SERIAL}")
    assert f"BOOTSEL, RP2 Boot); in use by process {os.getpid()} (" in bootsel
    assert "debug probe" in probe and right == "in the inventory, not attached"


def test_a_holder_is_known_by_the_serial_number_too(tree, locks):
    tree.pico("1-2", SERIAL)
    claim("auto", tree.usb, Inventory({}), locks)
    tree.remove("1-2")
    tree.pico("1-7", SERIAL)
    [board] = list_boards(None, tree.usb, locks)
    assert board.holder is not None and not board.usable


def test_a_wrong_inventory_is_said(tree, locks, tmp_path):
    with pytest.raises(InventoryError):
        list_boards(tmp_path / "none.yaml", tree.usb, locks)


def test_nodes_that_may_not_be_used(tree, monkeypatch):
    tree.pico("1-2", SERIAL)
    device = tree.usb.at("1-2")
    node = usb_node(device, tree.dev)
    assert node == tree.dev / "bus" / "usb" / "001" / "003"
    node.parent.mkdir(parents=True)
    node.touch()
    assert denied_nodes(device, tree.dev) == []
    monkeypatch.setattr(os, "access", lambda path, mode: path != node or mode != os.R_OK | os.W_OK)
    assert denied_nodes(device, tree.dev) == [node]
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert denied_nodes(device, tree.dev) == [node, tree.dev / "ttyACM0"]
