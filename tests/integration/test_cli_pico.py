"""The commands for boards, `flash`, `reset`, `monitor` and `doctor`, as far as they need no Pico."""

import json
import sys
from types import SimpleNamespace

import pytest
from rich.console import Console

from harness.boards.pico import usb
from harness.cli import system
from harness.cli.main import main
from harness.cli.monitor import Heard, readable
from harness.errors import BoardBusy
from harness.protocol.devicelog import Kind
from tests.integration.conftest import MODELS, ROOT

SINE = str(MODELS / "sine_int8.tflite")
BOARDS = """
boards:
  left [red]:
    serial: "E6614103E7452D2F"
    port: "1-2.3"
    notes: "with the sensor"
"""


@pytest.fixture(autouse=True)
def no_usb(monkeypatch, tmp_path, shared_cache):
    """Nothing is attached, whatever is."""
    monkeypatch.setattr(usb, "SYSFS", tmp_path / "sys")
    monkeypatch.setattr(usb, "DEV", tmp_path / "dev")


@pytest.fixture
def linux(monkeypatch, tmp_path):
    """A Linux with neither udev rules nor processes."""
    rules, proc = tmp_path / "rules.d", tmp_path / "proc"
    rules.mkdir()
    (proc / "7").mkdir(parents=True)
    monkeypatch.setattr(system, "RULES", (rules,))
    monkeypatch.setattr(system, "PROC", proc)
    monkeypatch.setattr(system.sys, "platform", "linux")
    return SimpleNamespace(rules=rules / "60-tflm-hil.rules", name=proc / "7" / "comm")


def doctor(capsys, *arguments):
    code = main(["doctor", "--json", *arguments])
    told = json.loads(capsys.readouterr().out)
    return code, told, {check["name"]: check for check in told["checks"]}


