"""A board that is one run's alone, by whatever name it is called."""

import threading

import pytest

from harness.boards.pico.claim import claim
from harness.boards.pico.inventory import Entry, Inventory
from harness.boards.pico.lock import LocksUnusable
from harness.boards.pico.names import BoardAmbiguous
from harness.errors import BoardBusy, BoardNotFound, WrongBoard
from tests.unit.boards.pico.tree import OTHER_SERIAL, SERIAL

NAMES = Inventory({"left": Entry(serial=SERIAL)})


@pytest.fixture
def take(tree, locks):
    taken = []

    def take_board(name, wait=0.0):
        taken.append(claim(name, tree.usb, NAMES, locks, wait))
        return taken[-1]

    yield take_board
    for one in taken:
        one.release()


@pytest.mark.parametrize("first", ["auto", SERIAL, "1-2", "left", "{tty}"])
@pytest.mark.parametrize("second", ["auto", SERIAL.lower(), "1-2", "left", "{tty}"])
def test_two_names_of_a_board_meet(tree, take, first, second):
    tree.pico()
    tty = str(tree.dev / "ttyACM0")
    mine = take(first.format(tty=tty))
    with pytest.raises(BoardBusy, match=f"the board {SERIAL} at 1-2 is in use by process"):
        take(second.format(tty=tty))
    mine.release()
    assert take(second.format(tty=tty)).target.port_path == "1-2"


def test_a_name_of_a_port_is_trusted_once(tree, take):
    """While one run waits for the other, both boards restart, and come back under each other's names."""
    tree.pico("1-2", SERIAL, "ttyACM0")
    tree.pico("1-3", OTHER_SERIAL, "ttyACM1")
    mine = take("1-2")

    def swap():
        for place in ("1-2", "1-3"):
            tree.remove(place)
        tree.pico("1-3", OTHER_SERIAL, "ttyACM0")
        tree.pico("1-2", SERIAL, "ttyACM1")
        mine.release()

    timer = threading.Timer(0.5, swap)
    timer.start()
    target = take(str(tree.dev / "ttyACM0"), wait=20).target
    timer.join()
    assert (target.port_path, target.serial) == ("1-2", SERIAL)


def test_two_boards_do_not_meet(tree, take):
    tree.pico("1-2", SERIAL, "ttyACM0")
    tree.pico("1-3", OTHER_SERIAL, "ttyACM1")
    assert (take("1-2").target.serial, take("1-3").target.serial) == (SERIAL, OTHER_SERIAL)


def test_a_board_that_was_plugged_in_elsewhere_is_still_taken(tree, take):
    tree.pico("1-2")
    take("1-2")
    tree.remove("1-2")
    tree.pico("1-3")
    for name in ("1-3", SERIAL):
        with pytest.raises(BoardBusy):
            take(name)


def test_a_number_that_becomes_known_is_locked_too(tree, take):
    tree.bootsel("1-2")
    mine = take("1-2")
    tree.remove("1-2")
    tree.pico("1-3")
    mine.identified_as(SERIAL)
    with pytest.raises(BoardBusy):
        take("1-3")


@pytest.mark.parametrize("name", ["auto", SERIAL, "1-2", "left", "{tty}", "{tty}/../usb-Pico_" + SERIAL + "-if00"])
def test_a_board_that_restarts_in_anothers_hands_is_busy_and_not_absent(tree, take, name):
    tree.pico()
    take(str(tree.dev / "ttyACM0"))
    tree.remove("1-2")
    with pytest.raises(BoardBusy, match=r"restarts just now\n.*--board-wait"):
        take(name.format(tty=tree.dev / "ttyACM0"))


def test_absent_is_absent(tree, take):
    tree.pico("1-3", OTHER_SERIAL)
    take("1-3")
    for name in (SERIAL, "1-2", str(tree.dev / "ttyACM7")):
        with pytest.raises(BoardNotFound):
            take(name)


def test_waiting_for_who_has_it(tree, take):
    tree.pico()
    mine = take("1-2")
    timer = threading.Timer(0.5, mine.release)
    timer.start()
    assert take(SERIAL, wait=30).target.serial == SERIAL
    timer.join()


def test_waiting_through_its_restart(tree, take):
    tree.pico()
    mine = take("1-2")
    tree.remove("1-2")

    def come_back():
        tree.pico(tty="ttyACM1")
        mine.release()

    timer = threading.Timer(0.3, come_back)
    timer.start()
    assert take(SERIAL, wait=30).target.node.endswith("ttyACM1")
    timer.join()


def test_nothing_stays_locked_after_a_failure(tree, take, locks):
    names = Inventory({"left": Entry(serial=SERIAL, port="1-2")})
    tree.pico("1-2", OTHER_SERIAL)
    with pytest.raises(WrongBoard):
        claim("left", tree.usb, names, locks)
    assert take("1-2").target.serial == OTHER_SERIAL


def test_what_came_while_we_waited_makes_auto_ambiguous(tree, take):
    tree.pico("1-2", SERIAL, "ttyACM0")
    mine = take("1-2")

    def another_comes():
        tree.pico("1-3", OTHER_SERIAL, "ttyACM1")
        mine.release()

    timer = threading.Timer(0.3, another_comes)
    timer.start()
    with pytest.raises(BoardAmbiguous, match="2 came"):
        take("auto", wait=30)
    timer.join()
    assert take("1-2").target.serial == SERIAL, "nothing stays locked"


def test_the_place_stays_ours_when_the_number_is_anothers(tree, take):
    """Two boards of one number: whoever finds out still must not be disturbed at its own place."""
    tree.pico("1-2")
    take("1-2")
    tree.bootsel("1-3")
    mine = take("1-3")
    with pytest.raises(BoardBusy):
        mine.identified_as(SERIAL)
    with pytest.raises(BoardBusy):
        take("1-3")


def test_nothing_stays_locked_if_a_lock_cannot_be_had_at_all(tree, take, locks):
    tree.pico()
    (locks / f"serial-{SERIAL}.lock").mkdir()
    with pytest.raises(LocksUnusable):
        take("1-2")
    (locks / f"serial-{SERIAL}.lock").rmdir()
    assert take("1-2").target.serial == SERIAL


def test_auto_takes_no_board_whose_neighbour_just_restarts(tree, take):
    tree.pico("1-2", SERIAL, "ttyACM0")
    tree.pico("1-3", OTHER_SERIAL, "ttyACM1")
    mine = take("1-2")
    with pytest.raises(BoardAmbiguous, match="2 came"):
        take("auto")
    tree.remove("1-2")
    with pytest.raises(
        BoardAmbiguous, match=f"there is one at 1-3, and another is in use by .* as 1-2 or .* or {SERIAL}"
    ):
        take("auto")
    mine.release()
    assert take("auto").target.port_path == "1-3"
