"""The page: its verdict, its content, and what keeps it small and harmless."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.record.model import Board, Compared, Test
from harness.report.html.background import Background, ChangePoint, Finding, Trend
from harness.report.html.page import MAX_BYTES, Limits, page
from harness.report.html.write import ReportNotWritten, write_report
from tests.support.page_reader import Page, read_page
from tests.support.run_records import (
    BOARD,
    HOSTILE,
    attempt,
    failed,
    hostile_run,
    large_run,
    measurement,
    passed,
    run,
)

WORSE = Finding(
    "worse", "lstm_resvar_int8", "latency.median", "us", 685.0, 733.0, "+0.5 %", "since Tuesday, firmware build 4f1c2aa"
)


def read(tests: list[Test], background: Background | None = None, **given: object) -> Page:
    return read_page(page(run(tests, **given), background or Background()))


@pytest.mark.parametrize(
    ("tests", "given", "background", "verdict"),
    [
        ([passed(), passed("b")], {}, Background(), "Passed: 2 tests passed"),
        ([passed(), failed()], {}, Background(), "Failed: 1 of 2 tests failed"),
        ([passed()], {"ended": "interrupted"}, Background(), "Incomplete: 1 test passed"),
        ([passed(), Test(id="b", outcome="not run")], {}, Background(), "Incomplete: 1 test passed, 1 not run"),
        ([passed()], {}, Background("7 nights"), "Passed: 1 test passed, no figure worse"),
        ([passed()], {}, Background("7 nights", [WORSE]), "Regressed: 1 test passed, 1 figure worse"),
        ([failed()], {"ended": "interrupted"}, Background("", [WORSE]), "Failed: 1 of 1 test failed"),
        ([], {}, Background(), "Nothing ran: 0 tests passed"),
    ],
)
def test_the_verdict_comes_first_and_is_the_title_of_the_page(
    tests: list[Test], given: dict[str, object], background: Background, verdict: str
) -> None:
    read = read_page(page(run(tests, **given), background))
    assert read.one("h1").text == verdict
    # Within an SVG `title` is another thing.
    assert read.all("title")[0].text == f"{verdict} \u2013 tflm-hil, Sat 21 Nov 2026, 03:00 UTC"


def test_a_failure_stands_with_its_message_and_the_devices_last_lines() -> None:
    test = failed(
        "t.py::test[lstm]", "step 24 differs\nwhat to do: look", attempts=[attempt("the board hung")], reruns=1
    )
    html = page(run([test]), Background())
    text = read_page(html).one("main").text
    for told in ("t.py::test[lstm]", "step 24 differs", "what to do: look", "hello from the device", "the board hung"):
        assert told in text
    assert 'href="logs/test_two-0123abcd.log"' in html


def test_a_rerun_that_passed_and_a_board_that_was_lost_are_not_hidden_by_green() -> None:
    lost = Board(name="pico-2", kind="pico", lost="unplugged")
    read = read_page(
        page(run([passed("flaky", reruns=1, attempts=[attempt("hung")])], boards=[BOARD, lost]), Background())
    )
    assert "Passed" in read.one("h1").text
    assert "1 test passed only when run again: flaky" in read.one("header").text
    assert "Board pico-2 was lost: unplugged" in read.one("header").text


def test_a_test_that_was_not_run_took_no_time() -> None:
    html = page(run([passed("did"), Test(id="did-not", outcome="not run")]), Background())
    rows = [row.text for row in read_page(html).all("tr")]
    assert "✓ passeddidemulator-0500.0\N{NO-BREAK SPACE}ms" in rows
    assert "○ not rundid-not––" in rows


def test_a_model_stands_with_its_charts_and_the_conditions_of_its_figures() -> None:
    trend = Trend(
        "lstm_resvar_int8",
        "latency.median",
        "us",
        [(f"{day} Nov", 685.0 if day < 17 else 733.0) for day in range(14, 21)],
        [ChangePoint(3, "since Tuesday 2026-11-17, firmware build 4f1c2aa, +7.0 %")],
    )
    read = read_page(page(run([passed("t", measurement())]), Background("7 nights", [], [trend])))
    assert [each.text for each in read.all("h4")] == [
        "Tensor arena",
        "Latency",
        "Operators of one invoke",
        "Outputs over time",
        "Nights",
        "Conditions",
    ]
    text = read.one("main").text
    for told in ("4f1c2aa", "90b983c", "GCC 12.2.1", "RP2040, 125 MHz", measurement().sha256, "5,968\u00a0B"):
        assert told in text, told
    assert "since Tuesday 2026-11-17, firmware build 4f1c2aa, +7.0 %" in text


def test_models_that_failed_or_got_worse_come_first_and_are_unfolded() -> None:
    tests = [
        passed("a", measurement("good")),
        *(passed(f"p{place}", measurement(f"other-{place}")) for place in range(5)),
        passed("b", measurement("lstm_resvar_int8")),
        failed("c", measurements=[measurement("bad", comparisons=[Compared(what="reference", equal=24, steps=64)])]),
    ]
    read = read_page(page(run(tests), Background("baseline", [WORSE])))
    models = [each for each in read.all("details") if "model" in each.attributes.get("class", "").split()]
    unfolded = ["open" in each.attributes for each in models]
    assert "bad" in models[0].text and "lstm_resvar_int8" in models[1].text
    assert unfolded == [True, True] + [False] * 6


def _compared(equal: int, steps: int) -> Compared:
    return Compared(what="reference", equal=equal, steps=steps)


def test_a_difference_that_a_test_wanted_to_see_is_none() -> None:
    wanted = measurement(comparisons=[_compared(64, 64), _compared(1, 32)])
    shown = page(run([passed("t.py::test_naive", wanted)]), Background())
    assert "64 / 64" in shown and "65 / 96" not in shown


def test_figures_of_two_boards_of_one_kind_are_one_model_and_of_two_picos_two() -> None:
    def of(kind: str) -> int:
        boards = [Board(name=f"{kind}-{place}", kind=kind, chip="RP2040") for place in range(2)]
        tests = [passed(f"t{place}", measurement(board=board.name)) for place, board in enumerate(boards)]
        rows = read_page(page(run(tests, boards=boards), Background())).all("summary")
        return sum("lstm_resvar_int8" in row.text for row in rows)

    assert (of("emulator"), of("pico")) == (1, 2)


def test_500_measurements_are_small_and_what_was_left_out_is_told() -> None:
    html = page(large_run(500), Background())
    assert len(html.encode()) < MAX_BYTES
    read = read_page(html)
    text = read.one("main").text
    assert all(f"model-{number:03d}" in text for number in range(500)), "each has its row"
    assert "Charts are drawn for the first 12 of 500 models" in text
    assert "25 more failed" in text


def test_however_much_there_is_the_page_keeps_its_limit() -> None:
    # Every character takes five bytes when it is escaped.
    tests = [failed(f"{'<' * 300}{place}", '"' * 16_000 + "\n" + '"' * 8_000) for place in range(1_500)]
    html = page(run(tests), Background(), Limits(rows=100_000, failures=10_000))
    assert len(html.encode()) <= MAX_BYTES
    assert "tests are left out here" in html


def test_nothing_of_a_device_or_a_file_is_markup() -> None:
    text = " ".join(HOSTILE)
    finding = Finding("worse", text, text, text, 1, 2, text, text, text)
    trend = Trend(text, text, text, [(text, 1.0), (text, 2.0)], [ChangePoint(1, text)])
    html = page(hostile_run(), Background(text, [finding], [trend]))
    read = read_page(html)
    # One script, ours, by its hash.
    assert len(read.all("script")) == 1
    policy = next(each.attributes["content"] for each in read.all("meta") if "http-equiv" in each.attributes)
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-")
    assert not read.all("img", "iframe", "object", "embed", "form", "base")
    for element in read.elements:
        assert not [name for name in element.attributes if name.startswith("on")], element
        assert "javascript:" not in element.attributes.get("href", "")
    for hidden in "\0\x1b\x07\x9b\u202e\u2066\u2028\u200b\ufeff":
        assert hidden not in html
    text = read.one("main").text
    for told in ("<script>alert('owned')</script>", "\\x1b[31mred", "nul\\x00bell", "\\u202egnp.exe", "{{ 7 * 7 }}"):
        assert told in text, told
    assert "cut: 10,000,000 characters" in text
    assert len(html.encode()) < 500_000


@pytest.mark.parametrize("log", ["../../etc/passwd", "javascript:alert(1)", "https://example.invalid/x.log", "/x.log"])
def test_only_a_log_beside_the_report_is_linked(log: str) -> None:
    html = page(run([failed(log=log)]), Background())
    assert "hello from the device" in html
    assert "All of it" not in html and f'href="{log}"' not in html


def test_it_needs_no_network_and_is_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    record = run([passed("t", measurement()), failed()])
    html = page(record, Background())
    assert html == page(record, Background())
    links = [each.attributes.get("href", "") + each.attributes.get("src", "") for each in read_page(html).elements]
    assert all(link.startswith(("#", "data:", "logs/")) for link in links if link)
    assert not re.findall(r"url\(|@import", html)


def test_it_can_be_read_without_seeing_it() -> None:
    # Few samples are drawn as dots, which an SVG refers to by their ids.
    tests = [passed(name, measurement(name, samples=5)) for name in ("one", "two")]
    read = read_page(page(run([*tests, failed()]), Background("b", [WORSE])))
    assert "use" in {each.tag for each in read.elements}
    assert read.elements[0].attributes == {"lang": "en"}
    for landmark in ("header", "nav", "main", "footer"):
        read.one(landmark)
    ids = [each.attributes["id"] for each in read.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    for name in ("aria-labelledby", "for"):
        for element in read.elements:
            assert set(element.attributes.get(name, "").split()) <= set(ids), element
    for link in read.all("a", "use"):
        target = link.attributes["href"]
        assert not target.startswith("#") or target[1:] in ids, target
    levels = [int(each.tag[1]) for each in read.elements if re.fullmatch("h[1-6]", each.tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
    assert all("scope" in each.attributes for each in read.all("th"))
    for picture in read.all("svg"):
        named = picture.attributes.get("role") == "img" and "aria-labelledby" in picture.attributes
        assert named or picture.attributes.get("aria-hidden") == "true"
    # What scrolls can be reached and has a name.
    for element in read.elements:
        if element.tag == "pre" or element.attributes.get("class") == "scroll":
            assert element.attributes["tabindex"] == "0" and element.attributes["role"] == "region"
            assert element.attributes.keys() & {"aria-label", "aria-labelledby"}


def test_it_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    record = run([passed()])
    written = write_report(record, tmp_path)
    assert written == tmp_path / "report.html"
    assert written.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert written.stat().st_mode & 0o777 == 0o644
    assert write_report(record, tmp_path / "new" / "other.html").is_file()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["report.html"]
    with pytest.raises(ReportNotWritten, match=r"report\.html/x"):
        write_report(record, written / "x")
