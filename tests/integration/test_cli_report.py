"""`tflm-hil report`: from run.json, baselines and history to the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.cli.main import main
from harness.record.write import write_record
from tests.support.page_reader import Page, read_page
from tests.support.run_records import BOARD, failed, latency, measurement, passed, run


def night(folder: Path, day: int, us: float) -> Path:
    """The record of a run in November 2026; from the 18th on with another firmware."""
    board = replace(BOARD, build="fde4553" if day < 18 else "4f1c2aa")
    one = measurement(latency=latency([us] * 50, cold=us))
    record = run([passed("t.py::test[lstm]", one)], started=f"2026-11-{day}T03:00:00+00:00", boards=[board])
    return write_record(folder / str(day), record).parent


@pytest.fixture
def week(tmp_path: Path) -> Path:
    """Seven nights, a history of six of them, and a baseline of the first."""
    for day in range(14, 21):
        night(tmp_path, day, 685.0 if day < 18 else 733.0)
    for day in range(14, 20):
        assert main(["history", "import", str(tmp_path / str(day)), "--db", str(tmp_path / "h.db")]) == 0
    assert main(["baseline", "save", str(tmp_path / "14"), "--into", str(tmp_path / "base")]) == 0
    return tmp_path


def read(path: Path) -> Page:
    return read_page(path.read_text("utf-8"))


def test_the_page_tells_what_regress_tells_and_since_when(week: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    given = ["--history", str(week / "h.db"), "--baseline", str(week / "base")]
    assert main(["regress", str(week / "20"), "--json", *given]) == 3
    counts = json.loads(capsys.readouterr().out)["counts"]
    assert main(["report", str(week / "20" / "run.json"), *given]) == 0
    page = read(week / "20" / "report.html")
    assert page.one("h1").text == f"Regressed: 1 test passed, {counts['worse']} figures worse"
    text = page.one("main").text
    assert "since Wednesday 2026-11-18, firmware build 4f1c2aa, +7.0 %" in text
    assert "latency.median: since Wednesday" in text, "the chart of the nights names it too"
    assert "+7.01\u00a0%" in text and "since Wed 18 Nov" in text
    assert "h.db" not in text


def test_a_night_that_is_as_it_was_is_green(week: Path) -> None:
    given = ["--history", str(week / "h.db"), "--baseline", str(week / "base"), "--out", str(week / "out.html")]
    assert main(["report", str(night(week, 15, 685.0)), *given]) == 0
    page = read(week / "out.html")
    assert page.one("h1").text == "Passed: 1 test passed, no figure worse"
    assert not (week / "15" / "report.html").exists()


def test_without_baseline_and_history_it_is_a_report_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["report", str(night(tmp_path, 14, 685.0)), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "report": str(tmp_path / "14" / "report.html"),
        "bytes": (tmp_path / "14" / "report.html").stat().st_size,
    }
    assert read(tmp_path / "14" / "report.html").one("h1").text == "Passed: 1 test passed"


def test_logs_are_linked_only_from_the_folder_that_they_are_in(tmp_path: Path) -> None:
    folder = write_record(tmp_path / "run", run([failed()])).parent
    for out, linked in ((folder / "report.html", True), (tmp_path / "elsewhere.html", False)):
        assert main(["report", str(folder), "--out", str(out)]) == 0
        page = read(out)
        assert "logs/test_two-0123abcd.log" in page.one("main").text
        assert linked == ("logs/test_two-0123abcd.log" in [link.attributes["href"] for link in page.all("a")])


@pytest.mark.parametrize(
    ("content", "given", "code", "words"),
    [
        (None, [], 1, "a run's record expected"),
        (b"\x00\xff", [], 1, "is not the record of a run"),
        (b"[" * 100_000, [], 1, "is not the record of a run"),
        (b'{"tflm-hil-run": 2}', [], 1, "one of version 2 came"),
        (b"{}", ["--baseline", "nowhere"], 2, "a folder expected"),
    ],
)
def test_a_file_that_is_no_record_is_refused_in_words(
    content: bytes | None,
    given: list[str],
    code: int,
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "run.json"
    if content is not None:
        file.write_bytes(content)
    assert main(["report", str(file), *given]) == code
    assert words in capsys.readouterr().err
    assert not (tmp_path / "report.html").exists()
