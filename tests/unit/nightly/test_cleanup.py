"""Old nights go, and nothing else."""

from datetime import datetime, timedelta, timezone

import pytest

from harness.nightly.cleanup import Retention, clean_up
from harness.nightly.status import Night, write_night

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=timezone.utc)
ROOM = 10**12


def make_night(nights, days, verdict="passed"):
    """A night so many days ago."""
    when = NOW - timedelta(days=days)
    folder = nights / f"{when:%Y-%m-%dT%H-%M-%S}"
    (folder / "boards" / "left").mkdir(parents=True)
    if verdict is not None:
        told = Night(version=1, started=when.isoformat(), seconds=1, verdict=verdict, line="x", folder=folder.name)
        write_night(folder, told)
    return folder


def clean(folder, *, free=None, **keep):
    # As if each night were as large as what is asked for.
    room = free or (lambda _: ROOM)
    return clean_up(folder, Retention(**{"nights": 2, "days": 30, "free": 1000, **keep}), NOW, free_bytes=room)


def test_by_age_but_never_the_newest(tmp_path):
    nights = [make_night(tmp_path, days) for days in (100, 90, 80, 70)]
    done = clean(tmp_path)
    assert done.removed == (nights[0].name, nights[1].name) and done.notes == ()
    assert [night.exists() for night in nights] == [False, False, True, True]


def test_young_nights_stay_while_there_is_room(tmp_path):
    for days in range(20):
        make_night(tmp_path, days)
    assert clean(tmp_path).removed == ()


def test_for_room_the_oldest_go_until_there_is_enough(tmp_path):
    nights = [make_night(tmp_path, days) for days in (5, 4, 3, 2, 1)]
    done = clean(tmp_path, free=lambda _: 400 * (5 - len([night for night in nights if night.exists()])))
    assert done.removed == tuple(night.name for night in nights[:3]) and done.notes == ()


def test_when_no_more_may_go_a_person_is_told(tmp_path):
    nights = [make_night(tmp_path, days) for days in (5, 4, 3, 2, 1)]
    done = clean(tmp_path, free=lambda _: 10)
    assert done.removed == tuple(night.name for night in nights[:3])
    assert done.notes == ("disk: 10 B free, 1,000 B wanted, no more nights to remove",)


@pytest.mark.parametrize(
    "verdict", ["failed", "regression", "hung", "lost", "broken", "flaky", "interrupted", "unfinished", None]
)
def test_what_did_not_pass_stays(tmp_path, verdict):
    kept = make_night(tmp_path, 300, verdict)
    make_night(tmp_path, 2), make_night(tmp_path, 1)
    assert clean(tmp_path, free=lambda _: 10).removed == ()
    assert kept.exists()


def test_nothing_else_is_touched(tmp_path):
    nights, elsewhere = tmp_path / "nights", tmp_path / "elsewhere"
    nights.mkdir()
    outside = make_night(elsewhere, 200)
    link = nights / outside.name
    link.symlink_to(outside)
    other = nights / "2020-01-01"
    other.mkdir()
    write_night(other, Night(version=1, started="", seconds=1, verdict="passed", line="", folder=""))
    file = nights / "2020-01-01T03-00-00"
    file.write_text("a file")
    inside = make_night(nights, 100)
    (inside / "boards" / "link").symlink_to(outside)
    make_night(nights, 1)
    done = clean(nights, nights=1, free=lambda _: 10)
    assert done.removed == (inside.name,)
    # Nor was it tried.
    assert done.notes == ("disk: 10 B free, 1,000 B wanted, no more nights to remove",)
    assert (outside / "night.json").exists() and link.is_symlink() and other.exists() and file.exists()


def test_a_night_that_cannot_be_removed_is_told(tmp_path, monkeypatch):
    night = make_night(tmp_path, 100)
    make_night(tmp_path, 2), make_night(tmp_path, 1)

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("harness.nightly.cleanup.shutil.rmtree", refuse)
    assert clean(tmp_path).notes == (f"{night.name} cannot be removed: Permission denied",)
