import pytest
import yaml

from harness.errors import HarnessError, Misuse
from harness.record.figures import Spread
from harness.regression.baseline import Override, baselines_of, check_configuration, file_name, select_baseline
from harness.regression.baseline_file import baseline_text, load_baseline, load_baselines, save_baseline
from harness.regression.errors import BaselineError
from harness.regression.threshold import parse_threshold
from tests.support.runs import BOARD, HOST, PICO, board, figure, night

ONE = figure("arena.used", 1000)
TWO = figure("latency.median", 18.8, test="t.py::test_a[x: y, #z]", model="other", setup="warm-up 5")


def saved(folder, *figures, **given):
    for baseline in baselines_of(night(0, *figures), load_baselines(folder), **given):
        save_baseline(baseline, folder)
    return load_baselines(folder)


def test_what_was_saved_is_what_is_read(tmp_path):
    pico = figure("latency.median", 18.816, conditions=PICO, spread=Spread(100, 0.5, 18.8, 18.9))
    score = figure("accuracy.top1", 0.925, conditions=PICO)
    [emulator, real] = saved(tmp_path, ONE, TWO, pico, score)
    assert {key: each.value for key, each in emulator.figures.items()} == {ONE.key: 1000, TWO.key: 18.8}
    assert emulator.figures[TWO.key].setup == "warm-up 5"
    assert (real.figures[pico.key].value, real.figures[pico.key].unit) == (18.816, "us")
    spread = real.figures[pico.key].spread
    assert spread is not None and (spread.count, spread.low, spread.high) == (100, 18.8, 18.9)
    assert (real.figures[score.key].value, real.figures[score.key].unit) == (0.925, "")
    for figures in (emulator.figures, real.figures):
        for each in figures.values():
            came = each.measured_under()
            assert came | {"serial": ""} == (
                {**came, "model": "ab" * 32, "build": "b1", "harness": "0.1.0", "serial": ""}
            )
    assert real.conditions.serial == "E661"


def test_the_file_is_named_after_board_and_configuration():
    assert file_name(BOARD) == "emulator-RP2040-125MHz-tflm.yaml"
    assert file_name(HOST) == "host-x86_64-Linux-tflm.yaml"
    assert file_name(BOARD, "cmsis_nn") == "emulator-RP2040-125MHz-tflm-cmsis_nn.yaml"
    assert "/" not in file_name(board(chip="../../etc/x", engine="\n"))


def test_a_diff_shows_just_what_changed():
    [before] = baselines_of(night(0, TWO, ONE), [])
    [after] = baselines_of(night(0, figure("arena.used", 1016), TWO), [])
    lines, others = (set(baseline_text(each).splitlines()) for each in (before, after))
    assert (lines - others, others - lines) == ({"    arena.used: 1000 B"}, {"    arena.used: 1016 B"})
    assert baseline_text(before).splitlines() != sorted(others)


def test_the_text_does_not_depend_on_the_order_of_tests():
    three = figure("arena.head", 10)
    [one], [other] = baselines_of(night(0, ONE, TWO, three), []), baselines_of(night(0, three, TWO, ONE), [])
    assert baseline_text(one) == baseline_text(other)


def test_programs_serial_numbers_do_not_make_diffs():
    texts = {baseline_text(baselines_of(night(0, figure(conditions=board(HOST, serial=name))), [])[0]) for name in "ab"}
    assert len(texts) == 1


def test_thresholds_that_a_person_set_stay(tmp_path):
    [before] = saved(tmp_path, ONE, TWO)
    path = tmp_path / before.file_name
    head, tail = path.read_text().split("\nfigures:")
    path.write_text(f"{head}\nthresholds:\n- {{figure: arena.*, allow: +64 B, note: 'a: b'}}\n\nfigures:{tail}")
    [after] = saved(tmp_path, figure("arena.used", 1040))
    assert after.overrides == (Override(parse_threshold("+64 B"), figure="arena.*", note="a: b"),)
    assert after.threshold(ONE).text == "+64 B"
    assert after.threshold(TWO).text == "exact"
    [again] = saved(tmp_path, ONE, only="m")
    assert again.overrides == after.overrides


@pytest.mark.parametrize("pattern", ["m", "t.yaml*", "t.yaml::t"])
def test_only_what_matches_is_saved_and_keeps_its_own_conditions(tmp_path, pattern):
    saved(tmp_path, ONE, TWO)
    newer = [
        figure("arena.used", 900, conditions=board(build="b2")),
        figure("latency.median", 5, test=TWO.test, model="other", conditions=board(build="b2")),
    ]
    [after] = saved(tmp_path, *newer, only=pattern)
    assert (after.figures[ONE.key].value, after.figures[ONE.key].conditions.build) == (900, "b2")
    assert (after.figures[TWO.key].value, after.figures[TWO.key].conditions.build) == (18.8, "b1")


