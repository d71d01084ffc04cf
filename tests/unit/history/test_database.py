import sqlite3
import threading

import pytest

from harness.history import database
from harness.history.database import History
from harness.history.errors import HistoryBusy, HistoryDamaged, HistoryError
from tests.support.runs import BOARD, FIRST_NIGHT, HOST, board, figure, night


@pytest.fixture
def file(tmp_path):
    return tmp_path / "folder" / "history.db"


def filled(file, *runs):
    with History(file, create=True) as history:
        return [history.add(run) for run in runs]


def read(file, **given):
    with History(file) as history:
        return history.series(**{"nights": 30, **given})


def test_every_figure_comes_back_with_its_conditions(file):
    used = figure("arena.used", 1000, setup="categories True")
    filled(file, night(0, used, figure("latency.median", 18.816)), night(1, figure("arena.used", 1016)))
    arena, latency = sorted(read(file), key=lambda each: each.key)
    assert (arena.key, arena.unit, arena.values) == (used.key, "B", [1000, 1016])
    assert arena.points[0].conditions == used.measured_under()
    assert arena.points[0].when == FIRST_NIGHT
    assert latency.values == [18.816]


def test_nights_come_in_order_however_they_were_imported(file):
    filled(file, *(night(number, figure(value=number)) for number in (3, 1, 2, 0)))
    assert read(file)[0].values == [0, 1, 2, 3]
    assert read(file, nights=2)[0].values == [2, 3]
    assert read(file, until=night(2).started)[0].values == [0, 1]
    assert read(file, without=night(3, figure(value=3)))[0].values == [0, 1, 2]


def test_the_same_run_twice_adds_nothing(file):
    run = night(0, figure("arena.used", 1), figure("arena.head", 2))
    again = night(0, *reversed(run.figures))
    first, second = filled(file, run, again)
    assert (first.figures, first.known, second.figures, second.known) == (2, False, 0, True)
    assert [len(each.points) for each in read(file)] == [1, 1]


@pytest.mark.parametrize("order", ["fewer first", "fewer last"])
def test_of_a_run_and_its_junit_file_the_one_with_more_figures_is_kept(file, order):
    """Whatever the shorter one rounds otherwise."""
    fewer, more = night(0, figure("arena.used", 1.5)), night(0, figure("arena.used", 1), figure("arena.head", 2))
    runs = [fewer, more] if order == "fewer first" else [more, fewer]
    _, second = filled(file, *runs)
    assert (second.figures, second.known) == ((2, True) if order == "fewer first" else (0, True))
    assert sorted((each.key.name, each.values) for each in read(file)) == [("arena.head", [2]), ("arena.used", [1])]
    with History(file) as history:
        assert history.runs() == 1


def test_runs_that_began_together_on_two_boards_are_two(file):
    one, other = (night(0, figure(conditions=board(serial=serial))) for serial in ("A", "B"))
    assert [each.known for each in filled(file, one, other)] == [False, False]


def test_boards_of_other_kinds_and_clocks_are_series_of_their_own(file):
    fast = board(clock_hz=133_000_000)
    filled(file, night(0, *(figure(conditions=each) for each in (BOARD, HOST, fast))))
    assert len(read(file)) == 3


def test_configurations_are_kept_apart(file):
    with History(file, create=True) as history:
        history.add(night(0, figure(value=1)), configuration="cmsis_nn")
        history.add(night(1, figure(value=2)))
    assert read(file)[0].values == [2]
    assert read(file, configuration="cmsis_nn")[0].values == [1]


def test_figures_of_tests_that_failed_are_marked(file):
    filled(file, night(0, figure(value=1)), night(1, figure(value=2, outcome="failed")))
    assert [(point.value, point.passed) for point in read(file)[0].points] == [(1, True), (2, False)]


def test_the_oldest_runs_go_when_there_are_too_many(file, monkeypatch):
    monkeypatch.setattr(database, "MAX_RUNS", 2)
    *_, last = filled(file, *(night(number, figure(value=number, model=f"m{number}")) for number in range(3)))
    assert last.removed == 1
    with History(file) as history:
        assert (history.runs(), history.models()) == (2, ["m1", "m2"])


def test_too_many_figures_are_refused(file, monkeypatch):
    monkeypatch.setattr(database, "MAX_FIGURES", 1)
    with pytest.raises(HistoryError, match="at most 1 figures expected, there are 2"):
        filled(file, night(0, figure(), figure("arena.head")))


def test_writers_at_the_same_time_lose_nothing(file):
    failed = []

    def write(writer):
        try:
            for number in range(5):
                filled(file, night(10 * writer + number, figure(value=number)))
        except HistoryError as error:
            failed.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert not failed
    assert len(read(file)[0].points) == 20


def test_a_writer_that_does_not_end_is_waited_for_until_a_deadline(file):
    filled(file, night(0, figure()))
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with History(file, wait=0.01) as history:
        with pytest.raises(HistoryBusy, match=r"another process for 0.01 s"):
            history.add(night(1, figure()))
        # Who only reads does not wait.
        assert history.runs() == 1
    other.close()


def test_what_was_begun_and_failed_is_not_there(file):
    filled(file, night(0, figure()))
    with History(file) as history, pytest.raises(HistoryDamaged):
        history.add(night(1, figure(), figure("arena.head", value="x" and float("nan"))))
    with History(file) as history:
        assert history.runs() == 1


def test_none_is_made_where_one_is_only_read(file):
    with pytest.raises(HistoryError, match="there is none"):
        History(file)
    assert not file.exists()


@pytest.mark.parametrize("content", [b"not a database, but long enough to be read as one" * 100, b"x"])
def test_another_file_is_damaged(tmp_path, content):
    path = tmp_path / "x.db"
    path.write_bytes(content)
    for create in (False, True):
        with pytest.raises(HistoryDamaged, match=r"x\.db"):
            History(path, create=create)
    assert path.read_bytes() == content


def test_a_broken_database_is_damaged(file):
    filled(file, *(night(number, *(figure(f"arena.category.{each}") for each in range(200))) for number in range(3)))
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    file.write_bytes(data)
    with pytest.raises(HistoryDamaged):
        read(file)


def test_another_programs_database_is_left_alone(tmp_path):
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE run (id)")
    connection.close()
    with pytest.raises(HistoryDamaged, match="something else"):
        History(path, create=True)


def test_another_version_is_refused(file):
    filled(file, night(0, figure()))
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(HistoryError, match="version 1 expected, this one has version 99"):
        History(file)


@pytest.mark.parametrize("told", ["[]", "{", "null"])
def test_conditions_that_are_none_are_damage(file, told):
    filled(file, night(0, figure()))
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE conditions SET told = ?", (told,))
    connection.close()
    with pytest.raises(HistoryDamaged):
        read(file)
