import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.protocol.devicelog import DeviceLog, Kind
from harness.report import testlog
from harness.report.testlog import LogFile, log_file_name


def test_a_name_is_readable():
    name = log_file_name("test_cases/lstm.yaml::lstm_resvar_int8[64 steps]")
    assert re.fullmatch(r"test_cases_lstm\.yaml_lstm_resvar_int8_64_steps-[0-9a-f]{8}\.log", name)


@given(st.text(max_size=300))
@example("../../etc/passwd")
@example("--help")
@example(".hidden")
@example("")
@example("a/" * 200)
def test_a_name_is_safe_whatever_a_test_is_called(nodeid):
    name = log_file_name(nodeid)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*-[0-9a-f]{8}\.log", name)
    assert len(name) <= 120


def test_no_two_tests_share_a_file():
    alike = ["a[x y]", "a[x/y]", "a[x_y]", "A[x y]", "a[x  y]", "b" * 300 + "a", "c" + "b" * 299 + "a", "ä", "ö", ""]
    assert len({log_file_name(nodeid).lower() for nodeid in alike}) == len(alike)


@pytest.fixture
def log():
    return DeviceLog(clock=lambda: 1_700_000_000.25)


def test_lines_with_their_time_and_kind_from_begin_to_end(tmp_path, log):
    path = tmp_path / "a.log"
    log.add(Kind.LOG, [b"before"])
    file = LogFile(path, log)
    log.add(Kind.COMMAND, [b"ping #1"])
    log.add(Kind.LOG, [b"one", b"\x1b[2Jtwo\r"])
    log.add(Kind.RECORD, [b'{"n":0}'])
    file.close()
    log.add(Kind.LOG, [b"after"])
    lines = path.read_text("utf-8").splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["> ping #1", "  one", "  \\x1b[2Jtwo", '< {"n":0}']
    assert all(re.match(r"\d\d:\d\d:\d\d\.250 ", line) for line in lines)


def test_a_flood_does_not_fill_the_disk(tmp_path, log, monkeypatch):
    monkeypatch.setattr(testlog, "MAX_FILE_BYTES", 1000)
    path = tmp_path / "a.log"
    file = LogFile(path, log)
    for _ in range(1000):
        log.add(Kind.LOG, [b"x" * 50])
    file.close()
    text = path.read_text()
    assert 1000 <= len(text) < 1200
    assert text.endswith("(no more than 1,000 bytes are kept)\n")
    assert text.count("no more than") == 1


def test_a_full_disk_does_not_end_the_thread_that_reads_from_the_device(log):
    try:
        file = LogFile(testlog.Path("/dev/full"), log)
    except OSError:
        pytest.skip("this computer has no /dev/full")
    for _ in range(100):
        log.add(Kind.LOG, [b"x" * 400] * 10)
    file.close()
    assert len(log.newest(5)) == 5
