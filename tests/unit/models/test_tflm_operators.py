"""The names that `tflm-hil check` knows are those of the firmware's resolver."""

import re
from pathlib import Path

import tflite

from harness.models.tflm_operators import BUILTIN, CUSTOM

RESOLVER = Path(__file__).parents[3] / "pico_firmware" / "engine" / "tflm" / "resolver.cpp"
# Where an operator's code is not the method's name; EthosU registers nothing without its hardware.
CODES = {
    "CircularBuffer": "CIRCULAR_BUFFER",
    "Decode": "TFLM_DECODE",
    "DetectionPostprocess": "TFLite_Detection_PostProcess",
}
SIGNAL = {
    "Delay", "Energy", "FftAutoScale", "FilterBank", "FilterBankLog", "FilterBankSpectralSubtraction",
    "FilterBankSquareRoot", "Framer", "Irfft", "OverlapAdd", "PCAN", "Rfft", "Stacker", "Window",
}  # fmt: skip


def test_they_are_the_resolvers():
    methods = set(re.findall(r"r\.Add(\w+)\(\)", RESOLVER.read_text())) - {"EthosU"}
    customs = {method for method in methods if method in CODES or method in SIGNAL}
    assert {CODES.get(method, f"Signal{method}") for method in customs} == CUSTOM
    # AddConv2D is CONV_2D.
    assert {method.lower() for method in methods - customs} == {name.replace("_", "").lower() for name in BUILTIN}


def test_builtin_ones_are_in_the_schema():
    assert set(tflite.BUILTIN_OPCODE2NAME.values()) >= BUILTIN
