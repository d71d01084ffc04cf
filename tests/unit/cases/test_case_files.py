"""What a person who writes a case file is told about a mistake: the file, the line, what stands there, what may."""

import pytest

from harness.measure.duration_limit import DurationLimit

FILE_KEYS = "tflm-hil, model, cases"
CASE_KEYS = "name, model, arena, latency, inputs, expect, state, accuracy, preserve_all_tensors"
INPUT_KEYS = "generator, seed, low, high, file, key, values, steps, real"
EXPECT_KEYS = "reference, golden, values, tolerance"
TOLERANCE_KEYS = "absolute, relative, lsb"
STATE_KEYS = "remembers, reset, reopen, reset_before, survives"
ARENA_KEYS = "max, headroom, size, minimum, verify"
LATENCY_KEYS = "repeats, warmup, profile, host, emulator, pico"
LIMIT_KEYS = "median, p95, max, cold, jitter"

GOOD = """\
tflm-hil: 1
# A comment, so that lines and keys do not go together by chance.
model: m

cases:
  - name: a
    arena:
      max: 8 KiB
      headroom: 15 %
    latency:
      repeats: 10
      host:
        median: 5 ms
    inputs:
      generator: uniform
      low: -1
      steps: 3
    expect:
      reference: exact
    state:
      remembers: true
      reset_before: [1]
  - name: b
    model: n
    arena:
      max:
        pico: 4 KiB
"""


def changed(old, new):
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def test_a_good_file(load):
    first, second = load(GOOD)
    assert (first.line, first.model, first.spec.name) == (6, "m", "a")
    assert (second.line, second.model, second.spec.name) == (23, "n", "b")
    assert first.spec.arena.limit("pico") == 8192
    assert first.spec.arena.headroom == 0.15
    assert first.spec.latency.limit("host").limits() == {"median": DurationLimit(us=5000.0)}
    assert first.spec.latency.limit("pico").limits() == {}
    assert second.spec.arena.limit("pico") == 4096
    assert second.spec.arena.limit("host") is None


def test_a_path_is_relative_to_its_file(load, tmp_path):
    assert load(GOOD)[0].resolve("data/x.npy") == tmp_path / "data" / "x.npy"


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "place", "allowed"),
    [
        ("model: m\n", "modell: m\n", 3, "modell", "the file", FILE_KEYS),
        ("    state:", "    stat:", 20, "stat", "cases.0", CASE_KEYS),
        ("      headroom", "      headrom", 9, "headrom", "cases.0.arena", ARENA_KEYS),
        ("        pico: 4 KiB", "        pic: 4 KiB", 27, "pic", "cases.1.arena.max", "host, emulator, pico"),
        ("      repeats", "      repeat", 11, "repeat", "cases.0.latency", LATENCY_KEYS),
        ("        median", "        mean", 13, "mean", "cases.0.latency.host", LIMIT_KEYS),
        ("      low", "      lo", 16, "lo", "cases.0.inputs", INPUT_KEYS),
        ("      reference", "      refrence", 19, "refrence", "cases.0.expect", EXPECT_KEYS),
        ("reference: exact", "reference: {lbs: 1}", 19, "lbs", "cases.0.expect.reference", TOLERANCE_KEYS),
        ("      reset_before", "      reset-before", 22, "reset-before", "cases.0.state", STATE_KEYS),
    ],
)
def test_an_unknown_key(refused, old, new, line, key, place, allowed):
    error = refused(changed(old, new))
    assert error.line == line
    assert f"unknown key '{key}' in {place}" in error.message
    assert error.advice == f"allowed here: {allowed}"


@pytest.mark.parametrize(
    ("text", "line", "message", "allowed"),
    [
        ("tflm-hil: 1\nmodel: m\n", 1, "key 'cases' is missing in the file", FILE_KEYS),
        ("# mine\nmodel: m\ncases: [{name: a, arena: {}}]\n", 1, "key 'tflm-hil' is missing", FILE_KEYS),
        ("tflm-hil: 1\nmodel: m\n\ncases:\n  - arena: {max: 1}\n", 5, "key 'name' is missing in cases.0", CASE_KEYS),
    ],
)
def test_a_missing_key(refused, text, line, message, allowed):
    error = refused(text)
    assert error.line == line
    assert message in error.message
    assert error.advice == f"allowed here: {allowed}"


