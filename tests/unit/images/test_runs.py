import threading
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timezone

import pytest

from harness.errors import BoardLost, LinkLost, Misuse, NotStarted
from harness.flash.uf2 import RP2040, Uf2, WrongChip, write_uf2
from harness.images import log
from harness.images.judge import TFLM_PASSED, Judge, Outcome
from harness.images.junit import junit_xml, write_junit
from harness.images.log import ImageLog
from harness.images.run import Limits, Result, run_image
from harness.images.suite import find_images, run_suite
from tests.support.junit_files import cases, properties, valid_suites
from tests.virtual_usb.images import bootable

PASSES = [b"Testing A\n", TFLM_PASSED.encode() + b"\n"]
HANG = None
LIMITS = Limits(5, 5)


class Port:
    """A port that says what it is given, then hangs up; or, after HANG, nothing."""

    name = "fake"

    def __init__(self, says):
        self._says = list(says)
        self._woken = threading.Event()
        self.closed = False

    def read(self):
        if not self._says:
            raise LinkLost("port fake hung up")
        piece = self._says.pop(0)
        if piece is HANG:
            self._woken.wait()
            return b""
        return piece

    def wake(self):
        self._woken.set()

    def close(self):
        self.closed = True


class Board:
    """A board that says or raises what its script has for each image."""

    kind, name = "emulator", "fake-0"

    def __init__(self, *script):
        self._script = list(script)
        self.ports = []
        self.flashed = 0

    def flash_raw(self, image):
        assert all(port.closed for port in self.ports), "the port of the image before is open"
        self.flashed += 1
        step = self._script.pop(0)
        if isinstance(step, Exception):
            raise step
        self.ports.append(Port(step))
        return self.ports[-1]


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image.uf2"
    path.write_bytes(write_uf2(Uf2.joined(RP2040, [(0x10000000, bootable(4, 1))])))
    return path


def run(board, image, limits=LIMITS, **given):
    return run_image(board, "image", image, Judge(TFLM_PASSED), limits, **given)


@pytest.mark.parametrize(
    ("says", "limits", "outcome", "detail"),
    [
        (PASSES, Limits(5, 5), Outcome.PASSED, "it said"),
        ([b"Testing A\n"], Limits(5, 5), Outcome.CRASHED, "its serial port vanished after 'Testing A'"),
        ([], Limits(5, 5), Outcome.CRASHED, "its serial port vanished without a word"),
        ([b"Testing A\n", HANG], Limits(5, 0.1), Outcome.CRASHED, "silent for 0.1 s after 'Testing A'"),
        ([b"Testing A\n", HANG], Limits(0.1, 5), Outcome.TIMEOUT, "no verdict within 0.1 s after 'Testing A'"),
        (
            [b"\n*** PANIC ***\n\nHard assert"],
            Limits(5, 5),
            Outcome.CRASHED,
            "it said '*** PANIC ***', then 'Hard assert'",
        ),
        ([b"x" * 5000, *PASSES], Limits(5, 5), Outcome.PASSED, "it said"),
    ],
)
def test_what_becomes_of_an_image(image, says, limits, outcome, detail):
    board = Board(says)
    result = run(board, image, limits)
    assert (result.outcome, result.detail[: len(detail)]) == (outcome, detail)
    assert board.ports[0].closed


def test_one_that_never_falls_silent_ends_all_the_same(image):
    class Flood(Port):
        def read(self):
            return b"" if self._woken.is_set() else b"more\n" * 1000

    class Flooded(Board):
        def flash_raw(self, image):
            self.ports.append(Flood([]))
            return self.ports[-1]

    board = Flooded()
    result = run(board, image, Limits(0.2, 5))
    assert result.outcome is Outcome.TIMEOUT and board.ports[0].closed
    assert len(result.log) < 2 * log.KEPT_CHARS and result.log.startswith("(")


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (WrongChip("an image for RP2350"), Outcome.REFUSED),
        (NotStarted("no port"), Outcome.CRASHED),
        (BoardLost("gone", tried=["power"]), Outcome.NOT_RUN),
    ],
)
def test_what_the_board_says_of_it(image, error, outcome):
    assert run(Board(error), image).outcome is outcome


@pytest.mark.parametrize("data", [b"", b"hello", b"UF2\n" + bytes(508)])
def test_a_broken_image_never_reaches_the_board(tmp_path, data):
    path = tmp_path / "broken.uf2"
    path.write_bytes(data)
    board = Board()
    assert run(board, path).outcome is Outcome.REFUSED
    assert run(board, tmp_path / "none.uf2").outcome is Outcome.REFUSED
    assert board.flashed == 0


def suite(board, image, count):
    images = {f"image-{number}": image for number in range(count)}
    return [result.outcome for result in run_suite(board, images, lambda: Judge(TFLM_PASSED), Limits(5, 5))]


