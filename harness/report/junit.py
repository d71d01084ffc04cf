"""pytest's JUnit file, made ready for continuous integration: a suite for each board, and each test's device log.

pytest writes one suite. GitHub's, GitLab's and Jenkins's readers take the format that Apache Ant's `<junitreport>` made
common, with `properties` of a testcase besides; docs/reports.md says what stands where. Elements and attributes that
pytest has written stay as they are.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from _pytest.junitxml import mangle_test_address

from harness.record.errors import RecordInvalid
from harness.record.model import Board, Run, Test
from harness.report.properties import PREFIX

_NOT_RUN = "not run"
_FAULTS = ("failure", "error")
_VERDICTS = (*_FAULTS, "skipped")
# Of one testcase; the whole log is a file of its own.
MAX_OUTPUT = 20_000
# What XML 1.0 has no way to write: https://www.w3.org/TR/xml/#charsets
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Schemas want the type of what was raised; pytest has it at the beginning of the message.
_EXCEPTION = re.compile(r"(?:failed on (?:setup|teardown) with \")?((?:\w+\.)*[A-Z]\w+)(?::|$|\")")
# Readers take what comes before the last dot of a class name for its package.
_CASE_FILE = re.compile(r"\.ya?ml$")


def arrange_by_board(file: Path, run: Run, prefix: str | None = None) -> None:
    """Rewrites the file that pytest has written.

    Args:
        file: it.
        run: the record of the run.
        prefix: what --junitprefix has put before class names.

    Raises:
        RecordInvalid: the file cannot be read or written; it is left as it was.
    """
    try:
        root = ElementTree.parse(file).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise RecordInvalid(f"{file} cannot be read: {error}", advice="the run's other reports are complete") from None
    _arrange(root, run, prefix)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        ElementTree.ElementTree(root).write(fresh, encoding="utf-8", xml_declaration=True)
        fresh.replace(file)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise RecordInvalid(f"{file} cannot be written: {error.strerror}", advice="make room for it") from None


def xml_text(text: str) -> str:
    """Text that XML can hold: other characters are written as escapes."""
    return _ILLEGAL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def _arrange(root: Element, run: Run, prefix: str | None) -> None:
    suite = root.find("testsuite")
    if suite is None:
        return
    tests: dict[tuple[str, str], deque[Test]] = defaultdict(deque)
    for test in run.tests:
        tests[_address(test.id, prefix)].append(test)
    by_board: dict[str | None, list[tuple[Element, Test | None]]] = defaultdict(list)
    for address, written in _by_address(suite.findall("testcase")).items():
        known = tests.pop(address, deque())
        # Several tests of one address are one test on several boards.
        alike = [[case] for case in written] if len(known) > 1 else [written]
        for attempts in alike:
            found = known.popleft() if known else None
            case = _merged(attempts, found)
            _complete(case, found)
            by_board[None if found is None else found.board].append((case, found))
    for (classname, name), missing in tests.items():
        for found in missing:
            if found.outcome == "error":
                # The run ended in the middle of it, and pytest has nothing to write.
                by_board[found.board].append((_error(classname, name, found.message or found.outcome), found))
    suites = [_suite_of(suite, name, cases, run) for name, cases in by_board.items()]
    suites += [_suite_of(suite, board.name, [], run) for board in run.boards if board.name not in by_board]
    if any(board.lost for board in run.boards):
        suites += _suite_of_others(suite, run, prefix)
    root.remove(suite)
    root.extend(sorted(suites, key=lambda each: each.get("name", "")))


def _address(nodeid: str, prefix: str | None) -> tuple[str, str]:
    """Class name and name that pytest gives a testcase."""
    *names, last = mangle_test_address(nodeid)
    return ".".join([prefix, *names] if prefix else names), xml_text(last)


def _by_address(cases: Iterable[Element]) -> dict[tuple[str, str], list[Element]]:
    """Testcases by class name and name. Those without are left-overs of tests that had no end."""
    result: dict[tuple[str, str], list[Element]] = defaultdict(list)
    for case in cases:
        if "name" in case.attrib:
            result[case.get("classname", ""), case.get("name", "")].append(case)
    return result


def _merged(cases: list[Element], test: Test | None) -> Element:
    """One testcase for each test.

    pytest writes a further one for the error of a teardown after a failure, and one without a verdict for each attempt
    that pytest-rerunfailures does not let count.
    """
    whole = cases[-1]
    others = cases[:-1]
    if not others:
        return whole
    whole.set("time", f"{test.seconds:.3f}" if test else whole.get("time", "0"))
    failure, error = (next((case.find(tag) for case in others if case.find(tag) is not None), None) for tag in _FAULTS)
    fault = error if failure is None else failure
    later = whole.find("error")
    if fault is not None:
        if later is not None:
            fault.text = f"{fault.text}\n\nand then: {later.get('message')}\n{later.text}"
            whole.remove(later)
        whole.append(fault)
    properties = whole.find("properties")
    if properties is not None and test is not None and test.reruns:
        # Each attempt has added its own to those before.
        last = {each.get("name"): each for each in properties}
        properties[:] = list(last.values())
    return whole


def _complete(case: Element, test: Test | None) -> None:
    """Adds what pytest does not know, and puts all in the order that schemas want."""
    for verdict in case.iterfind("*[@message]"):
        if "type" not in verdict.attrib:
            exception = _EXCEPTION.match(verdict.get("message", ""))
            verdict.set("type", exception[1] if exception else verdict.tag)
    # A file that could not be collected has none.
    case.set("classname", _CASE_FILE.sub("", case.get("classname") or case.get("name") or ""))
    if test is not None:
        properties = case.find("properties")
        if properties is None:
            properties = ElementTree.SubElement(case, "properties")
        # Which a class name does not tell for certain; `tflm-hil history import` and `regress` want it.
        properties.insert(0, _property("test", test.id))
        parts = [
            f"attempt {number}: {attempt.outcome} on {attempt.board or 'no board'}: {attempt.message}"
            for number, attempt in enumerate(test.attempts, 1)
        ]
        if test.log_tail:
            whole = f"; all of it: {test.log}" if test.log else ""
            parts += [f"device log (host time; > sent, < received; the last lines{whole})", *test.log_tail]
        if parts:
            _append_output(case, "\n".join(parts))
    for tag in (*_FAULTS, "system-out", "system-err"):
        _join(case, tag)
    order = ("properties", *_VERDICTS, "system-out", "system-err")
    case[:] = sorted(case, key=lambda child: order.index(child.tag) if child.tag in order else len(order))


def _join(case: Element, tag: str) -> None:
    """One element of several: pytest writes output once for each phase, and errors of its own beside others."""
    found = case.findall(tag)
    for other in found[1:]:
        found[0].text = "\n".join(each.text.rstrip("\n") for each in (found[0], other) if each.text)
        case.remove(other)


def _append_output(case: Element, text: str) -> None:
    if len(text) > MAX_OUTPUT:
        text = f"({len(text) - MAX_OUTPUT:,} characters before this)\n{text[-MAX_OUTPUT:]}"
    output = case.find("system-out")
    if output is None:
        output = ElementTree.SubElement(case, "system-out")
    output.text = xml_text(f"{output.text}\n{text}" if output.text else text)


def _suite_of(whole: Element, name: str | None, cases: list[tuple[Element, Test | None]], run: Run) -> Element:
    """A suite of some of the testcases; with the board's conditions as its properties, if it is a board's."""
    started = [test.started for _, test in cases if test is not None and test.started]
    suite = _suite(whole, whole.get("name", "pytest") if name is None else name, min(started, default=run.started))
    properties = ElementTree.SubElement(suite, "properties")
    properties.append(_property("run.started", run.started))
    properties.append(_property("run.ended", run.ended))
    properties.append(_property("run.harness", run.versions.get("tflm-hil", "")))
    board = run.board(name)
    if board is not None:
        properties.extend(_conditions(board))
    else:
        properties.extend(whole.iterfind("properties/property"))
    suite.extend(case for case, _ in cases)
    return _counted(suite)


def _suite_of_others(whole: Element, run: Run, prefix: str | None) -> list[Element]:
    """Tests that no board was left for: errors, for a run without them is not a good one."""
    others = [test for test in run.tests if test.outcome == _NOT_RUN]
    suite = _suite(whole, _NOT_RUN, run.started)
    for test in others:
        classname, name = _address(test.id, prefix)
        suite.append(_error(classname, name, f"{_NOT_RUN}: {run.ended}"))
    return [_counted(suite)] if others else []


def _error(classname: str, name: str, message: str) -> Element:
    case = Element("testcase", classname=_CASE_FILE.sub("", xml_text(classname)) or name, name=name, time="0.000")
    ElementTree.SubElement(case, "error", message=xml_text(message), type=_NOT_RUN).text = xml_text(message)
    return case


def _suite(whole: Element, name: str, started: str) -> Element:
    # Ant's schema has neither fractions nor a zone there; it is UTC.
    timestamp = datetime.fromisoformat(started).astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return Element("testsuite", name=xml_text(name), timestamp=timestamp, hostname=whole.get("hostname", "localhost"))


def _conditions(board: Board) -> list[Element]:
    told = {name: getattr(board, name) for name in board.__struct_fields__}
    return [_property(f"board.{name}", str(value)) for name, value in told.items() if value not in (None, "")]


def _property(name: str, value: str) -> Element:
    return Element("property", name=f"{PREFIX}{name}", value=xml_text(value))


def _counted(suite: Element) -> Element:
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.3f}")
    return suite
