"""The recipes in ci/: what systemd, GitHub and cron are given is what they take, and cannot be turned on the bench."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys

import pytest
import yaml

from harness.cli.main import parser
from tests.support.documents import ROOT

CI = ROOT / "ci"
WORKFLOW = CI / "github" / "nightly.yml"
UNITS = CI / "systemd"
SECONDS = 60


def tool(name, why):
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: {why}")
    return found


def ask(*command, **more):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=SECONDS, check=False, **more)


def workflow():
    # YAML 1.1 takes the key `on` for true.
    return yaml.safe_load(WORKFLOW.read_text("utf-8"))


def commands_in(text):
    """The arguments of each `tflm-hil nightly`, variables and all."""
    joined = text.replace("\\\n", " ")
    return [shlex.split(found) for found in re.findall(r"tflm-hil (nightly .*)$", joined, re.MULTILINE)]


# --- GitHub ----------------------------------------------------------------------------------------------------------


def test_the_workflow_is_none_of_this_repository():
    assert not (ROOT / ".github" / "workflows" / "nightly.yml").exists()


def test_code_of_a_fork_never_comes_to_the_bench():
    told = workflow()
    assert set(told[True]) == {"schedule", "workflow_dispatch"}
    bench = told["jobs"]["bench"]
    assert "self-hosted" in bench["runs-on"] and bench["environment"]
    assert "!github.event.repository.fork" in bench["if"] and "default_branch" in bench["if"]
    assert told["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in told["jobs"].values())


def test_only_the_bench_is_self_hosted_and_each_job_ends():
    told = workflow()
    assert told["jobs"]["build"]["runs-on"].startswith("ubuntu-")
    assert told["concurrency"] == {"group": "bench", "cancel-in-progress": False}
    assert all(0 < job["timeout-minutes"] <= 120 for job in told["jobs"].values())
    assert told["jobs"]["bench"]["strategy"]["fail-fast"] is False


def test_actions_are_pinned_by_commit_and_say_their_version():
    used = re.findall(r"uses: (\S+)(.*)$", WORKFLOW.read_text("utf-8"), re.MULTILINE)
    assert len(used) >= 5
    for action, comment in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


def test_nothing_from_outside_is_put_into_a_script():
    for job in workflow()["jobs"].values():
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


def test_reports_are_kept_whatever_happens():
    last = workflow()["jobs"]["bench"]["steps"][-1]
    assert "upload-artifact" in last["uses"] and last["if"] == "always()"


def test_actionlint_finds_nothing():
    linter = tool("actionlint", "it checks the workflow")
    said = ask(linter, "-config-file", CI / "github" / "actionlint.yaml", "-shellcheck=", WORKFLOW)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("file", [WORKFLOW, CI / "nightly.sh", UNITS / "tflm-hil-nightly.service"])
def test_the_commands_are_ones(file):
    text = file.read_text("utf-8").replace("/ci/nightly.sh ", "/tflm-hil nightly ").replace('"${build[@]}" "$@"', "")
    found = [command for command in commands_in(text) if command[1:2] != ["NIGHTS"] and not command[0].endswith("`.")]
    found = [command for command in found if not {"`.", "NIGHTS", "[ARGUMENT...]"} & set(command)]
    assert found
    for command in found:
        assert parser().parse_args(command).nights


# --- systemd ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def units(tmp_path):
    """The units, with a program that is there in the place of ours."""
    for unit in UNITS.iterdir():
        text = unit.read_text("utf-8").replace("/srv/tflm-hil/ci/nightly.sh", sys.executable)
        (tmp_path / unit.name).write_text(text.replace("file:///srv", "file:///usr"))
    return tmp_path


def test_systemd_takes_the_units(units):
    analyze = tool("systemd-analyze", "it checks the units")
    said = ask(analyze, "verify", "--man=no", units / "tflm-hil-nightly.timer", units / "tflm-hil-nightly.service")
    assert said.returncode == 0 and "nightly" not in said.stderr, said.stderr


def test_the_service_can_do_little_else(units):
    analyze = tool("systemd-analyze", "it judges the service")
    version = re.search(r"systemd (\d+)", ask(analyze, "--version").stdout)
    if version is None or int(version[1]) < 250:
        pytest.skip("systemd 250 or newer judges units that are not installed")
    # Tenths: below 2.5 of 10, where it says OK.
    said = ask(analyze, "security", "--offline=yes", "--threshold=25", units / "tflm-hil-nightly.service")
    assert said.returncode == 0, said.stdout[-2000:]


def test_the_service_stops_the_night_and_not_its_programs():
    text = (UNITS / "tflm-hil-nightly.service").read_text("utf-8")
    for line in ("KillMode=mixed", "Type=oneshot", "User=tflm-hil", "NoNewPrivileges=yes", "ProtectSystem=strict"):
        assert f"\n{line}\n" in text


def test_the_timer_is_at_a_time():
    analyze = tool("systemd-analyze", "it reads calendars")
    [calendar] = re.findall(r"^OnCalendar=(.+)$", (UNITS / "tflm-hil-nightly.timer").read_text("utf-8"), re.MULTILINE)
    assert ask(analyze, "calendar", calendar).returncode == 0


# --- the script ------------------------------------------------------------------------------------------------------


def test_the_script_is_shell():
    assert ask("bash", "-n", CI / "nightly.sh").returncode == 0
    assert (CI / "nightly.sh").stat().st_mode & 0o111


def test_shellcheck_finds_nothing():
    said = ask(tool("shellcheck", "it checks the script"), CI / "nightly.sh")
    assert said.returncode == 0, said.stdout


def test_the_script_wants_a_folder():
    said = ask("bash", CI / "nightly.sh")
    assert (said.returncode, said.stdout) == (2, "") and "usage: ci/nightly.sh NIGHTS" in said.stderr


def test_the_script_runs_the_night_in_its_checkout(tmp_path):
    """With stand-ins for make, the compiler and the command, in a copy of the checkout's shape."""
    root, bin_ = tmp_path / "checkout", tmp_path / "bin"
    (root / "ci").mkdir(parents=True)
    (root / ".venv" / "bin").mkdir(parents=True)
    bin_.mkdir()
    shutil.copy(CI / "nightly.sh", root / "ci")
    for path in (bin_ / "make", bin_ / "cmake", bin_ / "arm-none-eabi-g++", root / ".venv" / "bin" / "tflm-hil"):
        path.write_text('#!/bin/bash\necho "$(basename "$0")|$PWD|$(IFS=,; echo "$*")"\n')
        path.chmod(0o755)
    path = f"{bin_}:/usr/bin:/bin"
    said = ask(root / "ci" / "nightly.sh", "my nights", "--board", "left", cwd=tmp_path, env={"PATH": path})
    assert said.returncode == 0, said.stderr
    make, night = said.stdout.splitlines()
    assert make == f"make|{root}|--silent,.venv/ready"
    assert night == f"tflm-hil|{root}|nightly,{tmp_path}/my nights,--build,make firmware,--board,left"
    (bin_ / "arm-none-eabi-g++").unlink()
    if shutil.which("arm-none-eabi-g++", path="/usr/bin:/bin") is None:
        said = ask(root / "ci" / "nightly.sh", "n", cwd=tmp_path, env={"PATH": path})
        assert "no cross compiler: testing the firmware that is here" in said.stderr
        assert said.stdout.splitlines()[1] == f"tflm-hil|{root}|nightly,{tmp_path}/n"
