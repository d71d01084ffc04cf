"""Nights on the host board, in a project of their own."""

from __future__ import annotations

import pytest

from harness.tflm.availability import why_unavailable
from tests.nightly.bench_project import Project
from tests.support.documents import ROOT


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project in the current folder, and host boards that are not the user's."""
    reason = why_unavailable()
    if reason is not None:
        pytest.skip(reason)
    made = Project(tmp_path / "project")
    monkeypatch.chdir(made.folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("TFLM_HIL_WEBHOOK", raising=False)
    return made