WRONG_VALUES = [
    # Sizes, shares, durations.
    ("max: 8 KiB", "max: 8 KB", 8, "cases.0.arena.max: '8 KB' is not a size", ARENA_KEYS),
    ("max: 8 KiB", "max: 1.5", 8, "1.5 is not a size", ARENA_KEYS),
    ("max: 8 KiB", "max: true", 8, "True is not a size", ARENA_KEYS),
    ("max: 8 KiB", "max: -8", 8, "a size cannot be negative: -8", ARENA_KEYS),
    ("max: 8 KiB", "max: [8]", 8, "a mapping with the keys host, emulator, pico", ARENA_KEYS),
    ("pico: 4 KiB", "pico: four", 27, "cases.1.arena.max.pico: 'four' is not a size", "host, emulator, pico"),
    ("headroom: 15 %", "headroom: 15", 9, '15 is not a percentage; expected "15 %"', ARENA_KEYS),
    ("median: 5 ms", "median: 5", 13, "cases.0.latency.host.median: 5 is not a duration", LIMIT_KEYS),
    ("median: 5 ms", "median: 5 minutes", 13, "expected a number with ns, us, ms or s", LIMIT_KEYS),
    ("median: 5 ms", "median: 5e6 cycles", 13, 'or a whole number of cycles: "2,500,000 cycles"', LIMIT_KEYS),
    ("median: 5 ms", "median: 50 cycles", 13, "the host has no fixed clock: a duration expected", LIMIT_KEYS),
    # Numbers.
    ("repeats: 10", "repeats: 0", 11, "at least 1 expected, came 0", LATENCY_KEYS),
    ("repeats: 10", "repeats: 1000001", 11, "at most 100,000 expected, came 1000001", LATENCY_KEYS),
    ("repeats: 10", "repeats: many", 11, "a whole number expected, came 'many'", LATENCY_KEYS),
    ("repeats: 10", "repeats: 1.5", 11, "a whole number expected, came 1.5", LATENCY_KEYS),
    ("low: -1", "low: deep", 16, "a number expected, came 'deep'", INPUT_KEYS),
    ("low: -1", "low: -.inf", 16, "a finite number expected, came -inf", INPUT_KEYS),
    ("low: -1", "low: 2", 14, "cases.0.inputs: low 2 is above high 1", INPUT_KEYS),
    ("low: -1", "seed: -1", 16, "at least 0 expected, came -1", INPUT_KEYS),
    ("low: -1", f"seed: {2**63}", 16, "less than 9,223,372,036,854,775,808 expected", INPUT_KEYS),
    ("low: -1", f"seed: {'9' * 50}", 16, "less than 9,223,372,036,854,775,808 expected", INPUT_KEYS),
    # One of several.
    (
        "generator: uniform",
        "generator: unifrom",
        15,
        "'normal', 'zeros', 'ones' or 'ramp' expected, came 'unifrom'",
        INPUT_KEYS,
    ),
    ("remembers: true", "remembers: perhaps", 21, "true or false expected, came 'perhaps'", STATE_KEYS),
    ("remembers: true", "reset: restart", 21, "'restarts' or 'differs' expected, came 'restart'", STATE_KEYS),
    # Unions: what a person can write there, and not what the classes are called.
    (
        "reference: exact",
        "reference: exakt",
        19,
        "cases.0.expect.reference: 'exact' or 'top-1' or a mapping with the keys absolute, relative, lsb expected, "
        "came 'exakt'",
        EXPECT_KEYS,
    ),
    (
        "reference: exact",
        "reference: [1]",
        19,
        "with the keys absolute, relative, lsb expected, came a list",
        EXPECT_KEYS,
    ),
    (
        "reference: exact",
        "reference: {}",
        19,
        "cases.0.expect.reference: absolute and/or relative expected, or lsb",
        TOLERANCE_KEYS,
    ),
    (
        "reference: exact",
        "reference: {lsb: 1, absolute: 1}",
        19,
        "absolute and/or relative expected, or lsb",
        TOLERANCE_KEYS,
    ),
    (
        "reference: exact",
        "reference: {lsb: -1}",
        19,
        "cases.0.expect.reference.lsb: at least 0 expected, came -1",
        TOLERANCE_KEYS,
    ),
    ("reference: exact", "reference: {absolute: .inf}", 19, "a finite number expected, came inf", TOLERANCE_KEYS),
    ("reference: exact", "golden: g.npz\n      tolerance: loose", 20, "'exact' or 'top-1' or a mapping", EXPECT_KEYS),
    # Sections and lists.
    (
        "    state:\n",
        "    state: yes\n    old:\n",
        20,
        "a mapping with the keys remembers, reset, reopen, reset_before, survives expected",
        CASE_KEYS,
    ),
    (
        "      host:\n        median: 5 ms",
        "      host: 5 ms",
        12,
        "a mapping with the keys median, p95, max, cold, jitter expected, came '5 ms'",
        LATENCY_KEYS,
    ),
    ("reset_before: [1]", "reset_before: 1", 22, "a list expected, came 1", STATE_KEYS),
    ("model: m\n", "model: [m]\n", 3, "text (put it in quotes) expected, came a list", FILE_KEYS),
    ("name: a\n", "name: 2026-01-01\n", 6, "text (put it in quotes) expected", CASE_KEYS),
]


