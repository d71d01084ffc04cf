"""What a CI server reads: properties of every testcase, and the device's log of a failing one."""

import re
import xml.etree.ElementTree as ElementTree

from tests.integration.conftest import MODELS

TESTS = """
    import numpy as np

    def test_passes(open_model):
        open_model("sine_int8", arena=65536).invoke(np.zeros((1, 1), np.int8), repeats=20)

    def test_fails(open_model):
        session = open_model("lstm_seq_int8")
        session.invoke(np.zeros((1, 1, 1), np.int8))
        assert False, "on purpose"
    """


def cases_of(project):
    """The testcases of a run's report by name."""
    root = ElementTree.parse(project.path / "junit.xml").getroot()
    return {case.get("name"): case for case in root.iter("testcase")}


def properties(case):
    return {item.get("name"): item.get("value") for item in case.iter("property")}


def test_every_testcase_has_its_figures_and_its_conditions(project, run):
    project.makepyfile(TESTS)
    project.makefile(".yaml", c="tflm-hil: 1\nmodel: sine_int8\ncases:\n  - name: fits\n    arena: {max: 4 KiB}\n")
    run("--junitxml", "junit.xml").assert_outcomes(passed=2, failed=1)
    cases = cases_of(project)
    passed = properties(cases["test_passes"])
    assert passed["tflm.model"] == "sine_int8"
    assert re.fullmatch("[0-9a-f]{64}", passed["tflm.model.sha256"])
    assert passed["tflm.board.kind"] == "host"
    assert passed["tflm.board.serial"].startswith("host-")
    assert re.fullmatch("[0-9a-f]{8}", passed["tflm.board.build"])
    assert passed["tflm.board.pointer_bits"] == "64"
    assert passed["tflm.arena.size_bytes"] == "65536"
    used, head, tail = (int(passed[f"tflm.arena.{name}_bytes"]) for name in ("used", "head", "tail"))
    assert used == head + tail > 0
    assert int(passed["tflm.arena.eval_tensors_bytes"]) > 0
    assert passed["tflm.latency.count"] == "19"
    assert 0 < float(passed["tflm.latency.min_us"]) <= float(passed["tflm.latency.p95_us"])
    assert properties(cases["test_fails"])["tflm.model"] == "lstm_seq_int8"
    assert properties(cases["sine_int8[fits]"])["tflm.arena.used_bytes"] == passed["tflm.arena.used_bytes"]


def test_several_sessions_of_one_test_are_numbered(project, run):
    project.makepyfile(
        """
        def test_two(open_model):
            open_model("sine_int8", arena=65536)
            open_model("sine_float", arena=65536)
        """
    )
    run("--junitxml", "junit.xml").assert_outcomes(passed=1)
    found = properties(cases_of(project)["test_two"])
    assert (found["tflm.model"], found["tflm.model.2"]) == ("sine_int8", "sine_float")


def test_a_failure_has_the_devices_log_with_host_times(project, run):
    project.makepyfile(TESTS)
    run("--junitxml", "junit.xml")
    text = cases_of(project)["test_fails"].find("failure").text
    assert "on purpose" in text
    assert re.search(r"\d\d:\d\d:\d\d\.\d{3} > open model=lstm_seq_int8", text)
    assert re.search(r"\d\d:\d\d:\d\d\.\d{3} > invoke session=\d+ repeats=1", text)
    assert cases_of(project)["test_passes"].find("failure") is None


def test_a_failing_yaml_case_has_it_too(project, run):
    project.makefile(".yaml", c="tflm-hil: 1\nmodel: sine_int8\ncases:\n  - name: small\n    arena: {max: 1 KiB}\n")
    run("--junitxml", "junit.xml")
    text = cases_of(project)["sine_int8[small]"].find("failure").text
    assert "LimitExceeded" in text
    assert "c.yaml:4" in text
    assert "> open model=sine_int8" in text


def test_hostile_log_content_is_text_everywhere(project, run):
    project.makepyfile(TESTS)
    result = run("--junitxml", "junit.xml", fault="chatty")
    text = cases_of(project)["test_fails"].find("failure").text
    said = r"\x1b[31m<script>alert(1)</script>\x00]]>\xff"
    assert said in text
    assert said in result.stdout.str()
    assert "\x1b[31m<script>" not in result.stdout.str()


def test_the_run_itself_is_named_in_no_way_that_depends_on_this_machine(project, run):
    project.makepyfile(TESTS)
    run("--junitxml", "junit.xml")
    assert str(MODELS) not in "".join(properties(cases_of(project)["test_passes"]).values())
