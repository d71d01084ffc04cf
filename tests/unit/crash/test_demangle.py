import shutil
import subprocess

import pytest

from harness.crash.demangle import demangle

NAMES = {
    "_Z3fooi": "foo",
    "_ZL4tickj": "tick",
    "_ZN6tflite4EvalEPv": "tflite::Eval",
    "_ZN6tflite12_GLOBAL__N_112LstmEvalInt8EP13TfLiteContext": "tflite::(anonymous namespace)::LstmEvalInt8",
    "_ZN6tflite13reference_ops4ConvIaaEEvRKNS_10ConvParamsE": "tflite::reference_ops::Conv<...>",
    "_ZN5bench3BoxIiE5outerEi": "bench::Box<...>::outer",
    "_ZN5bench3BoxIA10_cE5outerEi": "bench::Box<...>::outer",
    "_ZN5bench3BoxILj118EE6AddMulEv": "bench::Box<...>::AddMul",
    "_ZN5bench3BoxIN6tflite5ModelEE3getEv": "bench::Box<...>::get",
    "_ZN6tflite5GraphC1EPKNS_5ModelE": "tflite::Graph::Graph",
    "_ZN6tflite5GraphD2Ev": "tflite::Graph::~Graph",
    "_ZNK6tflite5Graph4SizeEv": "tflite::Graph::Size",
    "_ZSt4sortIPiEvT_S1_": "std::sort<...>",
    "_ZNSt6vectorIiSaIiEE9push_backEOi": "std::vector<...>::push_back",
    "_ZN6tflite4EvalEPv.constprop.0": "tflite::Eval [constprop.0]",
}
# C, no names at all, kinds of names that it leaves alone, and names that are cut or damaged.
LEFT = [
    "main", "isr_hardfault", "_Z", "_ZN", "_ZNE", "_ZN6tfliteE99Eval", "_ZN99fooE", "_ZN6tflite4EvalI", "_ZN6tflite",
    "_ZTV3foo", "_ZZN3foo3barEvE1x", "_ZN3foopLEi", "_ZIiE", "_ZN" + "1a" * 5000 + "E",
    "_ZN5bench3BoxIL_ZN1a1bEEE3getEv", "_ZN5bench3BoxIXsrT_E3getEv", "", "_ZN0E", "_ZN²aE",
]  # fmt: skip


@pytest.mark.parametrize(("mangled", "name"), NAMES.items())
def test_names_as_a_person_reads_them(mangled, name):
    assert demangle(mangled) == name


@pytest.mark.parametrize("name", LEFT)
def test_what_is_not_understood_stays_as_it_is(name):
    assert demangle(name) in (name, "tflite")


def test_it_agrees_with_the_compilers_own_tool():
    tool = shutil.which("c++filt") or shutil.which("arm-none-eabi-c++filt")
    if tool is None:
        pytest.skip("c++filt is not installed")
    known = [name for name in NAMES if "." not in name]
    done = subprocess.run([tool, *known], capture_output=True, text=True, timeout=60, check=True)
    for mangled, whole in zip(known, done.stdout.splitlines(), strict=True):
        for part in demangle(mangled).replace("<...>", "::").split("::"):
            assert part in whole, mangled