def test_flash_brings_models_once(capsys):
    assert main(["flash", "host", SINE, "--always", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["flashed"] and " 1 model (" in told["text"]
    assert main(["flash", "host", SINE]) == 0
    assert "skipped, unchanged" in capsys.readouterr().out


def test_flash_refuses_a_model_that_is_not_there(capsys, tmp_path):
    assert main(["flash", "host", str(tmp_path / "none.tflite"), "--json"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["error"] == "ModelNotFound" and "Traceback" not in said.err


def test_reset_restarts_a_board(capsys):
    assert main(["reset", "host"]) == 0
    assert "restarted" in capsys.readouterr().out


def test_reset_knows_which_boards_have_a_bootsel(capsys):
    assert main(["reset", "host", "--bootsel"]) == 2
    assert "has no BOOTSEL" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["flash", "reset", "monitor"])
def test_a_board_that_is_not_there_is_an_error_in_words(command, capsys):
    assert main([command, "1-2"]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "a Pico at USB port 1-2 expected" in said and "attached: no Pico" in said


@pytest.mark.parametrize(
    "arguments",
    [["flash"], ["reset"], ["monitor", "host", "--seconds", "nan"], ["bench", SINE, "--board-wait", "-1"]],
)
def test_wrong_arguments_are_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


@pytest.mark.parametrize("command", ["bench", "flash", "reset", "monitor", "doctor"])
def test_every_command_with_a_board_takes_an_inventory_and_a_time_to_wait(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    said = capsys.readouterr().out
    assert "--inventory" in said and "--board-wait" in said


@pytest.mark.parametrize("command", ["bench", "flash", "reset", "monitor", "doctor"])
def test_a_time_to_wait_is_waited(command, capsys, monkeypatch):
    waited = []

    def remember(*_, wait=0.0, **__):
        waited.append(wait)
        raise BoardBusy("somebody has it")

    monkeypatch.setattr("harness.cli.choice.open_board", remember)
    monkeypatch.setattr("harness.boards.pico.board.open_board", remember)
    board = [SINE, "--board", "1-2"] if command == "bench" else ["--board", "1-2"] if command == "doctor" else ["1-2"]
    assert main([command, *board, "--board-wait", "7"]) == 1
    assert waited == [7.0]


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["bench", SINE, "--firmware", "f.uf2"], "--firmware"),
        (["bench", SINE, "--inventory", "b.yaml"], "--inventory"),
        (["flash", "host", "--board-wait", "3"], "--board-wait"),
        (["flash", "emulator", "--board-wait", "3"], "--board-wait"),
        (["flash", "emulator-1", "--inventory", "b.yaml"], "--inventory"),
        (["reset", "1-2", "--firmware", "f.uf2"], "--firmware"),
        (["monitor", "auto", "--firmware", "f.uf2"], "--firmware"),
        (["monitor", "host", "--firmware", "f.uf2"], "--firmware"),
        (["doctor", "--board-wait", "3"], "--board-wait"),
        (["check", SINE, "--firmware", "f.uf2"], "--firmware"),
        (["compare", SINE, SINE, "--inventory", "b.yaml"], "--inventory"),
        (["run-uf2", "f.uf2", "--board-wait", "3"], "--board-wait"),
        (["doctor", "--board", "host", "--board-wait", "3"], "--board-wait"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(arguments, option, capsys):
    assert main([*arguments, "--json"]) == 2
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told["error"] == "Misuse" and told["message"].startswith(f"{option}: it does nothing for `{arguments[0]}` ")
    assert told["advice"] == f"leave {option} out"


@pytest.mark.parametrize(
    "arguments", [["boards", "--board-wait", "3"], ["flash", "--board", "1-2"], ["flash", "1-2", "--al"]]
)
def test_an_option_of_another_command_or_half_of_one_is_no_option(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2 and "seconds" not in capsys.readouterr().err


def test_an_inventory_that_is_wrong_is_said(capsys, tmp_path):
    path = tmp_path / "boards.yaml"
    path.write_text("boards: 7")
    for command in (["boards"], ["flash", "left"], ["reset", "left"], ["bench", SINE, "--board", "left"]):
        assert main([*command, "--inventory", str(path)]) == 1
        assert "InventoryError" in capsys.readouterr().err


def test_boards_tells_of_a_board_that_is_not_attached(capsys, tmp_path):
    path = tmp_path / "boards.yaml"
    path.write_text(BOARDS)
    assert main(["boards", "--json", "--inventory", str(path)]) == 0
    (board,) = (b for b in json.loads(capsys.readouterr().out)["boards"] if b["name"] == "left [red]")
    assert (board["serial"], board["port_path"], board["mode"]) == ("E6614103E7452D2F", "1-2.3", None)
    assert board["holder"] is None and not board["usable"]
    assert main(["boards", "--inventory", str(path)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "left [red]" in said and "with the sensor" in said


def test_monitor_ends_when_its_time_is_up(capsys):
    assert main(["monitor", "host", "--seconds", "0.2", "--json"]) == 0
    assert all(json.loads(line)["kind"] for line in capsys.readouterr().out.splitlines())


def test_monitor_says_when_the_port_goes(capsys, monkeypatch):
    from harness.boards.host.board import HostBoard

    def connect_and_die(board, connect=HostBoard.connect):
        client = connect(board)
        board._process.kill()
        return client

    monkeypatch.setattr(HostBoard, "connect", connect_and_die)
    assert main(["monitor", "host", "--seconds", "60"]) == 1
    assert "LinkLost" in capsys.readouterr().err


def test_records_are_shown_readably_and_harmlessly():
    assert readable(b'{"n":3,"type":"reply","id":7,"text":"two words"}') == 'reply id=7 text="two words"'
    assert "\x1b" not in readable(b'{"n":1,"type":"event","t":"\\u001b[2J"}')
    assert readable(b"{nonsense").startswith("(broken: not JSON")


def test_markup_of_a_device_is_text(capsys):
    from harness.cli.monitor import _show

    heard = Heard()
    heard.take(0.0, Kind.LOG, [b"[bold]x[/bold] \x1b[2J"])
    for line, raw in heard.next(0):
        _show(line, raw, False, Console())
    assert "[bold]x[/bold] \\x1b[2J" in capsys.readouterr().out


def test_a_flood_is_counted_and_not_kept(monkeypatch):
    monkeypatch.setattr("harness.cli.monitor._MAX_BATCHES", 2)
    heard = Heard()
    for _ in range(5):
        heard.take(0.0, Kind.LOG, [b"x", b"y"])
    shown = [line.text for line, _ in heard.next(0)]
    assert shown[:2] == ["x", "y"] and "6 lines left out" in shown[2]


def test_doctor_asks_a_board(capsys, linux):
    code, told, checks = doctor(capsys, "--board", "host")
    assert code == 0 and told["ok"]
    assert "engine tflm" in checks["answer of host"]["text"]
    assert main(["doctor", "--board", "host"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(told["checks"])


def test_doctor_shows_all_of_a_crash_because_it_is_told_only_once(capsys, linux, monkeypatch):
    crash = {"reason": "HardFault", "op": "SVDF", "registers": {"pc": 0x40}, "backtrace": [0x44], "log": ["last words"]}
    faulty = (sys.executable, "-m", "tests.support.faulty_device", "crashed")
    monkeypatch.setattr("harness.boards.host.board.DEVICE_COMMAND", faulty)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("FAULTY_DEVICE_CRASH", json.dumps(crash))
    code, told, checks = doctor(capsys, "--board", "host")
    # The board works: it has restarted, and answers.
    assert code == 0 and told["ok"] and checks["answer of host"]["ok"]
    found = checks["crash of host"]
    assert not found["ok"] and not found["needed"] and found["fix"]
    assert found["text"].endswith("the device crashed: HardFault in boot ROM (+0x40)")
    assert found["details"][0] == "  operator: SVDF" and found["details"][-1] == "| last words"
    details = "\n".join(found["details"])
    assert "pc   0x00000040" in details and "#0   0x00000044 boot ROM" in details
    assert main(["doctor", "--board", "host"]) == 0
    said = capsys.readouterr().out
    assert "problem  crash of host: " in said and "| last words" in said


def test_doctor_says_what_is_wrong_and_how_to_mend_it(capsys, linux, monkeypatch, tmp_path):
    linux.name.write_text("ModemManager\n")
    monkeypatch.setenv("TFLM_HIL_PICOTOOL", str(tmp_path / "no-picotool"))
    code, _, checks = doctor(capsys, "--firmware", str(tmp_path / "gone.uf2"))
    # Nothing of it is needed by every board.
    assert code == 0
    for name in ("firmware", "picotool", "udev rules", "ModemManager"):
        assert not checks[name]["ok"] and checks[name]["fix"], name
    assert "make firmware" in checks["firmware"]["fix"] and "60-tflm-hil.rules" in checks["udev rules"]["fix"]
    code, told, checks = doctor(capsys, "--board", "1-2")
    assert code == 1 and not told["ok"]
    assert checks["picotool"]["needed"] and not checks["answer of 1-2"]["ok"]


def test_doctor_knows_the_rules_that_keep_modem_manager_away(capsys, linux):
    linux.name.write_text("ModemManager\n")
    linux.rules.write_text('ATTR{idVendor}=="2e8a", ENV{ID_MM_DEVICE_IGNORE}="1"\n')
    _, _, checks = doctor(capsys)
    assert checks["ModemManager"]["ok"]
    linux.rules.write_text('# ATTR{idVendor}=="2e8a", ENV{ID_MM_DEVICE_IGNORE}="1"\n')
    _, _, checks = doctor(capsys)
    assert not checks["ModemManager"]["ok"]


OURS = (ROOT / "ci" / "60-tflm-hil.rules").read_text()
ACCESS = 'SUBSYSTEM=="usb|tty", ATTRS{idVendor}=="2e8a", MODE="0666"\n'
USB, TTY, DRIVE, MODEM = "access to the USB device", "access to its serial port", "UDISKS_IGNORE", "ID_MM_"


def without(*words):
    """Our rules without the lines that have one of these words."""
    kept = [line for line in OURS.splitlines() if line.startswith("#") or not any(word in line for word in words)]
    assert len(kept) < len(OURS.splitlines())
    return "\n".join(kept) + "\n"


RULES = {
    "ours": (OURS, []),
    "access alone": (ACCESS, [DRIVE, MODEM]),
    "a comment within a rule": (ACCESS + 'ATTRS{idVendor}=="1", \\\n# x\n ENV{UDISKS_IGNORE}="1"\n', [DRIVE, MODEM]),
    "without the drive": (without("UDISKS"), [DRIVE]),
    "without ModemManager": (without("ID_MM"), [MODEM]),
    "without the USB device": (without('usb_device", ATTR{idVendor}=="2e8a", MODE'), [USB]),
    "without the port": (without('"tty", ATTRS{idVendor}=="2e8a", MODE'), [TTY]),
    "one product alone": (ACCESS.replace("MODE", 'ATTRS{idProduct}=="0003", MODE'), [USB, TTY, DRIVE, MODEM]),
    "another vendor": (ACCESS.replace("2e8a", "2e8b") + OURS.replace("2e8a", "2341"), None),
    "a comment alone": (OURS.replace("\n", "\n# ").replace("\\\n# ", "\\\n"), None),
    "a comment behind a rule": (
        ACCESS.replace("\n", ' # ENV{UDISKS_IGNORE}="1", ENV{ID_MM_DEVICE_IGNORE}="1"'),
        [DRIVE, MODEM],
    ),
    "a mode that nobody else has": (ACCESS.replace("0666", "0600"), [USB, TTY, DRIVE, MODEM]),
    "an attribute that a port has not": (ACCESS.replace("ATTRS", "ATTR"), [TTY, DRIVE, MODEM]),
    "skipped": ('SUBSYSTEM=="usb", GOTO="end"\n' + OURS + 'LABEL="end"\n', [USB]),
    "only others are skipped": ('ATTRS{idVendor}!="2e8a", GOTO="end"\n' + OURS + 'LABEL="end"\n', []),
}


@pytest.mark.parametrize("kind", RULES)
def test_doctor_says_which_part_of_the_rules_is_missing(capsys, linux, kind):
    text, missing = RULES[kind]
    linux.rules.write_text(text)
    code, _, checks = doctor(capsys)
    found = checks["udev rules"]
    assert code == 0 and not found["needed"]
    if missing is None:
        assert found["text"] == "none for Raspberry Pi's boards"
        return
    assert found["text"].startswith(str(linux.rules))
    assert [part for part in (USB, TTY, DRIVE, MODEM) if part in found["text"]] == missing
    assert found["ok"] == (not missing)
    assert ("access ok, but missing: " in found["text"]) == (bool(missing) and not {USB, TTY} & set(missing))
    assert found["fix"] is None or "copy ci/60-tflm-hil.rules" in found["fix"]


def test_of_two_rules_of_one_name_the_first_folder_counts(capsys, linux, monkeypatch, tmp_path):
    other = tmp_path / "lib"
    other.mkdir()
    monkeypatch.setattr(system, "RULES", (linux.rules.parent, other))
    (other / linux.rules.name).write_text(OURS)
    _, _, checks = doctor(capsys)
    assert checks["udev rules"]["ok"]
    linux.rules.write_text("")
    _, _, checks = doctor(capsys)
    assert checks["udev rules"]["text"] == "none for Raspberry Pi's boards"
