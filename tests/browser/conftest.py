"""Chromium without a window."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.record.model import Run
from harness.report.html.background import Background
from harness.report.html.write import write_report

Opened = Callable[..., Any]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser; without one, tests that need it skip and say why."""
    browser, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("no Chromium with its driver; on Debian: apt install chromium chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    if os.geteuid() == 0:
        # Chromium's sandbox refuses root, which a container's user is.
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    started.set_page_load_timeout(60)
    started.set_script_timeout(60)
    yield started
    started.quit()


@pytest.fixture
def open_report(chromium: Any, tmp_path: Path) -> Opened:
    """Opens the report of a run on a screen of 1280 pixels or another width, in the colours of no theme."""
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def opened(run: Run, background: Background | None = None, *, width: int = 1280) -> Any:
        # Below 500 it is a phone, whose pages are laid out by their own rules.
        given = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", given)
        chromium.get(write_report(run, tmp_path, background).as_uri())
        return chromium

    return opened