def test_brackets_of_a_test_are_no_pattern(tmp_path):
    [after] = saved(tmp_path, ONE, TWO, only="*[x: y, #z]")
    assert list(after.figures) == [TWO.key]


def test_a_test_that_failed_makes_no_baseline_and_what_is_only_watched_neither(tmp_path):
    failed = figure("arena.head", 5, outcome="failed")
    [baseline] = saved(tmp_path, figure(conditions=HOST), figure("latency.p95", conditions=HOST), failed)
    assert [key.name for key in baseline.figures] == ["arena.used"]


def test_another_clock_finds_the_old_baseline_instead_of_none(tmp_path):
    [slow] = saved(tmp_path, ONE)
    assert select_baseline([slow], board(clock_hz=133_000_000)) is slow
    [slow, fast] = saved(tmp_path, figure(conditions=board(clock_hz=133_000_000)))
    assert select_baseline([slow, fast], board(clock_hz=133_000_000)) is fast
    assert select_baseline([slow, fast], BOARD) is slow
    assert select_baseline([slow, fast], HOST) is None
    assert select_baseline([slow, fast], BOARD, "cmsis_nn") is None


@pytest.mark.parametrize("name", ["a/b", ".x", "x" * 41, "a b", "\n"])
def test_names_of_configurations_are_names_of_files(name):
    with pytest.raises(Misuse):
        check_configuration(name)


BROKEN = {
    "not YAML": "{",
    "a number that is none": "tflm-hil-baseline: 1\nconditions: 2024-13-45\n",
    "an object": "!!python/object/apply:os.system ['true']",
    "an alias": "a: &a [1]\nb: *a\n",
    "nested": "[" * 5000,
    "no truth": "a: !!bool x\n",
    "no number": 'a: !!float ""\n',
    "no time": "!!timestamp x: 1\n",
    "a number that nothing prints": f"tflm-hil-baseline: 0x{'F' * 5000}\n",
    "a list": "- 1\n",
    "empty": "",
    "NUL": "a: \0",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_an_error_with_its_name(tmp_path, text):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(BaselineError, match=r"x\.yaml") as caught:
        load_baseline(path)
    assert len(str(caught.value)) < 1000


def test_aliases_are_refused_before_they_multiply(tmp_path):
    path = tmp_path / "x.yaml"
    lists = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30))
    path.write_text(f"a0: &a0 [1]\n{lists}")
    with pytest.raises(BaselineError, match="line 2: no aliases"):
        load_baseline(path)


def changed(text, old, new):
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tflm-hil-baseline: 1", "tflm-hil-baseline: 2", "less than or equal to 1"),
        ("1000 B", "1000 KB", "a value such as"),
        ("1000 B", ".nan", "figures"),
        ("1000 B", "{value: 1000 B, samples: -1}", "greater than or equal to 0"),
        ("pointer_bits: 32", "pointer_bits: many", "pointer_bits"),
        ("  engine: tflm", "  engin: tflm", "engin"),
        ("\nfigures:", "\nthresholds: [{allow: -2 %}]\nfigures:", "more is worse"),
        ("\nfigures:", "\nthresholds: [{allow: 2}]\nfigures:", "allow"),
        ("\nfigures:", "\nthresholds: [{allow: some}]\nfigures:", "'some' is no threshold"),
    ],
)
def test_a_file_that_says_something_else_is_an_error(tmp_path, old, new, message):
    [baseline] = saved(tmp_path, ONE)
    path = tmp_path / baseline.file_name
    path.write_text(changed(path.read_text(), old, new))
    with pytest.raises(HarnessError, match=message):
        for each in load_baseline(path).figures.values():
            load_baseline(path).threshold(each)


def test_a_folder_that_cannot_be_written_to_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    [baseline] = baselines_of(night(0, ONE), [])
    with pytest.raises(BaselineError, match="cannot be written"):
        save_baseline(baseline, tmp_path / "file")


@pytest.mark.parametrize("name", ["yes", "1e5", "a: b", "a #b", "'", "ä\u2028b", "x" * 300, "- a", "null", "[a]"])
def test_any_name_comes_back(tmp_path, name):
    [baseline] = saved(tmp_path, figure(model=name, test=name, sha256="1" * 64))
    assert {(key.model, key.test) for key in baseline.figures} == {(name, name)}
    assert yaml.safe_load(baseline_text(baseline))
