"""Golden files in a run of pytest: written when asked for, told of, never in silence."""

import numpy as np
import pytest

CASE = """\
tflm-hil: 1
model: sine_int8
cases:
  - name: one
    inputs: {generator: uniform, seed: %d, steps: 8}
    expect: {reference: exact, golden: golden/one.npz}
"""


@pytest.fixture
def case(project):
    """Writes the case file; a seed makes other inputs."""

    def write(seed):
        (project.path / "sine.yaml").write_text(CASE % seed)

    write(1)
    return write


@pytest.mark.parametrize("processes", [[], ["-n", "2"]])
def test_what_became_of_each_file_is_told(run, case, project, processes):
    run("--update-golden", *processes).stdout.fnmatch_lines(["*golden files*", "one.npz: created, 8 elements"])
    before = (project.path / "golden" / "one.npz").read_bytes()
    run("--update-golden", *processes).stdout.fnmatch_lines(["*golden files*", "one.npz: unchanged, 8 elements"])
    assert (project.path / "golden" / "one.npz").read_bytes() == before
    case(2)
    told = run("--update-golden", *processes).stdout
    told.fnmatch_lines(["one.npz: changed, * of 8 elements, by at most *; CRC-32 of inputs and resets *, now *"])
    run().assert_outcomes(passed=1)


def test_a_run_that_does_not_ask_writes_and_tells_nothing(run, case, project):
    told = run()
    told.assert_outcomes(failed=1)
    told.stdout.fnmatch_lines(["*golden file one.npz does not exist*"])
    told.stdout.no_fnmatch_line("*golden files*")
    assert not (project.path / "golden").exists()
    run("--update-golden").assert_outcomes(passed=1)
    case(2)
    run().stdout.fnmatch_lines(["*golden file one.npz was made under other conditions: CRC-32 of inputs*"])


def test_a_failure_shows_the_curve(run, case, project):
    run("--update-golden").assert_outcomes(passed=1)
    path = project.path / "golden" / "one.npz"
    with np.load(path) as loaded:
        arrays = dict(loaded)
    arrays["output_0"][5] ^= 0x40
    np.savez(path, **arrays)
    told = run()
    told.assert_outcomes(failed=1)
    told.stdout.fnmatch_lines(
        [
            "*outputs differ from the golden file (exactly equal expected)*",
            "*first difference at step 5, output 0 (counted from 0): at [[]0, 0] * expected, * came: 64 LSB (*",
            "*step 0 .....#..*",
            "*value at [[]0, 0] of output 0:*",
            "*steps 0 to 7; e expected, c came, = both*",
        ]
    )
