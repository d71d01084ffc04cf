"""The report as a reader's browser shows it."""

from __future__ import annotations

from typing import Any

import pytest

from harness.record.model import Run, Test
from harness.report.html.background import Background, ChangePoint, Finding, Trend
from tests.browser.conftest import Opened
from tests.support.run_records import HOSTILE, failed, hostile_run, large_run, measurement, passed, run

UNFOLD = "for (const each of document.querySelectorAll('details')) each.open = true"
SHOWN_ROWS = (
    "return [...document.querySelectorAll('#all-tests tbody tr')].filter(row => row.offsetHeight)"
    ".map(row => row.querySelector('th').textContent)"
)
TESTS = [passed("good", measurement()), failed("bad"), Test(id="left", outcome="skipped", message="no board")]


def test_500_measurements_open_in_under_a_second(open_report: Opened) -> None:
    record = large_run(500)
    took = []
    for _ in range(5):
        browser = open_report(record)
        # Until all of it was parsed, laid out and loaded, by the browser's own clock.
        browser.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
        took.append(
            browser.execute_script(
                "const painted = performance.getEntriesByName('first-contentful-paint')[0];"
                "return Math.max(performance.getEntriesByType('navigation')[0].loadEventEnd, painted.startTime)"
            )
        )
    assert 0 < min(took) < 1000, took


def test_hostile_content_is_text_and_does_nothing(open_report: Opened) -> None:
    browser = open_report(hostile_run())
    browser.execute_script(UNFOLD)
    assert browser.title.startswith("Failed: 2 of 2 tests failed")
    text = browser.execute_script("return document.body.innerText")
    for told in (HOSTILE[0], HOSTILE[1], HOSTILE[3], "\\x1b[31mred", "nul\\x00bell", "\\u202egnp.exe", "{{ 7 * 7 }}"):
        assert told in text, told
    assert browser.execute_script("return document.scripts.length") == 1
    assert browser.execute_script("return document.querySelectorAll('img, [onerror], [onmouseover]').length") == 0
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


@pytest.mark.parametrize("record", [run(TESTS), large_run(20), hostile_run()], ids=["small", "large", "hostile"])
def test_on_a_phone_nothing_is_wider_than_the_screen(record: Run, open_report: Opened) -> None:
    nights = [(f"{day} Nov", 685.0 + day) for day in range(14, 21)]
    trend = Trend("lstm_resvar_int8", "latency.median", "us", nights, [ChangePoint(3, "since Tuesday")])
    finding = Finding("worse", "m" * 80, "latency.median", "us", 685, 733, "+0.5 %", "n" * 300)
    browser = open_report(record, Background("x" * 200, [finding], [trend]), width=360)
    browser.execute_script(UNFOLD)
    assert browser.execute_script("return document.documentElement.scrollWidth") == 360
    # Charts are not scaled down until their text cannot be read.
    widths = browser.execute_script(
        "return [...document.querySelectorAll('figure svg')].map(each => each.getBoundingClientRect().width)"
    )
    assert widths and min(widths) > 0.85 * 344


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_it_follows_the_readers_theme_charts_too(scheme: str, dark: bool, open_report: Opened) -> None:
    browser = open_report(run(TESTS))
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.execute_script(UNFOLD)
    ground, text, chart = browser.execute_script(
        "const of = (selector, name) => getComputedStyle(document.querySelector(selector))[name];"
        "return [of('body', 'backgroundColor'), of('body', 'color'), of('figure svg text', 'fill')]"
    )
    assert [_brightness(each) < 128 for each in (ground, text, chart)] == [dark, not dark, not dark]


def _brightness(colour: str) -> float:
    return sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")[:3]) / 3


def test_it_can_be_read_with_the_keyboard_alone(open_report: Opened) -> None:
    browser = open_report(run(TESTS))
    press = _keys(browser)
    press("TAB")
    assert browser.switch_to.active_element.text == "Skip to the content"
    press("ENTER")
    assert browser.switch_to.active_element.get_attribute("id") == "content"
    reached = set()
    for _ in range(60):
        press("TAB")
        element = browser.switch_to.active_element
        if element.tag_name == "body":
            break
        reached.add(element.get_attribute("aria-label") or element.get_attribute("aria-labelledby") or element.tag_name)
        outline = browser.execute_script(
            "const style = getComputedStyle(arguments[0]), label = arguments[0].nextElementSibling;"
            "const seen = arguments[0].type === 'radio' ? getComputedStyle(label) : style; return seen.outlineStyle",
            element,
        )
        assert outline != "none", element.get_attribute("outerHTML")[:200]
    assert {"summary", "input", "models", "tests", "boards", "Log of bad"} <= reached


def test_a_model_unfolds_and_tests_are_filtered_by_keys(open_report: Opened) -> None:
    many = [passed(f"p{place}", measurement(f"model-{place}")) for place in range(5)]
    browser = open_report(run([*many, *TESTS]))
    press = _keys(browser)
    [first, *_] = browser.find_elements("css selector", "details.model > summary")
    browser.execute_script("arguments[0].focus()", first)
    press("ENTER")
    assert first.find_element("xpath", "..").get_attribute("open") is not None
    browser.execute_script("document.getElementById('show-all').focus()")
    press("ARROW_RIGHT")
    assert browser.execute_script(SHOWN_ROWS) == ["bad"]
    press("ARROW_RIGHT")
    assert browser.execute_script(SHOWN_ROWS) == ["p0", "p1", "p2", "p3", "p4", "good"]
    press("ARROW_RIGHT")
    assert browser.execute_script(SHOWN_ROWS) == ["left"]


def test_a_log_begins_at_its_end(open_report: Opened) -> None:
    browser = open_report(run([failed("bad", log_tail=[f"line {place}" for place in range(50)])]))
    low, high = browser.execute_script(
        "const box = document.querySelector('pre.log'), text = box.firstChild;"
        "return [text.getBoundingClientRect().bottom - box.getBoundingClientRect().bottom, box.scrollHeight]"
    )
    assert high > 500 and low <= 0


def test_the_search_finds_tests(open_report: Opened) -> None:
    browser = open_report(run(TESTS))
    browser.find_element("id", "find").send_keys("NO BOARD")
    assert browser.execute_script(SHOWN_ROWS) == ["left"]


def test_without_javascript_tests_can_still_be_filtered(open_report: Opened, chromium: Any) -> None:
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser = open_report(run(TESTS))
        assert browser.execute_script("return document.getElementById('find').offsetHeight") == 0
        browser.find_element("css selector", "label[for=show-bad]").click()
        assert browser.execute_script(SHOWN_ROWS) == ["bad"]
    finally:
        chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def _keys(browser: Any) -> Any:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    return lambda name: ActionChains(browser).send_keys(getattr(Keys, name)).perform()
