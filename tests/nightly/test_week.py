"""A week of nights with one regression, one hung board and one broken model: the reports tell exactly that."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from harness.cli.main import main as tflm_hil
from harness.nightly.plan import Plan
from harness.nightly.programs import Programs
from harness.nightly.run import run_night
from harness.record.figures import figures_of
from harness.record.read import read_record
from harness.tflm.availability import why_unavailable
from tests.devices.conftest import demand
from tests.nightly.bench_project import Project
from tests.support.documents import ROOT

MONDAY = datetime(2026, 11, 16, 3, 0, tzinfo=timezone.utc)
MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
# Long enough for a board that works, on a busy computer too.
PATIENCE = 300.0
HANG_SECONDS = {"host": 25.0, "emulated": 40.0}


class Week:
    """Seven nights and what they left.

    Attributes:
        boards: of the bench.
        hung: the one that hangs on Wednesday.
        nights: the results, from Monday on.
    """

    def __init__(self, kind, folder, firmware, monkeypatch):
        self.project = Project(folder / "project")
        self.boards = ("host",) if kind == "host" else ("emulator-0", "emulator-1")
        self.hung = self.boards[-1]
        self.folder = folder / "nights"
        monkeypatch.chdir(self.project.folder)
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        # For the faulty device.
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        self.plan = Plan(
            nights=self.folder,
            boards=self.boards,
            firmware=firmware,
            accept=("model",),
            board_seconds=PATIENCE,
            retries=1,
        )
        self.nights = []
        for day in range(7):
            self.nights.append(self._night(day, kind, monkeypatch))
            if day == MON:
                for board in self.boards:
                    assert tflm_hil(["baseline", "save", str(self.of(MON, board))]) == 0

    def of(self, day, board):
        """The folder of a board's night."""
        return self.folder / self.nights[day].folder / "boards" / board

    def record(self, day, board):
        return read_record(self.of(day, board))

    def figure(self, day, board, model, name):
        """A figure as the record has it."""
        found = [f.value for f in figures_of(self.record(day, board)) if (f.model, f.name) == (model, name)]
        return found[0]

    def board(self, day, name):
        [found] = [board for board in self.nights[day].boards if board.board == name]
        return found

    def findings(self, day, board, verdict):
        told = json.loads((self.of(day, board) / "regression.json").read_text())
        return [each for each in told["findings"] if each["verdict"] == verdict]

    def _night(self, day, kind, monkeypatch):
        plan = self.plan
        if day == WED:
            monkeypatch.setenv("WEEK_HANGS", self.hung)
            plan = replace(plan, board_seconds=HANG_SECONDS[kind])
        if day == THU:
            monkeypatch.delenv("WEEK_HANGS")
            self.project.retrain(17, 18)
        if day == FRI:
            self.project.spoil("lstm_seq_int8")
        if day == SAT:
            self.project.mend("lstm_seq_int8")
        if day == SUN:
            self.project.retrain()
        night = run_night(plan, now=MONDAY + timedelta(days=day), programs=Programs(grace=10.0), environment={})
        print(night.line)
        return night


# A week takes a minute or two: with several workers (`--dist loadgroup`) one of them has it alone.
KINDS = [
    pytest.param("host", marks=pytest.mark.xdist_group("week on the host board")),
    pytest.param("emulated", marks=[pytest.mark.emulated, pytest.mark.xdist_group("week on emulated boards")]),
]


@pytest.fixture(scope="module", params=KINDS)
def week(request, tmp_path_factory):
    """The week, on the host board or on two emulated Picos."""
    reason = why_unavailable()
    if reason is not None:
        pytest.skip(reason)
    firmware = None if request.param == "host" else demand("tflm").path
    with pytest.MonkeyPatch.context() as patch:
        yield Week(request.param, tmp_path_factory.mktemp(request.param), firmware, patch)


pytestmark = pytest.mark.timeout(600)

VERDICTS = ["passed", "passed", "hung", "regression", "failed", "regression", "passed"]


def test_each_night_has_its_verdict_and_no_other(week):
    assert [night.verdict for night in week.nights] == VERDICTS
    assert [night.started[:10] for night in week.nights] == [f"2026-11-{day}" for day in range(16, 23)]
    for night in week.nights:
        assert (week.folder / night.folder / "status.txt").read_text() == f"{night.line}\n"
        assert night.line.startswith(f"nightly {night.started[:10]}: {night.verdict.upper()} | ")


