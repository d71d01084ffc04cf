import dataclasses

from harness.measure.arena import Arena
from harness.measure.measurement import Comparison, Conditions, Measurement
from harness.measure.profile import OpTime
from harness.report.properties import properties

HOST = Conditions("host", "host-0", "tflm", "x86_64 (Linux)", None, 64, "4f1c2aa0", "90b983c", "wheel 1", "host", "K")


def measurement(**changes):
    values = {
        "model": "m",
        "sha256": "ab" * 32,
        "conditions": HOST,
        "arena": Arena(4096, 2100, 300, 1800, {"variables": 64}, 64),
        "samples_us": [9.0, 1.0, 2.0, 4.0],
        "comparisons": [Comparison("golden file", 63, 64)],
        "warmup": 4,
        "interrupts": {"interrupts on"},
    }
    return Measurement(**{**values, **changes})


def test_all_figures_of_a_test():
    assert properties([measurement()]) == [
        ("tflm.board.kind", "host"),
        ("tflm.board.serial", "host-0"),
        ("tflm.board.engine", "tflm"),
        ("tflm.board.chip", "x86_64 (Linux)"),
        ("tflm.board.clock_hz", ""),
        ("tflm.board.pointer_bits", "64"),
        ("tflm.board.build", "4f1c2aa0"),
        ("tflm.board.tflm", "90b983c"),
        ("tflm.board.compiler", "wheel 1"),
        ("tflm.board.target", "host"),
        ("tflm.board.kernels", "K"),
        ("tflm.model", "m"),
        ("tflm.model.sha256", "ab" * 32),
        ("tflm.arena.size_bytes", "4096"),
        ("tflm.arena.used_bytes", "2100"),
        ("tflm.arena.head_bytes", "300"),
        ("tflm.arena.tail_bytes", "1800"),
        ("tflm.arena.variables_bytes", "64"),
        ("tflm.latency.cold_us", "9.000"),
        ("tflm.latency.count", "3"),
        ("tflm.latency.min_us", "1.000"),
        ("tflm.latency.median_us", "2.000"),
        ("tflm.latency.p95_us", "3.800"),
        ("tflm.latency.max_us", "4.000"),
        ("tflm.latency.jitter_us", "3.000"),
        ("tflm.latency.deviation_us", "1.528"),
        ("tflm.latency.outliers", "none"),
        ("tflm.latency.warmup", "4"),
        ("tflm.latency.interrupts", "interrupts on"),
        ("tflm.outputs.golden_file", "63/64 steps equal"),
    ]


def test_what_was_not_measured_is_empty_or_not_there():
    told = dict(properties([measurement(arena=Arena(16, None, None, None, {}, 64, 3360))]))
    assert told["tflm.arena.minimum_bytes"] == "3360"
    told = dict(properties([measurement(arena=Arena(16, None, None, None, {}, 64), samples_us=[], comparisons=[])]))
    assert "tflm.arena.minimum_bytes" not in told
    assert told["tflm.arena.used_bytes"] == ""
    assert not any("latency" in name or "outputs" in name for name in told)
    assert properties([]) == []


def test_what_many_samples_tell():
    told = dict(properties([measurement(samples_us=[9.0, *[1.0] * 70, 99.0, *[1.5] * 30])]))
    assert told["tflm.latency.outliers"] == "1: #70 99.00 us"
    assert told["tflm.latency.modes"] == "69.3% around 1.000 us, 30.7% around 1.500 us"
    assert (told["tflm.latency.median_low_us"], told["tflm.latency.median_high_us"]) == ("1.000", "1.000")
    assert told["tflm.latency.needed"] == "6"


def test_no_two_properties_have_one_name():
    names = [name for name, _ in properties([measurement(), measurement(model="n"), measurement(model="o")])]
    assert len(names) == len(set(names))
    told = dict(properties([measurement(), measurement(model="n")]))
    assert (told["tflm.model"], told["tflm.model.2"]) == ("m", "n")
    assert "tflm.board.kind.2" not in told


def test_comparisons_with_the_same_thing_do_not_hide_each_other():
    equal, different = Comparison("reference", 64, 64), Comparison("reference", 1, 64)
    told = properties([measurement(comparisons=[different, equal])])
    assert [text for name, text in told if "outputs" in name] == ["1/64 steps equal", "64/64 steps equal"]
    assert len({name for name, _ in told}) == len(told)


def test_operators_of_a_profile():
    told = dict(properties([measurement(profile=(OpTime(0, "CONV_2D", 1.25), OpTime(1, "CONV_2D", 2.0)))]))
    assert told["tflm.op.000.CONV_2D_us"] == "1.250"
    assert told["tflm.op.001.CONV_2D_us"] == "2.000"


def test_what_operators_computed():
    pico = dataclasses.replace(HOST, clock_hz=125_000_000)
    ops = (OpTime(0, "CONV_2D", 1.25, macs=50, depth=0), OpTime(1, "ADD", 2.0, depth=0))
    told = dict(properties([measurement(conditions=pico, profile=ops)]))
    assert told["tflm.op.000.CONV_2D_macs"] == told["tflm.op.all_macs"] == "50"
    assert told["tflm.op.000.CONV_2D_cycles_per_mac"] == "3.125"
    assert "tflm.op.001.ADD_macs" not in told
