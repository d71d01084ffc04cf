import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.images.judge import Judge, LineCutter, Outcome

PASS = b"~~~ALL TESTS PASSED~~~"
FAIL = b"~~~SOME TESTS FAILED~~~"
PANIC = b"*** PANIC ***"


def verdict_of(pieces, **given):
    judge = Judge(**{"expect": PASS.decode(), **given})
    for piece in pieces:
        found = judge.feed(piece)
        if found is not None:
            return found.outcome
    return None


@pytest.mark.parametrize(
    ("log", "outcome"),
    [
        (b"", None),
        (b"Testing A\r\n1/1 tests passed\r\n", None),
        (b"Testing A\r\n" + PASS + b"\r\n", Outcome.PASSED),
        (PASS, Outcome.PASSED),
        (FAIL + b"\n" + PASS, Outcome.FAILED),
        (PASS + b"\n" + FAIL, Outcome.PASSED),
        (b"\n" + PANIC + b"\n\nHard assert\n" + PASS, Outcome.CRASHED),
        (b"[  FAILED  ] 1 tests, listed below:\n[  FAILED  ] A.B\n", Outcome.FAILED),
        (b"[  FAILED  ] A.B\n", None),
        (b"~~~ALL TESTS PASSED~~", None),
        (b"~~~ALL TESTS\nPASSED~~~", None),
    ],
)
def test_what_is_said_first_decides_however_it_is_cut(log, outcome):
    for size in (1, 2, 7, 1000):
        assert verdict_of(log[start : start + size] for start in range(0, len(log), size)) is outcome


@given(
    st.lists(st.sampled_from([b"~", b"~~~ALL", b" TESTS ", b"PASSED~~~", b"\xff", b"\n", b"~~~SOME TESTS FAILED~~~"]))
)
def test_cutting_changes_nothing(pieces):
    whole = b"".join(pieces)
    at_once = verdict_of([whole])
    one_by_one = verdict_of(whole[index : index + 1] for index in range(len(whole)))
    # In one piece, what begins first wins; byte by byte, what ends first: the same, for none contains another.
    assert at_once is one_by_one


def test_of_two_at_one_place_bad_news_wins():
    assert verdict_of([b"done: bad"], expect="done", fail_on=["done: bad"]) is Outcome.FAILED
    assert verdict_of([b"done"], expect="done", fail_on=["done"]) is Outcome.FAILED


@pytest.mark.parametrize("text", ["", "two\nlines", "two\r"])
def test_texts_of_no_line_and_of_two_are_refused(text):
    with pytest.raises(ValueError, match="one line"):
        Judge(text)
    with pytest.raises(ValueError, match="one line"):
        Judge("fine", [text])


@given(st.lists(st.binary(max_size=20)))
def test_lines_lose_nothing_and_are_bounded(pieces):
    cutter = LineCutter(most=8)
    lines = [line for piece in pieces for line in cutter.feed(piece)] + cutter.flush()
    assert all(0 < len(line) <= 8 for line in lines)
    kept = b"".join(pieces).replace(b"\n", b"").replace(b"\r", b"")
    assert b"".join(lines).replace(b"\r", b"") == kept


def test_lines():
    cutter = LineCutter()
    assert cutter.feed(b"one\r\ntw") == [b"one"]
    assert cutter.feed(b"o\n\n\r\nthree") == [b"two"]
    assert cutter.flush() == [b"three"]
    assert cutter.flush() == []
