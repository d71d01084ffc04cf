"""Models that TFLM publishes with its sources: each runs on a Pico as on this computer, or is refused with figures."""

import numpy as np
import pytest

from harness.errors import ArenaTooSmall, ImageTooLarge, UnsupportedOp
from harness.flash.pack import CAPACITY
from harness.measure.tolerance import Tolerance
from harness.models.fit import PICO_ARENA_BYTES, findings
from harness.models.memory import least_arena
from harness.models.reference import Reference, ReferenceEngine
from harness.models.tflite import load, parse
from harness.tflm.availability import why_unavailable
from tests.support.documents import DOCS, rows, section

# Where each lies in TFLM's folder tensorflow/lite/micro, and the arena in bytes that it uses on an RP2040.
MODELS = {
    "examples/hello_world/models/hello_world_float": 832,
    "examples/hello_world/models/hello_world_int8": 772,
    "examples/micro_speech/models/micro_speech_quantized": 6_836,
    "examples/micro_speech/models/audio_preprocessor_float": 7_968,
    "examples/micro_speech/models/audio_preprocessor_int8": 8_448,
    "models/keyword_scrambled": 13_332,
    "models/keyword_scrambled_8bit": 8_212,
    "models/person_detect": 82_308,
    "examples/mnist_lstm/trained_lstm": 7_392,
    "examples/mnist_lstm/trained_lstm_int8": 3_252,
    "examples/dtln/dtln_noise_suppression": 5_732,
}
VELA = "models/person_detect_vela"
STEPS = 4
# The chip's float routines round otherwise than a PC's.
FLOAT = Tolerance(atol=1e-5)


def file_of(tree, name):
    return tree / "tensorflow" / "lite" / "micro" / f"{name}.tflite"


def sequence_for(model):
    """Steps of random inputs, over the whole range of integers, as the model's first use would not have them."""
    random = np.random.default_rng(11)

    def values(spec):
        if spec.dtype.kind == "f":
            return random.uniform(-1, 1, spec.shape).astype(spec.dtype)
        limits = np.iinfo(spec.dtype)
        return random.integers(limits.min, limits.max, spec.shape, spec.dtype, endpoint=True)

    return [tuple(values(spec) for spec in model.inputs) for _ in range(STEPS)]


@pytest.fixture
def engine():
    if why_unavailable() is not None:
        pytest.skip(why_unavailable())
    with_tflm = ReferenceEngine()
    yield with_tflm
    with_tflm.close()


@pytest.mark.parametrize("name", MODELS, ids=lambda name: name.rpartition("/")[2])
def test_it_computes_what_this_computer_does(tflm_tree, firmware, open_bench, engine, name):
    path = file_of(tflm_tree, name)
    bench = open_bench(firmware, path)
    with bench.open(path) as session:
        steps = sequence_for(session.model)
        tolerance = FLOAT if any(spec.dtype.kind == "f" for spec in session.outputs) else Tolerance()
        session.run(steps).assert_equals(Reference(engine, session.model).run(steps), tolerance)
        assert session.arena.used == MODELS[name]
        assert least_arena(session.model) < session.arena.used


@pytest.mark.parametrize("name", MODELS, ids=lambda name: name.rpartition("/")[2])
def test_nothing_in_its_file_speaks_against_it(tflm_tree, name):
    model = load(file_of(tflm_tree, name))
    assert all(finding.ok for finding in findings(model, stored=len(model.data), capacity=CAPACITY))


def test_one_for_another_chip_is_refused_before_flashing_and_by_the_device(tflm_tree, firmware, open_bench):
    """person_detect_vela is one operator for Arm's Ethos-U, a processor that no Pico has."""
    path = file_of(tflm_tree, VELA)
    found = {finding.what: finding for finding in findings(load(path), stored=269_808, capacity=CAPACITY)}
    assert [what for what, finding in found.items() if not finding.ok] == ["operators"]
    assert found["operators"].text == "the firmware's TFLM has no custom operator ethos-u (x1)"
    with pytest.raises(UnsupportedOp) as refused:
        open_bench(firmware, path).open(path)
    assert refused.value.name == "ethos-u (custom)"


def test_what_does_not_fit_the_arena_is_refused_with_figures(tflm_tree, firmware, open_bench):
    path = file_of(tflm_tree, "models/person_detect")
    bench = open_bench(firmware, path)
    with pytest.raises(ArenaTooSmall) as refused:
        bench.open(path, preserve_all_tensors=True)
    error = refused.value
    # All its tensors at once, which no arena of an RP2040 holds.
    assert error.requested > error.available > 0 and error.missing == error.requested - error.available
    assert error.arena <= PICO_ARENA_BYTES
    bench.ensure_ready()
    assert bench.open(path).arena.used == MODELS["models/person_detect"]


def test_what_does_not_fit_the_flash_is_refused_with_figures(tflm_tree, firmware, open_bench):
    data = file_of(tflm_tree, "models/person_detect").read_bytes()
    bench = open_bench(firmware)
    with pytest.raises(ImageTooLarge) as refused:
        bench.prepare([parse(data, f"copy_{number}") for number in range(4)])
    assert refused.value.size > 4 * len(data) > refused.value.capacity == CAPACITY
    assert f"{refused.value.size - CAPACITY:,} too many" in str(refused.value)


def test_the_guides_table_has_them(tflm_tree):
    text = section((DOCS / "your-own-model.md").read_text("utf-8"), "## TFLM's published models")
    told = {row[0].strip("`"): (row[1], row[2]) for row in rows(text)}
    assert told == {
        name.rpartition("/")[2]: (f"{file_of(tflm_tree, name).stat().st_size:,} B", f"{used:,} B")
        for name, used in MODELS.items()
    }
