"""Commands, options, files and links that a page shows are there."""

from __future__ import annotations

import re
import shlex
from argparse import ArgumentParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness import plugin
from harness.cli.main import parser
from tests.support.documents import DOCS, ROOT, code_of

PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), ROOT / "pico_firmware" / "README.md"]
CODE = {line for page in PAGES for line in code_of(page.read_text("utf-8"))}
_OPTION = re.compile(r"--[a-z]")


def commands() -> dict[str, ArgumentParser]:
    """The parsers of `tflm-hil`'s commands, by name."""
    [found] = [action for action in parser()._actions if isinstance(action.choices, dict)]
    return dict(cast(Any, found.choices))


def pytest_options() -> dict[str, tuple[str, ...]]:
    """The plugin's options, each with the values that it may have, or none where any will do."""
    added: dict[str, tuple[str, ...]] = {}
    group = SimpleNamespace(addoption=lambda name, **given: added.update({name: tuple(given.get("choices", ()))}))
    plugin.pytest_addoption(cast(Any, SimpleNamespace(getgroup=lambda *_, **__: group, addini=lambda *_, **__: None)))
    return added


def called(line: str) -> str:
    """The command line without the folder that the program is in, and without the comment behind it."""
    return re.sub(r"\s+#.*", "", line.removeprefix(".venv/bin/"))


@pytest.mark.parametrize("line", sorted({called(line) for line in CODE if called(line).startswith("tflm-hil ")}))
def test_commands_are_called_as_they_are(line: str) -> None:
    arguments = shlex.split(line)[1:]
    if len(arguments) > 1 and "..." not in line and "[" not in line:
        assert callable(parser().parse_args(arguments).run)
    else:
        assert arguments[0] in commands() or arguments[0].startswith("-")


@pytest.mark.parametrize("line", sorted({called(line) for line in CODE if called(line).startswith(("--", "pytest "))}))
def test_options_exist(line: str) -> None:
    arguments = shlex.split(line)
    options = pytest_options()
    known = {"--junitxml", "-n", "--help", "--reruns", "--timeout"}
    for place, word in enumerate(arguments):
        if _OPTION.match(word):
            name = word.partition("=")[0]
            of_a_command = any(name in parser._option_string_actions for parser in commands().values())
            assert name in options or name in known or of_a_command, word
            chosen = options.get(name)
            if chosen and place + 1 < len(arguments):
                assert arguments[place + 1] in chosen or "|" in arguments[place + 1]


def test_files_and_targets_exist() -> None:
    told = "\n".join(sorted(CODE))
    files = set(re.findall(r"(?<![\w/.])(?:ci|tests|test_cases|docs|harness)/[\w./-]*\w", told))
    assert {"ci/60-tflm-hil.rules", "ci/picotool.sh", "ci/boards.example.yaml"} <= files
    assert not [name for name in files if not (ROOT / name).exists()]
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target, setting in re.findall(r"^make ([\w-]+)(?: ([A-Z_]+)=)?", told, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        assert not setting or re.search(rf"^{setting} \?=", makefile, re.MULTILINE), setting


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        linked = page.parent / file if file else page
        assert linked.exists(), target
        headings = [
            re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
            for line in (linked.read_text("utf-8").splitlines() if linked.is_file() else [])
            if line.startswith("#")
        ]
        assert not anchor or anchor in headings, target