@pytest.mark.parametrize("day", [MON, TUE, SUN])
def test_an_uneventful_night_tells_of_nothing(week, day):
    for board in week.nights[day].boards:
        assert (board.verdict, board.tests.passed, board.attempts) == ("passed", 3, 1)
        assert (board.worse, board.failed, board.flaky, board.not_compared, board.notes) == ([], [], [], [], [])
    assert all(week.findings(day, board, "worse") == [] for board in week.boards)


def test_the_hung_board_is_named_and_keeps_no_other_one_back(week):
    for board in week.nights[WED].boards:
        if board.board != week.hung:
            assert (board.verdict, board.tests.passed) == ("passed", 3)
            continue
        assert board.verdict == "hung"
        assert board.why.startswith("ended at its deadline after ")
        assert "test_models.py::test_" in board.why
        assert board.attempts == 1 and board.worse == []
        assert board.seconds < HANG_SECONDS["emulated"] + 30
        assert f" | {week.hung} hung, 0/3 tests" in week.nights[WED].line


@pytest.mark.parametrize("day", [THU, FRI, SAT])
def test_the_regression_is_told_with_its_size_and_its_first_day(week, day):
    for board in week.boards:
        before, now = (week.figure(each, board, "curve", "arena.used") for each in (MON, day))
        step = f"curve arena.used {(now / before - 1) * 100:+.1f} %"
        assert now > before
        [worse] = week.board(day, board).worse
        assert worse.startswith(step)
        assert worse.endswith("since Thu 2026-11-19")
        assert step in week.nights[day].line
        # The page and the XML tell the same story.
        page = (week.of(day, board) / "report.html").read_text("utf-8")
        assert "worse" in page and "no figure worse" not in page
        assert 'type="worse"' in (week.of(day, board) / "regression.xml").read_text("utf-8")
        assert {each["model"] for each in week.findings(day, board, "worse")} == {"curve"}


def test_the_latency_regressed_by_seven_percent(week):
    if week.boards == ("host",):
        pytest.skip("the host's times are too loose for seven percent")
    for board in week.boards:
        before, now = (week.figure(day, board, "curve", "latency.median") for day in (WED - 1, THU))
        assert now / before == pytest.approx(1.07, abs=0.003)
        [found] = [each for each in week.findings(THU, board, "worse") if each["figure"] == "latency.median"]
        assert found["relative"] == pytest.approx(now / before - 1)
        assert f"latency.median {(now / before - 1) * 100:+.1f} %" in week.board(THU, board).worse[0]


def test_the_broken_model_fails_its_test_and_no_other(week):
    for board in week.nights[FRI].boards:
        [failed] = board.failed
        assert failed.id == "test_models.py::test_forecast"
        assert "ModelRejected" in failed.why
        assert (board.tests.passed, board.tests.failed, board.attempts) == (2, 1, 2)
        assert "ModelRejected" in week.nights[FRI].line
        # It failed twice, and both are told.
        [test] = [test for test in week.record(FRI, board.board).tests if test.outcome == "failed"]
        assert [attempt.outcome for attempt in test.attempts] == ["failed"]
        # Its figures are gone for that reason: nothing that a person has to hear of besides.
        assert not any("gone" in note for note in board.notes)


def test_all_that_belongs_to_a_night_is_in_its_folder(week):
    for day, night in enumerate(week.nights):
        folder = week.folder / night.folder
        assert (folder / "night.json").is_file()
        if week.boards != ("host",):
            assert (folder / night.image.file).read_bytes()[:4] == b"UF2\n"
        for board in week.boards:
            there = {str(path.relative_to(week.of(day, board))) for path in week.of(day, board).rglob("*")}
            assert {"run.json", "regression.xml", "regression.txt", "report.html", "attempt-1/pytest.log"} <= there
            assert any(name.startswith("attempt-1/logs/") for name in there)
    assert (week.folder / "latest").resolve() == (week.folder / week.nights[SUN].folder).resolve()


def test_no_program_is_left(week):
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(week.folder) not in running and str(week.project.folder) not in running
