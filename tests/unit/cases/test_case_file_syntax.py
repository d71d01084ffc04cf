"""Case files that are broken, huge or hostile: one error with its line, soon."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.cases import load as module
from harness.cases.load import MAX_BYTES, Case, load_cases
from harness.cases.mark import is_case_file
from harness.deadline import Deadline
from harness.errors import CaseError

HEAD = "tflm-hil: 1\nmodel: m\ncases:\n"
CASE = HEAD + "  - name: a\n    inputs: {generator: uniform, seed: 5}\n    expect: {reference: {lsb: 1}}\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (HEAD + "  - name: a\n\tarena: {}\n", 5, "not YAML: found character '\\t'"),
        (HEAD + "  - [1, 2\n", 5, "not YAML: expected ',' or ']'"),
        (HEAD + "  - name: 'a\n", 5, "not YAML: found unexpected end of stream"),
        (CASE + "---\n" + CASE, 7, "not YAML: but found another document"),
        (CASE + "    inputs: {}\n", 7, "key 'inputs' stands here twice"),
        (CASE.replace("seed: 5", "seed: 5, seed: 6"), 5, "key 'seed' stands here twice"),
        (CASE.replace("seed: 5", "seed: *other"), 5, "not YAML: found undefined alias 'other'"),
        (CASE.replace("uniform", "!!python/object:os.system x"), 5, "could not determine a constructor"),
        (CASE.replace("uniform", "!mine x"), 5, "could not determine a constructor"),
        (CASE.replace("seed: 5", "seed: !!int five"), 5, "not YAML: 'five' is not a valid int"),
        (CASE.replace("seed: 5", "seed: !!bool five"), 5, "not YAML: 'five' is not a valid bool"),
        (CASE.replace("seed: 5", "seed: !!timestamp five"), 5, "not YAML: 'five' is not a valid timestamp"),
        (CASE.replace("seed: 5", "seed: 2026-13-45"), 5, "not YAML: '2026-13-45' is not a valid timestamp"),
        (CASE.replace("seed: 5", "5: seed"), 5, "a key of plain text expected, came '5'"),
        (CASE.replace("seed: 5", "yes: seed"), 5, "a key of plain text expected, came 'yes'"),
        (CASE.replace("seed: 5", "? [a, b] : 1"), 5, "a key of plain text expected"),
        (CASE.replace("seed: 5", "? {a: b} : 1"), 5, "a key of plain text expected"),
        (CASE + "\0", 7, "not YAML: character U+0000"),
        (CASE + "# bell \x07\n", 7, "not YAML: character U+0007"),
        ("- name: a\n", 1, "a mapping expected at the top, with the keys tflm-hil, model, cases"),
        ("", 1, "a mapping expected at the top"),
        ("# nothing\n", 1, "a mapping expected at the top"),
        ("tflm-hil", 1, "a mapping expected at the top"),
    ],
)
def test_broken_yaml(refused, text, line, message):
    error = refused(text)
    assert message in error.message
    assert error.line == line


def test_a_file_that_cannot_be_had(tmp_path):
    with pytest.raises(CaseError, match="cannot be read: .*No such file"):
        load_cases(tmp_path / "none.yaml")
    with pytest.raises(CaseError, match="cannot be read: .*directory"):
        load_cases(tmp_path)


def test_a_file_that_is_not_utf_8(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes(CASE.encode() + "# Größe\n".encode("latin-1"))
    with pytest.raises(CaseError, match="cannot be read: .*utf-8") as caught:
        load_cases(path)
    assert caught.value.path == str(path)


def test_windows_and_unix_files_are_equal(tmp_path):
    path = tmp_path / "case.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + CASE.replace("\n", "\r\n").encode())
    assert is_case_file(path)
    assert [(case.line, case.spec.name) for case in load_cases(path)] == [(4, "a")]


def test_a_file_that_is_too_large(refused, load):
    fill = "#" * (MAX_BYTES - len(CASE.encode()) - 1) + "\n"
    assert len(load(CASE + fill)) == 1
    assert "at most 1,048,576 bytes expected" in refused(CASE + "#" + fill).message


def repeated_aliases(pattern):
    """Nine levels of ten aliases each: a billion values."""
    names = "abcdefghij"
    lines = [f"{names[0]}: &{names[0]} {pattern.format('x')}"]
    for name, before in zip(names[1:], names, strict=False):
        lines.append(f"{name}: &{name} {pattern.format(', '.join([f'*{before}'] * 10))}")
    return "tflm-hil: 1\n" + "\n".join(lines) + "\n"


# Chains that go deeper with every line: each alias is one level above the one before.
CHAIN = "tflm-hil: 1\nx0: &x0 [1]\n" + "".join(f"x{n}: &x{n} [*x{n - 1}]\n" for n in range(1, 1000))

HOSTILE = {
    "lists of aliases": (repeated_aliases("[{}]"), 2, "aliases that multiply"),
    "merged aliases": (repeated_aliases("{{<<: [{}]}}").replace("{<<: [x]}", "{x: 1}"), 2, "aliases that multiply"),
    "a chain of aliases": (CHAIN, 2, "aliases that multiply"),
    "a list in itself": (HEAD.replace("cases:", "cases: &x") + "  - *x\n", 3, "that contain themselves"),
    "a case in itself": (HEAD + "  - &x\n    name: a\n    inputs: *x\n", 4, "that contain themselves"),
    "a merge of itself": (HEAD + "  - &x\n    <<: *x\n", 4, "that contain themselves"),
    "nested lists": (HEAD + "  " + "[" * 500_000, 4, "nested more than 40 levels deep"),
    "nested mappings": (HEAD + "  " + "{a: " * 200_000, 4, "nested more than 40 levels deep"),
    "nested keys": (HEAD + "? " * 200_000, 4, "nested more than 40 levels deep"),
    "a long number": (CASE.replace("seed: 5", f"seed: {'9' * 100_000}"), 5, "is not a valid int"),
    "a long hexadecimal number": (CASE.replace("seed: 5", f"seed: 0x{'f' * 100_000}"), 5, "is not a valid int"),
    "a long number to the base of 60": (CASE.replace("seed: 5", f"seed: 1{':59' * 100_000}"), 5, "is not a valid int"),
    "a long fraction to the base of 60": (CASE.replace("seed: 5", f"low: 1{':59' * 900}.5"), 5, "is not a valid float"),
    "a long text": (CASE.replace("uniform", "x" * 500_000), 5, "'xxx"),
    "a long key": (CASE.replace("seed", "x" * 1000), 5, "unknown key 'xxx"),
    "a long list": (HEAD + f"  [{'x,' * 5001}]\n", 4, "more than 5,000 values"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_soon_and_briefly(refused, kind, monkeypatch):
    monkeypatch.setattr(module, "MAX_NODES", 5000)
    text, line, message = HOSTILE[kind]
    # Without the bounds these take from minutes to forever; the deadline has room for a slow machine.
    deadline = Deadline(20)
    error = refused(text)
    assert not deadline.expired()
    assert message in error.message
    assert abs(error.line - line) <= (9 if "aliases" in kind else 0)
    assert len(str(error)) < 1000


def test_many_unknown_keys_are_refused_soon(refused):
    deadline = Deadline(20)
    assert "unknown key 'k0'" in refused(CASE + "".join(f"k{n}: 1\n" for n in range(25_000))).message
    assert not deadline.expired()


def test_merged_keys_have_the_lines_where_they_stand(load, refused):
    text = HEAD + "  - &first\n    name: a\n    arena: {max: 1}\n  - <<: *first\n    name: b\n"
    assert [(case.line, case.spec.name, case.spec.arena.max) for case in load(text)] == [(4, "a", 1), (7, "b", 1)]
    error = refused(HEAD + "  - name: a\n    arena: {max: 1}\n  - <<: {arena: {maxx: 1}}\n    name: b\n")
    assert (error.line, "unknown key 'maxx' in cases.1.arena" in error.message) == (6, True)
    # Of two mappings that are merged in, the first one counts, and the mapping's own key before both.
    text = HEAD + "  - <<: [{arena: {max: 2}},\n         {arena: {maxx: 1}}]\n    name: b\n"
    assert load(text)[0].spec.arena.max == 2
    assert refused(text.replace("max: 2", "max: two").replace("maxx", "max")).line == 4


VALUES = st.sampled_from(
    [
        "",
        "~",
        "1",
        "-1",
        "1.5",
        ".nan",
        ".inf",
        "exact",
        "8 KiB",
        "8 KB",
        "5 ms",
        "15 %",
        "[]",
        "{}",
        "[1, [2]]",
        "true",
    ]
    + [
        "*a",
        "&a [1]",
        "!!set {a}",
        "!!binary aGk=",
        "!!omap [a: 1]",
        "2026-01-01",
        "0o7",
        "1:30",
        "'",
        '"',
        "|",
        "- x",
        "a: b",
    ]
)
WHOLE = """\
tflm-hil: 1
model: m
cases:
  - name: a
    model: n
    preserve_all_tensors: false
    arena: {max: {host: 8 KiB}, headroom: 15 %, size: 4096}
    latency: {repeats: 3, warmup: 1, host: {median: 5 ms, p95: 1 s, max: 9 s}}
    inputs: {generator: uniform, seed: 1, low: -1, high: 1, steps: 2, real: true}
    expect: {reference: {lsb: 1}, golden: g.npz, values: [[1], [2]], tolerance: exact}
    state: {remembers: true, reset: restarts, reopen: differs, reset_before: [0, 1]}
