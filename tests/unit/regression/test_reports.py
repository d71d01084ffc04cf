import io
import xml.etree.ElementTree as ElementTree

import pytest
from rich.console import Console

from harness.history.changes import trend_of
from harness.regression.baseline import baselines_of
from harness.regression.judge import judge
from harness.regression.report import judgement_json, regression_xml
from harness.regression.table import judgement_table
from harness.regression.trend_table import trend_table
from harness.regression.words import moved, percent, plain_name, sparkline, value_in_words
from tests.support.runs import board, figure, night, series

HOSTILE = "<script>\x00\x1b[31m]]>&\"'\ud800\ufffe" + "x" * 5000


def judged():
    before = [figure("arena.used", 1000), figure("arena.head", 5), figure("arena.gone", 1), figure("arena.tail", 2)]
    before += [figure("latency.median", 5)]
    now = [figure("arena.used", 1070), figure("arena.head", 4), figure("arena.fresh", 1), figure("arena.tail", 2)]
    now += [figure("latency.median", 5, conditions=board(clock_hz=133_000_000))]
    past = [series("arena.used", [1000, 1000, 1070], builds=["b1", "b1", "b2"])]
    return judge(night(5, *now), baselines_of(night(0, *before), []), past)


def shown(renderable, width=100):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(renderable)
    return console.file.getvalue()


def test_the_xml_has_a_testcase_for_each_figure_and_a_failure_for_what_is_worse():
    root = ElementTree.fromstring(regression_xml(judged()))
    [suite] = root.findall("testsuite")
    cases = {case.get("name").split()[0]: case for case in suite.findall("testcase")}
    assert len(cases) == 6
    assert {name for name, case in cases.items() if case.find("failure") is not None} == {"arena.used"}
    assert {name for name, case in cases.items() if case.find("skipped") is not None} == {
        "arena.gone",
        "latency.median",
    }
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("6", "1", "2")
    message = cases["arena.used"].find("failure").get("message")
    for words in ("was 1,000 B; is 1,070 B; +7.0 % (+70 B)", "since Tuesday 2026-11-17, firmware build b2, +7.0 %"):
        assert words in message
    assert "clock_hz 125 MHz -> 133 MHz" in cases["latency.median"].find("skipped").get("message")
    assert "improved" in cases["arena.head"].findtext("system-out")


def test_whatever_stands_in_names_is_text():
    hostile = figure(model=HOSTILE, test=HOSTILE, conditions=board(compiler=HOSTILE, tflm=HOSTILE))
    judgement = judge(night(1, hostile), baselines_of(night(0, figure(model=HOSTILE, test=HOSTILE)), []))
    text = regression_xml(judgement)
    root = ElementTree.fromstring(text.encode())
    assert "\\x00\\x1b[31m" in root.find("testsuite/testcase").get("classname")
    assert not {character for character in text if not character.isprintable()} - {"\n", "\t"}
    assert "\x1b" not in shown(judgement_table(judgement))


def test_the_table_tells_the_worst_first_with_step_and_day():
    text = shown(judgement_table(judged()), 160)
    lines = [line.split() for line in text.splitlines()]
    assert text.startswith("1 worse, 1 vanished, 1 not comparable, 1 improved, 1 new, 1 unchanged figures against")
    assert [line[0] for line in lines if line and line[0] in ("worse", "vanished", "not", "improved")] == [
        "worse",
        "vanished",
        "not",
        "improved",
    ]
    assert " ".join(next(line for line in lines if line[:1] == ["worse"])[3:]) == "1,000 B 1,070 B +7.0 % (+70 B)"
    assert "since Tuesday 2026-11-17, firmware build b2, +7.0 %; t.yaml::t; allowed: exact" in text


def test_tests_that_share_a_figure_share_a_row():
    def run(number, factor):
        return night(number, *(figure(value=1000 * factor + each, test=f"t{each}") for each in range(30)))

    judgement = judge(run(1, 2), baselines_of(run(0, 1), []))
    text = shown(judgement_table(judgement))
    assert text.count("arena.used") == 1 and "and 29 more tests" in text


@pytest.mark.parametrize(("most", "rows"), [(3, 3), (None, 50)])
def test_the_table_is_bounded(most, rows):
    names = [f"arena.category.{number}x" for number in range(50)]
    before = baselines_of(night(0, *(figure(name, 1) for name in names)), [])
    text = shown(judgement_table(judge(night(1, *(figure(name, 2) for name in names)), before), most=most))
    assert sum(line.startswith("worse") for line in text.splitlines()) == rows
    assert ("47 more rows" in text) == (most == 3)


def test_a_run_without_anything_to_compare_with_says_so():
    assert "against nothing: there is no baseline and no history yet" in " ".join(
        shown(judgement_table(judge(night(0, figure())))).split()
    )
    assert "no figures" in shown(judgement_table(judge(night(0), [])))


def test_a_run_that_was_interrupted_says_so():
    assert "interrupted" in shown(judgement_table(judge(night(0, figure(), ended="interrupted"))), 300)


def test_json_has_all_that_changed():
    told = judgement_json(judged())
    assert told["counts"]["worse"] == 1 and len(told["findings"]) == 5
    worst = told["findings"][0]
    assert (worst["figure"], worst["before"], worst["now"], worst["relative"]) == ("arena.used", 1000, 1070, 0.07)
    assert worst["since"]["build"] == "b2" and worst["since"]["when"].startswith("2026-11-17")
    assert len(judgement_json(judged(), unchanged=True)["findings"]) == 6


def test_the_trend_tells_changes_and_single_nights():
    values = [1000, 1000, 1016, 1016, 1064, 1016, 1016]
    text = shown(trend_table([trend_of(series("arena.used", values))]))
    assert "m, 2026-11-15 to 2026-11-21" in text
    assert "since Tuesday 2026-11-17, firmware build b2, +1.6 %" in text
    assert "one night only, 2026-11-19: 1,064 B, +4.7 % (+48 B)" in text
    assert "▁▁▃▃█▃▃" in text


@pytest.mark.parametrize(("values", "blocks"), [([1], "▁"), ([2, 2], "▁▁"), ([0, 7], "▁█"), ([3, 1, 2], "█▁▅")])
def test_blocks(values, blocks):
    assert sparkline(values) == blocks


@pytest.mark.parametrize(
    ("share", "text"), [(0.07, "+7.0 %"), (-0.00012, "-0.012 %"), (12.5, "+1,250.0 %"), (0, "+0.0 %")]
)
def test_percent(share, text):
    assert percent(share) == text


def test_values_and_steps_in_words():
    assert [value_in_words(*each) for each in ((1056, "B"), (18.8, "us"), (0.925, ""), (None, "B"))] == [
        "1,056 B",
        "18.80 us",
        "0.925",
        "-",
    ]
    assert moved(0, 5, "B") == "+5 B"
    assert moved(2000, 1500, "us") == "-25.0 % (-0.500 ms)"
    assert moved(5, 5, "B") == moved(None, 5, "B") == ""


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("arena.used.2", "arena.used"),
        ("arena.used", "arena.used"),
        ("op.003.ADD.12", "op.003.ADD"),
        ("op.003.A", "op.003.A"),
    ],
)
def test_names_without_the_number_of_the_session(name, plain):
    assert plain_name(name) == plain
