"""What the README shows works."""

import re
import shutil

from tests.integration.conftest import MODELS, ROOT

README = (ROOT / "README.md").read_text("utf-8")


def block(language):
    """The README's one block of a language."""
    [text] = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return text


def test_a_first_model_of_ones_own(pytester, run):
    pytester.makeini("[pytest]\n")
    folder = pytester.mkdir("path") / "to"
    folder.mkdir()
    shutil.copy(MODELS / "lstm_seq_int8.tflite", folder / "model.tflite")
    (folder / "model.yaml").write_text(block("yaml"))
    pytester.makepyfile(block("python"))
    run("path/to/model.yaml", "test_a_first_model_of_ones_own.py").assert_outcomes(passed=2)


def test_its_options_and_fixtures_are_those_of_the_plugin(pytester):
    told = set(re.findall(r"^\| `(--[a-z-]+)", README, re.MULTILINE))
    shown = pytester.runpytest_inprocess("--help").stdout.str()
    group = shown[shown.index("hardware in the loop") :].split("\n\n")[0]
    assert told == set(re.findall(r"^ +(--[a-z-]+)", group, re.MULTILINE))
    fixtures = pytester.runpytest_inprocess("--fixtures", "-p", "harness.plugin").stdout.str()
    for name in ("open_model", "reference", "bench", "board"):
        assert re.search(rf"^{name}\b.*harness", fixtures, re.MULTILINE), name
        assert f"`{name}" in README


def test_its_folders_and_make_targets_exist():
    rows = re.findall(r"^\| (`[^|]*`[^|]*) \| ", README[README.index("## How it is built") :], re.MULTILINE)
    names = [name for row in rows for name in re.findall(r"`([a-z_./]+)`", row)]
    assert len(names) > 12
    for name in names:
        assert (ROOT / name).exists() or (ROOT / "harness" / name).exists(), name
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"\bmake ([a-z]+)\b", README)) - {"and"}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
