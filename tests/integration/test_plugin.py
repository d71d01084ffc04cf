"""What pytest does with the plugin: options, selection, the header, the table, the board's life."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import MODELS, ROOT

TWO_TESTS = """
    import numpy as np

    def test_one(open_model):
        assert open_model("sine_int8").invoke(np.zeros((1, 1), np.int8)).outputs[0].shape == (1, 1)

    def test_two(open_model):
        assert open_model("sine_float").arena.used == 1
    """
CASES = """
tflm-hil: 1
model: sine_int8
cases:
  - name: first
    arena: {max: 4 KiB}
  - name: second one
    arena: {max: 1 KiB}
"""


def test_the_header_names_board_firmware_and_tflm_commit(project, run, unflashed_boards):
    project.makepyfile(TWO_TESTS)
    result = run()
    result.assert_outcomes(passed=1, failed=1)
    line = r"board: host host-0 \(.*64-bit\), firmware [0-9a-f]{8}, TFLM [0-9a-f]{7,}, tflite-micro [\w.]+; "
    line += r"flashed \d+ models"
    result.stdout.re_match_lines([line])
    result.stdout.fnmatch_lines(["arena bytes are those of a 64-bit host, not those of a Pico"])


def test_an_unchanged_board_is_not_flashed_again(project, run, unflashed_boards):
    project.makepyfile(TWO_TESTS)
    run()
    run().stdout.fnmatch_lines(["*; flashing skipped, unchanged"])
    run("--flash", "always").stdout.fnmatch_lines(["*; flashed * models (* bytes)"])


def test_a_report_folder_gets_a_page_that_the_run_names(project, run):
    project.makepyfile(TWO_TESTS)
    run("--report-dir", "out").stdout.fnmatch_lines(["report: *out/report.html"])
    page = (project.path / "out" / "report.html").read_text("utf-8")
    assert "sine_int8" in page and "test_two" in page


def test_flash_never_uses_what_is_there_or_says_what_is_missing(project, run, unflashed_boards):
    project.makepyfile(TWO_TESTS)
    result = run("--flash", "never")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*FlashFailed: not on the board: sine_int8*", "*run with --flash auto*"])
    run("--flash", "auto")
    run("--flash", "never").assert_outcomes(passed=1, failed=1)


def test_the_table_shows_each_model_with_its_verdict(project, run):
    project.makepyfile(TWO_TESTS)
    result = run()
    result.stdout.re_match_lines(
        [r"sine_float +1,\d{3} +- +- +- +- +FAIL 1/1", r"sine_int8 +1,\d{3} +[\d.]+ us .* pass"]
    )


def test_an_unknown_board_is_said_once_in_the_header_and_by_every_test(project, run):
    project.makepyfile(TWO_TESTS)
    result = run("--board=/dev/ttyNONE")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(
        ["board: NOT USABLE: a Pico whose serial port is '/dev/ttyNONE' expected, none came; *"]
    )
    result = run("--board", "nobody")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["board: NOT USABLE: no board is called 'nobody'; there is: host, emulator*"])


def test_collect_only_starts_no_board(project, run, monkeypatch):
    monkeypatch.setattr("harness.testing.runtime.select", lambda *_, **__: pytest.exit("a board was started", 9))
    project.makepyfile(TWO_TESTS)
    project.makefile(".yaml", cases=CASES)
    result = run("--collect-only", "-q")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["cases.yaml::sine_int8[[]first]", "cases.yaml::sine_int8[[]second one]", "*::test_one"]
    )


def test_a_project_without_our_tests_starts_no_board_and_imports_nothing_heavy(pytester):
    pytester.makepyfile(
        """
        import sys

        def test_nothing_of_ours():
            loaded = [name for name in sys.modules if name.startswith("harness.")]
            assert loaded == ["harness.plugin", "harness.cases", "harness.cases.mark"], loaded
            assert not {"numpy", "serial", "pydantic", "tflite_micro", "rich"} & set(sys.modules)
        """
    )
    pytester.makefile(".yaml", compose="services: {web: {image: nginx}}")
    pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:hypothesispytest").assert_outcomes(passed=1)


def test_a_fixture_of_the_users_own_of_the_same_name_starts_no_board(project, run, monkeypatch):
    monkeypatch.setattr("harness.testing.runtime.select", lambda *_, **__: pytest.exit("a board was started", 9))
    project.makepyfile(
        """
        import pytest

        @pytest.fixture
        def bench():
            return "a bench in a park"

        def test_park(bench):
            assert bench.endswith("park")
        """
    )
    run().assert_outcomes(passed=1)


def test_x_stops_and_k_chooses(project, run):
    project.makepyfile(TWO_TESTS)
    project.makefile(".yaml", cases=CASES)
    run("-x").assert_outcomes(passed=1, failed=1)
    run("-k", "second").assert_outcomes(failed=1, deselected=3)
    run("-k", "test_one").assert_outcomes(passed=1, deselected=3)


def test_last_failed_runs_only_the_failed_ones(project, run):
    project.makepyfile(TWO_TESTS)
    project.makefile(".yaml", cases=CASES)
    run(cache=True).assert_outcomes(passed=2, failed=2)
    run("--lf", cache=True).assert_outcomes(failed=2)


@pytest.mark.parametrize(
    ("pattern", "outcome"),
    [
        ("first", {"passed": 1}),
        ("second*", {"failed": 1}),
        ("sine_int8[first]", {"passed": 1}),
        ("cases.yaml::sine_int8[[]first]", {"passed": 1}),
        ("*", {"passed": 1, "failed": 1}),
    ],
)
def test_case_chooses_yaml_cases_and_nothing_else(project, run, pattern, outcome):
    project.makepyfile(TWO_TESTS)
    project.makefile(".yaml", cases=CASES)
    run("--case", pattern).assert_outcomes(**outcome, deselected=4 - sum(outcome.values()))


def test_case_that_matches_nothing_lists_what_there_is(project, run):
    project.makefile(".yaml", cases=CASES)
    result = run("--case", "third")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*--case 'third' matches no case; there are: sine_int8[[]first], sine_int8[[]second one]*"]
    )


def test_a_broken_case_file_is_a_collection_error_with_its_line(project, run):
    project.makefile(".yaml", cases=CASES.replace("arena: {max: 4 KiB}", "arna: {max: 4 KiB}"))
    result = run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*cases.yaml:5: unknown key 'arna' in cases.0", "*allowed here: name, model, arena, *"]
    )


def test_a_yaml_file_named_on_the_command_line_must_be_ours(project, run):
    project.makefile(".yaml", compose="services: {}")
    result = run("compose.yaml")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*not a case file: its first key is not tflm-hil*", "*begin a case file with the line*"]
    )


def test_the_live_log_shows_what_the_device_says(project, run):
    project.makepyfile(
        """
        import pytest, harness

        def test_small(open_model):
            with pytest.raises(harness.ArenaTooSmall):
                open_model("sine_int8", arena=1200)
        """
    )
    result = run("--board-log")
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r"\d\d:\d\d:\d\d\.\d{3}   Failed to allocate tail memory\. Requested: .*"])
    assert "Failed to allocate" not in run().stdout.str()


def test_each_test_leaves_its_log(project, run):
    project.makepyfile(TWO_TESTS)
    run("--report-dir", "out")
    logs = sorted((project.path / "out" / "logs").iterdir())
    assert len(logs) == 2
    text = logs[0].read_text()
    assert "> open model=sine_int8" in text
    assert "< {" in text
    run("--report-dir", "out", "-k", "test_two")
    assert len(list((project.path / "out" / "logs").iterdir())) == 1


def test_update_golden_writes_and_the_next_run_compares(project, run):
    project.makefile(
        ".yaml",
        cases="""
