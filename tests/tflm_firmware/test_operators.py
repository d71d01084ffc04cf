"""The operators' names that `tflm-hil check` knows are those under which TFLM's own sources register them."""

import re
from pathlib import Path

from harness.models.tflm_operators import BUILTIN, CUSTOM
from tests.tflm_firmware.conftest import ROOT

RESOLVER = ROOT / "pico_firmware" / "engine" / "tflm" / "resolver.cpp"


def test_they_are_those_of_the_firmwares_methods(tflm_tree: Path) -> None:
    header = (tflm_tree / "tensorflow" / "lite" / "micro" / "micro_mutable_op_resolver.h").read_text()
    builtin, custom = set(), set()
    for method in set(re.findall(r"r\.Add(\w+)\(\)", RESOLVER.read_text())) - {"EthosU"}:
        start = header.index(f" Add{method}(")
        body = header[start : header.index("\n  }", start)]
        if named := re.search(r"AddBuiltin\(\s*BuiltinOperator_(\w+)", body):
            builtin.add(named[1])
        else:
            custom.add(re.search(r'AddCustom\(\s*"([^"]+)"', body)[1])  # type: ignore[index]
    assert (builtin, custom) == (BUILTIN, CUSTOM)
