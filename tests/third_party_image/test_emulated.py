"""`tflm-hil run-uf2` on the emulated board: what becomes of each image that is not ours, and of those after it."""

import json
import shutil
import xml.etree.ElementTree as ElementTree

import pytest

from harness.cli.main import main
from harness.flash.uf2 import RP2350_ARM_S, Uf2, read_uf2, write_uf2


@pytest.fixture
def run(capsys):
    """Runs the command; its exit code, and what it says in JSON."""

    def called(*arguments):
        code = main(["run-uf2", "--json", *map(str, arguments)])
        return code, json.loads(capsys.readouterr().out)

    return called


def only(told):
    (image,) = told["images"]
    return image


@pytest.mark.parametrize("name", ["passes", "passes_no_reset"])
def test_an_image_that_passes(images, run, name):
    code, told = run(images / f"{name}.uf2")
    image = only(told)
    assert (code, image["outcome"], told["kind"]) == (0, "passed", "emulator")
    assert image["log"][-1].endswith("  ~~~ALL TESTS PASSED~~~")
    # Each line has the time since the port was opened.
    assert 0 < float(image["log"][-1].split()[0]) < 60


@pytest.mark.parametrize(
    ("name", "outcome", "detail"),
    [
        ("fails", "failed", "it said '~~~SOME TESTS FAILED~~~'"),
        ("panics", "crashed", "it said '*** PANIC ***', then 'tensor 7 has no data'"),
        ("hangs", "crashed", "silent for 3 s after 'Testing TheOnlyOne of 1'"),
        ("restarts", "crashed", "its serial port vanished after 'Testing TheOnlyOne of 1'"),
        ("talks", "timeout", r"no verdict within 5 s after 'still at it \x1b[2J\x01'"),
    ],
)
def test_an_image_that_does_not_pass(images, run, name, outcome, detail):
    code, told = run(images / f"{name}.uf2", "--timeout", 5, "--silence", 3)
    image = only(told)
    assert (code, image["outcome"], image["detail"]) == (1, outcome, detail)


def test_what_is_expected_and_what_fails_are_the_users(images, run):
    assert run(images / "talks.uf2", "--expect", "still at")[0] == 0
    code, told = run(images / "passes.uf2", "--expect", "never said", "--fail-on", "SecondOfTwo", "--timeout", 30)
    assert (code, only(told)["outcome"]) == (1, "failed")


def test_a_suite_goes_on_whatever_its_images_do(images, run, tmp_path):
    folder = tmp_path / "suite"
    for place, name in enumerate(["hangs", "panics", "restarts", "talks", "fails", "mute", "passes"]):
        (folder / "sub").mkdir(parents=True, exist_ok=True)
        shutil.copy(images / f"{name}.uf2", folder / "sub" / f"{place}_{name}.uf2")
    (folder / "a_text.uf2").write_text("no image")
    whole = (images / "passes.uf2").read_bytes()
    (folder / "b_cut_off.uf2").write_bytes(whole[:-512])
    other = write_uf2(Uf2(RP2350_ARM_S, read_uf2(whole).segments))
    (folder / "c_other_chip.uf2").write_bytes(other)
    junit, logs = tmp_path / "reports" / "junit.xml", tmp_path / "logs"
    code, told = run(folder, "--timeout", 3, "--silence", 2, "--junit", junit, "--logs", logs)
    outcomes = {image["name"]: image["outcome"] for image in told["images"]}
    assert code == 1
    assert outcomes == {
        "a_text": "refused",
        "b_cut_off": "refused",
        "c_other_chip": "refused",
        "sub/0_hangs": "crashed",
        "sub/1_panics": "crashed",
        "sub/2_restarts": "crashed",
        "sub/3_talks": "timeout",
        "sub/4_fails": "failed",
        "sub/5_mute": "crashed",
        "sub/6_passes": "passed",
    }
    assert told["counts"]["refused"] == 3 and told["counts"]["passed"] == 1
    details = {image["name"]: image["detail"] for image in told["images"]}
    assert "RP2040" in details["c_other_chip"] and "a serial port expected" in details["sub/5_mute"]

    suite = ElementTree.parse(junit).getroot().find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("10", "1", "8")
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert cases["sub/4_fails"].find("failure").get("message") == "it said '~~~SOME TESTS FAILED~~~'"
    assert r"still at it \x1b[2J\x01" in cases["sub/3_talks"].find("system-out").text
    assert cases["sub/6_passes"].find("error") is None and cases["sub/6_passes"].find("failure") is None
    assert "~~~ALL TESTS PASSED~~~" in (logs / "sub_6_passes.log").read_text()


def test_tflms_own_tests(tflm_images, run):
    code, told = run(tflm_images / "tflm_floor_test.uf2", tflm_images / "tflm_svdf_test.uf2")
    assert code == 0, told
    assert any("FloorTest.FloorOp" in line for line in told["images"][0]["log"])