tflm-hil: 1
model: lstm_seq_int8
cases:
  - name: golden
    inputs: {generator: uniform, steps: 5}
    expect: {golden: golden/lstm.npz}
""",
    )
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*golden file lstm.npz does not exist*", "*--update-golden*"])
    run("--update-golden").assert_outcomes(passed=1)
    run().assert_outcomes(passed=1)
    run(fault="flip").assert_outcomes(passed=1)
    run(fault="forget").assert_outcomes(failed=1)


def test_without_tflm_cases_compare_with_their_golden_files_and_others_say_why_not(project, run, monkeypatch):
    """As on a Raspberry Pi: no reference. The board is still there, as a Pico would be."""
    case = "tflm-hil: 1\nmodel: sine_int8\ncases:\n  - name: c\n    inputs: {generator: uniform}\n    expect: {%s}\n"
    project.makefile(".yaml", golden=case % "reference: exact, golden: g.npz", bare=case % "reference: exact")
    project.makepyfile("def test_reference(reference):\n    pass\n")
    run("--update-golden").assert_outcomes(passed=3)
    reason = "TFLM's interpreter (tflite-micro) is not installed"
    for place in ("harness.cases.run.availability.why_unavailable", "harness.tflm.availability.why_unavailable"):
        monkeypatch.setattr(place, lambda: reason)
    monkeypatch.setattr("harness.boards.host.board.why_unavailable", lambda: None)
    result = run("-rs")
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines([f"SKIPPED*{reason}*"])


def test_two_runs_at_once_get_a_board_each(project):
    project.makepyfile(TWO_TESTS)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", "test_one"]
    runs = [subprocess.Popen(command, cwd=project.path, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    outputs = [process.communicate(timeout=60)[0] for process in runs]
    assert [process.returncode for process in runs] == [0, 0, 0], outputs


def test_nothing_is_left_running(project, run, shared_cache):
    project.makepyfile(TWO_TESTS)
    run()
    needle = str(shared_cache).encode()
    left = []
    for process in Path("/proc").iterdir():
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if b"harness.boards.host.device" in command and needle in command:
            left.append(command)
    assert left == []


def test_the_plugin_works_from_a_checkout_that_is_not_installed(pytester):
    pytester.makeconftest('pytest_plugins = ["harness.plugin"]')
    pytester.makeini(f"[pytest]\ntflm_models = {MODELS}\npythonpath = {ROOT}\n")
    pytester.makepyfile(TWO_TESTS)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1, failed=1)


def test_a_report_folder_keeps_what_is_not_ours(project, run):
    project.makepyfile(TWO_TESTS)
    kept = project.mkdir("out") / "logs" / "important.log"
    kept.parent.mkdir()
    kept.write_text("keep")
    run("--report-dir", "out")
    run("--report-dir", "out", "-k", "test_one")
    assert kept.read_text() == "keep"
    assert len(list(kept.parent.iterdir())) == 2


def test_a_report_folder_that_cannot_be_written_is_said_in_words(project, run):
    project.makepyfile(TWO_TESTS)
    project.path.joinpath("taken").write_text("a file")
    result = run("--report-dir", "taken")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*a report folder that can be written expected, *taken*", "*give another --report-dir*"]
    )
    assert "Traceback" not in result.stdout.str()


def test_files_of_the_users_folder_do_not_take_the_place_of_pythons_own(project, run):
    project.makepyfile(TWO_TESTS, queue="print('mine')", signal="print('mine')")
    harness = project.mkdir("harness")
    (harness / "__init__.py").write_text("raise RuntimeError('not this one')")
    run("-k", "test_one", subprocess=False).assert_outcomes(passed=1, deselected=1)


@pytest.mark.parametrize("model", ["a" * 300, "x/" + "a" * 300 + ".tflite", "priv/m.tflite"])
def test_a_model_path_that_cannot_be_fails_its_own_case_only(project, run, model):
    project.makefile(".yaml", c=f"tflm-hil: 1\nmodel: {model}\ncases:\n  - name: c\n    arena: {{max: 1 KiB}}\n")
    project.makepyfile(TWO_TESTS)
    run().assert_outcomes(passed=1, failed=2)


def test_models_of_one_name_are_kept_apart(project, run):
    for folder, source in (("a", "sine_int8"), ("b", "shapes_int8")):
        target = project.mkdir(folder) / "m.tflite"
        target.write_bytes((MODELS / f"{source}.tflite").read_bytes())
    project.makepyfile(
        """
        import pytest
        from harness import Misuse

        def test_a(open_model):
            open_model("a/m.tflite")

        def test_b(open_model):
            open_model("b/m.tflite", arena=65536)
            with pytest.raises(Misuse, match="two different models have the name 'm'"):
                open_model("a/m.tflite", arena=65536)
        """
    )
    result = run()
    result.assert_outcomes(passed=2)
    assert len([line for line in result.outlines if re.match(r"m +[\d,]+ ", line)]) == 2


def test_a_reference_that_was_interrupted_is_well_for_the_next_test(project, run):
    project.makepyfile(
        test_a="""
        import numpy as np, pytest

        @pytest.mark.timeout(1)
        def test_takes_too_long(reference):
            reference("shapes_int8").run(np.zeros((10_000_000, 1, 16, 16, 1), np.int8))
        """,
        test_b="""
        import numpy as np

        def test_after(reference):
            outputs = reference("accumulator").run(np.ones((3, 1, 1), np.float32))
            assert [step[0].item() for step in outputs] == [11, 12, 13]
        """,
    )
    run(subprocess=True).assert_outcomes(passed=1, failed=1)


@pytest.fixture
def emulator(monkeypatch):
    """The emulator counts as installed; no test here gets as far as starting it."""
    monkeypatch.setattr("harness.boards.emulator.availability.why_unavailable", lambda: None)


@pytest.mark.parametrize("how", ["option", "ini"])
def test_the_firmware_is_named_by_option_or_ini(project, run, emulator, how):
    """Relative to the folder that the option was given in, or that the ini file is in."""
    project.makepyfile(TWO_TESTS)
    if how == "ini":
        project.makeini("[pytest]\ntflm_firmware = gone/f.uf2\n")
    arguments = ["--firmware", "gone/f.uf2"] if how == "option" else []
    result = run("--board", "emulator", *arguments)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(
        [f"board: NOT USABLE: no firmware: {project.path}/gone/f.uf2 expected*", "*--firmware PATH*"]
    )


def test_without_a_firmware_the_header_says_how_to_build_one(project, run, emulator):
    project.makepyfile(TWO_TESTS)
    result = run("--board", "emulator-3")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines([f"board: NOT USABLE: no firmware: {project.path}/build/firmware/*", "*make firmware*"])


def test_a_host_run_takes_no_notice_of_a_firmware(project, run):
    project.makepyfile(TWO_TESTS)
    run("--firmware", "gone.uf2").assert_outcomes(passed=1, failed=1)
