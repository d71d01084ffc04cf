"""Charts: what they say, what data stand beside them, and figures that no chart can be drawn of."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from harness.record.model import Arena, Op, Series
from harness.report.html.background import Background, ChangePoint, Trend
from harness.report.html.charts.arena import arena_chart, need_of
from harness.report.html.charts.chart import MAX_ROWS, Chart
from harness.report.html.charts.latency import latency_chart
from harness.report.html.charts.outputs import outputs_chart
from harness.report.html.charts.profile import profile_chart
from harness.report.html.charts.sheet import settings
from harness.report.html.charts.trend import trend_chart
from harness.report.html.page import page
from tests.support.run_records import HOSTILE, latency, measurement, passed, run

ARENA = measurement().arena


@pytest.fixture(autouse=True)
def drawing() -> Iterator[None]:
    with settings():
        yield


def texts(chart: Chart | None) -> list[str]:
    """What is written in the picture."""
    assert chart is not None
    return [text.text or "" for text in ElementTree.fromstring(chart.svg).iter("text")]


def test_the_arena_is_stacked_by_what_its_bytes_are_for_and_held_against_a_pico() -> None:
    chart = arena_chart("k", need_of(ARENA, 32))
    assert chart is not None
    assert chart.says == "4,320\u00a0B the smallest arena that works, 2.03\u00a0% of a Pico's 208 KiB"
    sizes = {name: int(re.sub(r"\D", "", size)) for name, size in chart.rows}
    parts = [name for name, _ in chart.rows[:6]]
    assert sum(sizes[part] for part in parts) == sizes["smallest that works"] == ARENA.minimum
    assert sizes["activations (head)"] == 320 and sizes["only while allocating"] == 4320 - 2852
    # 15 % above, rounded up to 16 bytes.
    assert sizes["recommended"] == 4976
    assert {"persistent_buffers", "recommended", "264 KiB"} <= set(texts(chart))


def test_bytes_of_a_64_bit_computer_are_told_from_a_picos() -> None:
    chart = arena_chart("k", need_of(ARENA, 64))
    assert chart is not None and "a Pico needs less" in chart.says


@pytest.mark.parametrize(
    ("arena", "needed"),
    [
        (Arena(size=1000, used=500, minimum=0), 500),
        (Arena(size=1000, used=0, minimum=500), 500),
        (Arena(size=1000, used=0, minimum=0, categories={"buffers": 0}), None),
        (Arena(size=1000, used=0), None),
        (Arena(size=0, minimum=0), None),
    ],
)
def test_an_arena_of_nothing_is_one_that_is_not_known(arena: Arena, needed: int | None) -> None:
    need = need_of(arena, 32)
    assert need.needed == needed and (need.share is None) == (needed is None)
    assert (arena_chart("k", need) is None) == (needed is None)
    html = page(run([passed("t", measurement(arena=arena))]), Background())
    assert ("<h4>Tensor arena</h4>" in html) == (needed is not None)


def test_categories_of_another_opening_that_do_not_fit_are_not_drawn() -> None:
    need = need_of(Arena(size=1000, used=500, head=100, tail=400, categories={"buffers": 900}), 32)
    assert [(part.name, part.size) for part in need.parts] == [("activations (head)", 100), ("persistent (tail)", 400)]


def test_latency_names_median_p95_and_the_cold_invoke() -> None:
    chart = latency_chart("k", latency([683 + number % 7 / 10 for number in range(200)], cold=695.25))
    assert {"median 0.683\u00a0ms", "p95 0.684\u00a0ms", "cold 0.695\u00a0ms"} <= set(texts(chart))
    assert chart is not None and "the first, cold one +1.7\u00a0%" in chart.says


def test_a_cold_invoke_far_away_does_not_squeeze_the_others_into_a_line() -> None:
    chart = latency_chart("k", latency([100 + number / 100 for number in range(100)], cold=5000.0))
    assert "cold 5.000\u00a0ms \u2192" in texts(chart)


def test_outliers_outside_the_picture_are_told() -> None:
    chart = latency_chart("k", latency([100 + number % 10 for number in range(500)] + [90_000.0]))
    assert chart is not None and "1 longer ones are outside the picture, up to 90.00\u00a0ms" in chart.says


def test_operators_have_their_macs_and_cycles_and_the_slowest_ten_are_shown_in_order() -> None:
    ops = [Op(index=place, name=f"OP_{place}", us=float(place % 13 + 1), macs=place or None) for place in range(30)]
    chart = profile_chart("k", ops, 125_000_000)
    assert chart is not None
    shown = [int(text[3:]) for text in texts(chart) if text.startswith("OP_")]
    assert len(shown) == 10 and shown == sorted(shown) and {12, 25} <= set(shown)
    assert any(text.startswith("and 20 shorter ones") for text in texts(chart))
    assert len(chart.rows) == 30
    assert chart.rows[12] == ("12", "OP_12", "13.00\u00a0\u00b5s", "6.77\u00a0%", "12", "135.42")


def test_outputs_say_where_they_are_furthest_from_what_was_expected() -> None:
    wanted: list[float | None] = [0.0] * 64
    came: list[float | None] = [0.0] * 24 + [0.5] * 40
    same = Series(what="reference", output=0, element=0, first=0, steps=64, values=wanted, expected=wanted)
    other = Series(what="reference", output=0, element=1, first=8, steps=72, values=came, expected=wanted)
    chart = outputs_chart("k", [same, other])
    assert chart is not None
    assert chart.says == "compared with reference: at most 0.5 apart, at step 32"
    assert chart.rows[24] == ("0, 1", "32", "0.5", "0")


def test_a_figure_over_nights_names_the_night_since_which_it_is_another() -> None:
    nights = [(f"{day} Nov", 685.0 if day < 17 else 733.0) for day in range(14, 21)]
    chart = trend_chart("k", [Trend("m", "latency.median", "us", nights, [ChangePoint(3, "since Tuesday, +7 %")])])
    assert chart is not None
    assert chart.says == "latency.median: since Tuesday, +7 %"
    assert any("since 17 Nov" in text for text in texts(chart))
    assert ("latency.median", "17 Nov", "0.733\u00a0ms", "since Tuesday, +7 %") in chart.rows


@pytest.mark.parametrize("value", [float("inf"), float("nan"), -1.0, 1e300])
def test_a_figure_that_cannot_be_drawn_leaves_its_chart_out_and_the_page_stays(value: float) -> None:
    one = measurement(
        arena=Arena(size=1, used=int(value) if abs(value) < 1e308 and value == value else None),
        latency=latency([value] * 50, cold=value),
        profile=[Op(index=0, name="A", us=value)],
        outputs=[],
    )
    html = page(run([passed("t", one)]), Background())
    assert "<h4>Latency</h4>" not in html and "<h4>Operators of one invoke</h4>" not in html
    assert "<h4>Conditions</h4>" in html


@pytest.mark.parametrize("samples", [[0.0], [5.0] * 100, [1e-9, 1e9], [float(n) for n in range(10_000)]])
def test_any_durations_can_be_drawn(samples: list[float]) -> None:
    chart = latency_chart("k", latency(samples, cold=samples[0]))
    assert chart is not None and len(chart.rows) <= MAX_ROWS and len(chart.svg) < 20_000


def test_names_in_pictures_are_text_and_no_formula() -> None:
    ops = [Op(index=place, name=name, us=1.0) for place, name in enumerate(HOSTILE)]
    chart = profile_chart("k", ops, None)
    assert chart is not None
    assert "$\\frac{1}{0}$ $x_$" in texts(chart)
    assert {element.tag for element in ElementTree.fromstring(chart.svg).iter()} <= {
        "svg", "title", "desc", "defs", "g", "path", "text", "use"
    }  # fmt: skip


def test_pictures_take_the_colours_of_the_page_and_are_small() -> None:
    one = measurement()
    charts = [
        arena_chart("a", need_of(one.arena, 32)),
        latency_chart("l", one.latency),
        profile_chart("p", one.profile, 125_000_000),
        outputs_chart("o", one.outputs),
    ]
    for chart in charts:
        assert chart is not None
        assert not re.findall(r"#[0-9a-f]{6}", chart.svg) and "var(--" in chart.svg
        assert len(chart.svg) < 12_000


def test_matplotlib_is_loaded_only_where_a_report_is_made() -> None:
    script = (
        "import sys, harness.plugin, harness.testing.runtime, harness.cli.main;"
        "print([name for name in ('matplotlib', 'jinja2') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr


def test_the_settings_of_the_process_come_back() -> None:
    import matplotlib

    with settings():
        pass
    with matplotlib.rc_context({"font.size": 33.0}):
        page(run([passed("t", measurement())]), Background())
        assert matplotlib.rcParams["font.size"] == 33.0
