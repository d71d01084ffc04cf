"""One night at a time, each in a folder of its own."""

from datetime import datetime, timezone

import pytest

from harness.nightly.errors import NightBusy, NightUnusable
from harness.nightly.folders import locked, make_night, nights_in, point_to
from harness.nightly.run import folder_name

NOW = datetime(2026, 11, 21, 3, 0, 5, tzinfo=timezone.utc)


def test_two_at_once_are_refused_and_told_who(tmp_path):
    nights = tmp_path / "deep" / "nights"
    with (
        locked(nights, NOW),
        pytest.raises(NightBusy, match=r"under way: process [0-9]+, since '2026-11-21 03:00:05'"),
        locked(nights, NOW),
    ):
        pass
    with locked(nights, NOW):
        pass


def test_who_holds_it_may_have_written_nonsense(tmp_path):
    with locked(tmp_path, NOW):
        (tmp_path / ".lock").write_text('{"pid": "x')
        with pytest.raises(NightBusy, match="is under way\n"), locked(tmp_path, NOW):
            pass


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NightUnusable, match="a folder for nights expected"), locked(tmp_path / "file", NOW):
        pass


def test_two_nights_of_one_second_are_two(tmp_path):
    assert [make_night(tmp_path, NOW).name for _ in range(2)] == ["2026-11-21T03-00-05", "2026-11-21T03-00-05.1"]
    assert [night.name for night in nights_in(tmp_path)] == ["2026-11-21T03-00-05", "2026-11-21T03-00-05.1"]
    assert nights_in(tmp_path / "none") == []


def test_latest_leads_to_the_newest_and_spares_what_is_no_link(tmp_path):
    first, second = make_night(tmp_path, NOW), make_night(tmp_path, NOW)
    for night in (first, second):
        point_to(night)
        assert (tmp_path / "latest").resolve() == night.resolve()
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").mkdir()
    point_to(first)
    assert not (tmp_path / "latest").is_symlink()


@pytest.mark.parametrize(
    ("board", "name"),
    [
        ("left", "left"),
        ("emulator-0", "emulator-0"),
        ("/dev/ttyACM0", "_dev_ttyACM0"),
        ("rfc2217://bench:4000", "rfc2217_bench_4000"),
        ("../..", "_"),
        ("..", "_"),
        ("", "_"),
    ],
)
def test_a_board_cannot_name_another_folder(board, name):
    assert folder_name(board) == name
