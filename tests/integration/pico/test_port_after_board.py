"""`pytest --board /dev/ttyACM0`: the port behind the option is no folder of tests."""

import pytest

MODELS = """
def test_the_ini_file_is_read(pytestconfig):
    assert pytestconfig.getini("tflm_models") == ["here"]
    assert str(pytestconfig.rootpath) == {root!r}
"""


@pytest.fixture
def project_of_a_user(pytester):
    pytester.makeini("[pytest]\ntflm_models = here\naddopts = -p no:cacheprovider\n")
    pytester.makepyfile(MODELS.format(root=str(pytester.path)))
    return pytester


PATHS = [
    (option, path)
    for option in ("--board", "--inventory", "--firmware", "--report-dir")
    for path in ("/dev/null", "/dev/pts/nothing", "tests")
    # Where no folder can be made, the run's record cannot be written, and the run says so.
    if option != "--report-dir" or path == "tests"
]


@pytest.mark.parametrize(("option", "path"), PATHS)
@pytest.mark.parametrize("joined", [False, True])
def test_the_ini_file_is_found_whatever_stands_behind_an_option(project_of_a_user, option, path, joined):
    arguments = [f"{option}={path}"] if joined else [option, path]
    project_of_a_user.mkdir("tests")
    result = project_of_a_user.runpytest_subprocess(*arguments)
    result.assert_outcomes(passed=1)
    assert result.ret == 0
    result.stdout.no_fnmatch_line("*warning*")


def test_failures_and_usage_errors_keep_their_exit_codes(project_of_a_user):
    project_of_a_user.makepyfile(test_other="def test_no(): assert 0")
    assert project_of_a_user.runpytest_subprocess("--board", "/dev/null").ret == 1
    assert project_of_a_user.runpytest_subprocess("--board", "/dev/null", "--flash", "x").ret == 4
    assert project_of_a_user.runpytest_subprocess("--board", "/dev/null", "-k", "none").ret == 5


def test_with_several_processes(project_of_a_user):
    pytest.importorskip("xdist")
    result = project_of_a_user.runpytest_subprocess("--board", "/dev/null", "-n", "auto")
    result.assert_outcomes(passed=1)