@pytest.mark.parametrize(("old", "new", "line", "message", "allowed"), WRONG_VALUES)
def test_a_wrong_value(refused, old, new, line, message, allowed):
    error = refused(changed(old, new))
    assert message in error.message
    assert error.line == line
    assert error.advice == f"allowed here: {allowed}"


def test_a_wrong_item_of_a_list_has_its_own_line(refused):
    error = refused(changed("reset_before: [1]", "reset_before:\n        - 1\n        - soon"))
    assert error.line == 24
    assert error.message.endswith("cases.0.state.reset_before.1: a whole number expected, came 'soon'")


def test_of_several_mistakes_the_first_in_the_file_is_told(refused):
    text = changed("repeats: 10", "repeats: 0").replace("pico: 4 KiB", "pico: four").replace("exact", "{lsb: x}")
    assert refused(text).line == 11


def test_no_message_has_names_of_the_harness_inside(refused):
    for old, new, *_ in WRONG_VALUES:
        text = str(refused(changed(old, new)))
        for inside in ("Section", "Input should", "Limit'", "dictionary", "Literal", "dict[", "Value error"):
            assert inside not in text


@pytest.mark.parametrize(
    ("inputs", "came"),
    [
        ("generator: ones, file: x.npy", "generator, file"),
        ("values: [[1]], file: x.npy", "file, values"),
        ("real: true", "none"),
    ],
)
def test_inputs_have_one_source(refused, inputs, came):
    text = f"tflm-hil: 1\nmodel: m\ncases:\n  - name: a\n    inputs: {{{inputs}}}\n    expect: {{reference: exact}}\n"
    error = refused(text)
    assert error.message.endswith(f"exactly one of generator, file, values expected, came {came}")
    assert error.line == 5
    assert error.advice == f"allowed here: {INPUT_KEYS}"


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("values: [[1]], steps: 3", "steps has no effect with values, only with generator and file"),
        ("values: [[1]], key: k", "key has no effect with values, only with file"),
        ("file: x.npy, seed: 3", "seed has no effect with file, only with generator"),
        ("generator: ones, key: k", "key has no effect with generator, only with file"),
    ],
)
def test_a_key_without_effect_is_a_mistake(refused, inputs, message):
    text = f"tflm-hil: 1\nmodel: m\ncases:\n  - name: a\n    inputs: {{{inputs}}}\n    expect: {{reference: exact}}\n"
    assert message in refused(text).message


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("expect: {reference: exact}", "inputs expected, for expect"),
        ("latency: {}\n    state: {remembers: true}", "inputs expected, for latency and state"),
        ("model: m", "nothing to check: at least one of arena, latency, expect, state, accuracy expected"),
        (
            "inputs: {generator: ones}\n    state: {reset_before: [0]}",
            "nothing to check: at least one of remembers, reset",
        ),
        ("inputs: {generator: ones}\n    expect: {}", "one of reference, golden, values expected"),
        (
            "inputs: {generator: ones}\n    expect: {reference: exact, tolerance: {lsb: 1}}",
            "tolerance has no effect on reference; write it there: reference: {lsb: 1}",
        ),
        ("arena: {max: 1 KiB, verify: true}", "cases.0.arena.verify: verify has no effect without size"),
        ("arena: {max: 1 KiB, headroom: 15 %, minimum: false}", "headroom is that above the smallest arena"),
    ],
)
def test_a_case_that_checks_less_than_it_says_is_a_mistake(refused, section, message):
    assert message in refused(f"tflm-hil: 1\nmodel: m\ncases:\n  - name: a\n    {section}\n").message