"""
# Each value a token of its own, so that a mutation puts another one in its place.
TOKENS = WHOLE.replace("{", " { ").replace("}", " } ").split(" ")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, len(TOKENS) - 1), VALUES), min_size=1, max_size=4))
def test_a_mutated_file_gives_cases_or_one_error_with_a_line(tmp_path, mutations):
    tokens = list(TOKENS)
    for position, value in mutations:
        tokens[position] = value + "\n" * tokens[position].count("\n")
    check_outcome(tmp_path, " ".join(tokens).encode())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_bytes_give_cases_or_one_error(tmp_path, data):
    raw = bytearray(WHOLE.encode())
    for _ in range(data.draw(st.integers(1, 5))):
        position = data.draw(st.integers(0, len(raw) - 1))
        piece = data.draw(st.binary(max_size=3))
        raw[position : position + data.draw(st.integers(0, 8))] = piece
        raw = raw or bytearray(b"x")
    check_outcome(tmp_path, bytes(raw))


def check_outcome(folder, raw):
    path = folder / "case.yaml"
    path.write_bytes(raw)
    try:
        cases = load_cases(path)
    except CaseError as error:
        assert error.path == str(path)
        assert error.line is None or 1 <= error.line <= raw.count(b"\n") + raw.count(b"\r") + 2
        assert all(line.isprintable() for line in str(error).splitlines())
    else:
        assert cases
        assert all(isinstance(case, Case) for case in cases)


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        (CASE, True),
        ("tflm-hil: 2\n", True),
        ("tflm-hil: [broken\n", True),
        ("# licence\n\n%YAML 1.1\n---\n" + CASE, True),
        ("  # indented comment\n" + CASE, True),
        ("\ufeff" + CASE, True),
        ("version: 3\nservices:\n  tflm-hil: 1\n", False),
        ("tflm-hilfe: 1\n", False),
        ("- tflm-hil: 1\n", False),
        ("{tflm-hil: 1}\n", False),
        ("on: push\n" + CASE, False),
        ("", False),
        ("\0\xff\n", False),
    ],
)
def test_case_files_are_told_from_other_yaml(tmp_path, text, ours):
    path = tmp_path / "some.yaml"
    path.write_text(text, "utf-8")
    assert is_case_file(path) is ours


def test_yaml_that_cannot_be_opened_is_not_ours(tmp_path):
    assert not is_case_file(tmp_path)
    assert not is_case_file(tmp_path / "none.yaml")
