"""A Pico that leaves USB and comes back: followed by its USB port, whatever its serial port is called then."""

import numpy as np
import pytest

from harness.bench import Bench
from harness.boards.emulator.availability import why_unavailable
from harness.models.library import ModelLibrary
from tests.integration.conftest import MODELS
from tests.integration.pico.conftest import SERIAL
from tests.support.firmware_images import load_image, why_no_image

pytestmark = pytest.mark.emulated


def test_sessions_and_their_state_go_on(open_pico, bus):
    reason = why_unavailable() or why_no_image("tflm")
    if reason is not None:
        pytest.skip(reason)
    bus.plug("1-2", unique_id=SERIAL, application="emulator")
    library = ModelLibrary([MODELS])
    bench = Bench(open_pico("auto", firmware=load_image("tflm")), library)
    bench.prepare([library.find("accumulator")])
    one = np.ones((1, 1), np.float32)
    with bench.open("accumulator", arena=8192) as session:
        assert session.invoke(one).outputs[0] == 11
        for expected in (12, 13):
            bench.relink()
            assert session.invoke(one).outputs[0] == expected
        assert bench.identity.serial == SERIAL