def test_a_board_that_is_lost_once_is_tried_again_and_twice_not_any_more(image):
    lost = BoardLost("gone")
    assert suite(Board(lost, PASSES, lost, PASSES), image, 4) == [
        Outcome.NOT_RUN,
        Outcome.PASSED,
        Outcome.NOT_RUN,
        Outcome.PASSED,
    ]
    board = Board(lost, lost)
    assert suite(board, image, 4) == [Outcome.NOT_RUN] * 4
    assert board.flashed == 2


def test_images_are_found_by_file_and_by_folder(tmp_path):
    for name in ("a/one/one.uf2", "a/two.uf2", "b/one.uf2", "a/one/one.elf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert list(find_images([tmp_path / "a"])) == ["one/one", "two"]
    assert list(find_images([tmp_path / "b" / "one.uf2", tmp_path / "a" / "two.uf2"])) == ["one", "two"]
    with pytest.raises(Misuse, match="two images are called 'one'"):
        find_images([tmp_path / "b", tmp_path / "a" / "one" / "one.uf2"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(Misuse, match="there are none"):
        find_images([tmp_path / "empty"])
    with pytest.raises(Misuse, match="no such file"):
        find_images([tmp_path / "none"])


def test_a_log_is_bounded_on_disk_too(tmp_path, monkeypatch):
    monkeypatch.setattr(log, "FILE_CHARS", 100)
    shown = []
    made = ImageLog(shown.append, tmp_path / "a.log")
    for number in range(50):
        made.add(number, b"a line \x1b[0m")
    made.close()
    text = (tmp_path / "a.log").read_text()
    assert len(text) < 250 and "the rest is left out" in text and "\x1b" not in text
    assert len(shown) == 50


def test_the_junit_report_is_xml_whatever_the_image_said(image):
    results = [
        run(Board([b"\x00\x01\x1b[31m]]> & < \xff\xfe\n", *PASSES]), image),
        Result("cut", image, Outcome.REFUSED, "it is <cut> \x00 off"),
        Result("bad", image, Outcome.FAILED, "it said 'no'", 1.25, "0" * 64, "log"),
        Result("lost", image, Outcome.NOT_RUN, "gone"),
    ]
    root = ElementTree.fromstring(junit_xml(results, board="fake-0", kind="emulator").encode())
    suite = root.find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "1", "2")
    assert {item.get("name"): item.get("value") for item in suite.iter("property")}["tflm.board"] == "fake-0"
    good, cut, bad, lost = suite.iter("testcase")
    assert r"\x00\x01\x1b[31m]]> & < \xff\xfe" in good.find("system-out").text
    assert cut.find("error").get("type") == "refused" and lost.find("error").get("type") == "not run"
    assert bad.find("failure").get("message") == "it said 'no'" and float(bad.get("time")) == 1.25


OUTCOMES = [(outcome, "it said so") for outcome in Outcome]


@pytest.mark.parametrize(("outcome", "detail"), [*OUTCOMES, (Outcome.FAILED, ""), (Outcome.CRASHED, "\x00")])
def test_the_junit_report_is_valid_for_every_outcome(tmp_path, image, outcome, detail):
    file = tmp_path / "folder" / "junit.xml"
    write_junit(file, [Result("a/b", image, outcome, detail, 1.2345, "0" * 64, "log\n")], board="left", kind="pico")
    [suite] = valid_suites(file).values()
    case = cases(suite)["a/b"]
    verdict = {Outcome.PASSED: None, Outcome.FAILED: "failure"}.get(outcome, "error")
    assert [item.tag for item in case] == [*filter(None, [verdict]), "system-out"]
    if verdict is not None:
        assert case.find(verdict).get("type") == outcome.value and case.find(verdict).get("message")
    assert properties(suite) == {"tflm.board": "left", "tflm.board.kind": "pico"}


def test_the_junit_report_of_several_images_is_valid_and_says_when_they_began(tmp_path, image):
    file = tmp_path / "junit.xml"
    # Sums that are no decimals of three digits as floats; a name that is no text, as a file's may be.
    seconds = [3600.0, 0.1, 0.2, 0.0001, 0.0]
    results = [Result(f"{number}\udcff", image, Outcome.PASSED, "", took) for number, took in enumerate(seconds)]
    write_junit(file, results, board="left", kind="pico")
    [suite] = valid_suites(file).values()
    assert float(suite.get("time")) == 3600.3
    ago = datetime.now(timezone.utc) - datetime.fromisoformat(suite.get("timestamp")).replace(tzinfo=timezone.utc)
    assert 3600 <= ago.total_seconds() < 3700
    write_junit(file, [], board="left", kind="pico")
    assert len(valid_suites(file)) == 1
