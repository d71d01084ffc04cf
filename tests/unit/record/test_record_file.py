"""The file of a run: what is written is read again; what others wrote is checked."""

import json
import stat

import msgspec
import pytest

from harness.record import read
from harness.record.errors import RecordInvalid
from harness.record.model import Arena, Board, Latency, Measurement, Run, Test
from harness.record.read import read_record
from harness.record.write import write_record

LATENCY = Latency(
    count=2, samples_us=[1.0, 2.0], min=1, median=1.5, p95=2, max=2, mean=1.5, deviation=0.7, jitter=1, cold_us=9
)
RUN = Run(
    version=1,
    started="2026-11-21T03:00:00.000+00:00",
    seconds=61.2,
    ended="complete",
    command=["pytest", "--report-dir", "out"],
    versions={"pytest": "9"},
    boards=[Board(name="emulator-0", kind="emulator", clock_hz=125_000_000, pointer_bits=32)],
    tests=[
        Test(
            id="a.py::t",
            outcome="passed",
            board="emulator-0",
            measurements=[
                Measurement(model="m", sha256="ab", board="emulator-0", arena=Arena(size=4096), latency=LATENCY)
            ],
        )
    ],
)


def test_what_is_written_is_read_again_from_the_file_and_from_its_folder(tmp_path):
    file = write_record(tmp_path / "deep" / "folder", RUN)
    assert read_record(file) == read_record(file.parent) == RUN
    assert stat.S_IMODE(file.stat().st_mode) & 0o044 == 0o044
    assert json.loads(file.read_bytes())["tflm-hil-run"] == 1


def test_only_the_record_is_left_in_the_folder(tmp_path):
    write_record(tmp_path, RUN)
    write_record(tmp_path, RUN)
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_record_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    file = write_record(tmp_path, RUN)
    monkeypatch.setattr("os.fdopen", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(RecordInvalid, match="No space left"):
        write_record(tmp_path, msgspec.structs.replace(RUN, seconds=1.0))
    assert read_record(file) == RUN
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def told(**changes):
    return {**json.loads(msgspec.json.encode(RUN)), **changes}


def test_keys_of_later_versions_are_passed_over(tmp_path):
    file = tmp_path / "run.json"
    file.write_text(json.dumps(told(weather="fine")))
    assert read_record(file) == RUN


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not the record of a run"),
        (b"[" * 100_000, "is not the record of a run"),
        (b"\xff\xfe\x00", "is not the record of a run"),
        (b"null", "is not the record of a run"),
        (json.dumps({"tests": []}).encode(), "missing required field `tflm-hil-run`"),
        (json.dumps(told(**{"tflm-hil-run": 2})).encode(), "version 1 expected, one of version 2 came"),
        (json.dumps(told(tests=[{"id": "t", "outcome": "fine"}])).encode(), r"Invalid enum value 'fine'.*outcome"),
        (json.dumps(told(seconds="<script>\x1b[31m" * 1000)).encode(), "Expected `float`"),
        (json.dumps(told(ended="x" * 10_000_000)).encode(), "length <= "),
    ],
)
def test_what_is_no_record_is_said_in_a_line(tmp_path, content, words):
    file = tmp_path / "run.json"
    file.write_bytes(content)
    with pytest.raises(RecordInvalid, match=words) as failure:
        read_record(file)
    assert len(failure.value.message) < 1000
    assert "\x1b" not in failure.value.message


def test_a_file_without_end_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(read, "MAX_BYTES", 1000)
    file = tmp_path / "run.json"
    file.write_bytes(b" " * 1001)
    with pytest.raises(RecordInvalid, match="at most 1,000 bytes"):
        read_record(file)


def test_a_folder_without_a_record_is_said(tmp_path):
    with pytest.raises(RecordInvalid, match=r"run\.json: No such file"):
        read_record(tmp_path)
