"""Which firmware the tests beside this one run on."""

import pytest

from tests.support.firmware_images import load_image, why_no_image


@pytest.mark.parametrize("engine", ["loopback", "tflm"])
def test_the_protocol_is_checked_on_this_firmware(engine):
    reason = why_no_image(engine)
    if reason is not None:
        pytest.skip(f"not one test of the protocol runs on the {engine} firmware: {reason}")
    assert load_image(engine).build
