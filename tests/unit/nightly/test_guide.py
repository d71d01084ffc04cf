"""The guide says what the nightly run does."""

from harness.nightly.attempts import MAX_RETRIED
from harness.nightly.cleanup import Retention
from harness.nightly.plan import Plan
from harness.nightly.programs import GRACE_SECONDS
from harness.nightly.status import VERDICTS
from harness.nightly.webhook import DEFAULT_FIELD, FIELD_VARIABLE, URL_VARIABLE
from tests.support.documents import DOCS, ROOT, first_words, section

GUIDE = " ".join((DOCS / "nightly.md").read_text("utf-8").split())


def test_every_verdict_is_explained_and_no_other():
    table = section((DOCS / "nightly.md").read_text("utf-8"), "## The morning report")
    assert first_words(table) == set(VERDICTS)


def test_limits_and_names_are_those_of_the_code():
    keep, plan = Retention(), Plan(nights=ROOT, boards=())
    for text in (
        f"older than {keep.days} days",
        f"less than {keep.free // 1024**3} GiB free",
        f"the newest {keep.nights} ",
        f"More than {MAX_RETRIED} failures",
        f"within {GRACE_SECONDS:.0f} s is killed",
        f"`{URL_VARIABLE}`",
        f"`{FIELD_VARIABLE}=",
        f'`{{"{DEFAULT_FIELD}": LINE}}`',
    ):
        assert text in GUIDE, text
    assert "(`--deadline`, an hour)" in GUIDE and plan.board_seconds == 3600
    assert "(`--retries`, once)" in GUIDE and plan.retries == 1


def test_the_recipes_are_named():
    files = [path for path in (ROOT / "ci").rglob("*nightly*") if path.is_file()]
    assert len(files) >= 4
    assert not [path.name for path in files if path.name not in GUIDE]