@pytest.mark.parametrize("version", ["2", "0", "'1'", "true", "1.0", "", "[1]"])
def test_another_version_of_the_format(refused, version):
    error = refused(f"tflm-hil: {version}\nmodel: m\ncases: [{{name: a, arena: {{max: 1}}}}]\n")
    assert error.line == 1
    assert "format version 1 expected, the only one that this harness reads" in error.message


def test_two_cases_of_one_model_and_name(refused, load):
    text = "tflm-hil: 1\nmodel: m\ncases:\n  - {name: a, arena: {}}\n  - model: m\n    name: a\n    arena: {}\n"
    error = refused(text)
    assert error.line == 6
    assert "two cases of models called 'm' have the name 'a'" in error.message
    assert len(load(text.replace("  - model: m", "  - model: n"))) == 2


def test_a_case_without_a_model(refused):
    # Braces, because the message goes through a format.
    error = refused("tflm-hil: 1\ncases:\n  - {name: a, model: m, arena: {}}\n  - {name: 'b{x}', arena: {}}\n")
    assert error.line == 4
    assert "case 'b{x}' has no model, and the file names none" in error.message


@pytest.mark.parametrize("text", ["cases: []", "cases:", "cases: {}", "cases: a", "cases: [[]]", "cases: [a]"])
def test_no_cases(refused, text):
    error = refused(f"tflm-hil: 1\nmodel: m\n{text}\n")
    assert error.line == 3
    assert "expected" in error.message


def test_empty_sections_are_as_if_they_were_not_there(load):
    [case] = load(
        "tflm-hil: 1\nmodel: m\ncases:\n  - name: a\n    arena: {}\n    latency:\n    inputs:\n    expect: ~\n"
    )
    assert case.spec.latency is case.spec.inputs is case.spec.expect is None


@pytest.mark.parametrize(
    "name",
    [
        '"a\\nb"',
        '"\\x1b[2J"',
        '"a\\x07"',
        '"\\x9b2J"',
        '"\\u202etset"',
        '"a\\0"',
        '""',
        '"  "',
        "a[b]",
        "a/b",
        "a\\b",
        '"a::b"',
        "x" * 61,
    ],
)
def test_a_name_that_no_test_can_have(refused, name):
    error = refused(f"tflm-hil: 1\nmodel: m\ncases:\n  - name: {name}\n    arena: {{max: 1}}\n")
    assert error.line == 4
    assert "cases.0.name: " in error.message
    assert all(line.isprintable() for line in str(error).splitlines())


@pytest.mark.parametrize("key", ["model", "golden", "file"])
def test_a_file_name_with_control_characters(refused, key):
    sections = {
        "model": 'model: "a\\0b"\n    arena: {}',
        "golden": 'inputs: {generator: ones}\n    expect: {golden: "a\\0b"}',
        "file": 'expect: {reference: exact}\n    inputs: {file: "a\\0b"}',
    }
    error = refused(f"tflm-hil: 1\nmodel: m\ncases:\n  - name: a\n    {sections[key]}\n")
    assert f"{key}: printable text expected" in error.message


def test_what_a_state_can_survive_is_told(refused):
    error = refused(
        """\
        tflm-hil: 1
        model: m.tflite
        cases:
          - name: a
            inputs: {generator: zeros, steps: 4}
            state:
              survives: [pause, tickling]
        """
    )
    assert error.line == 7
    expected = "'pause', 'relink', 'logging', 'another_model' or 'second_core' expected, came 'tickling'"
    assert expected in error.message
