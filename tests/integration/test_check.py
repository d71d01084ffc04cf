"""`tflm-hil check`: what it says, and its exit code."""

import json

import pytest

from harness.cli.main import main
from tests.integration.conftest import MODELS

SINE = str(MODELS / "sine_int8.tflite")
CUSTOM_OP = str(MODELS / "rejected" / "custom_op.tflite")


@pytest.fixture
def check(capsys):
    """Runs the command; its exit code and what it says in JSON."""

    def called(*arguments):
        code = main(["check", "--json", *map(str, arguments)])
        return code, json.loads(capsys.readouterr().out)

    return called


def failed(model):
    return [finding["what"] for finding in model["findings"] if not finding["ok"]]


def test_a_good_model(check):
    code, told = check(SINE)
    (model,) = told["models"]
    assert (code, told["board"], model["runs"], failed(model)) == (0, None, True, [])
    assert model["operators"] == [
        {"name": "FULLY_CONNECTED", "custom": False, "count": 3, "versions": [1], "supported": True}
    ]
    assert model["inputs"][0].startswith("int8[1, 1], scale ")


def test_one_that_does_not_run_among_others(check, tmp_path):
    broken = tmp_path / "broken.tflite"
    broken.write_bytes((MODELS / "sine_int8.tflite").read_bytes()[:1000])
    misnamed = tmp_path / "a name with blanks.tflite"
    misnamed.write_bytes((MODELS / "sine_int8.tflite").read_bytes())
    code, told = check(SINE, CUSTOM_OP, broken, misnamed)
    assert code == 1
    assert [failed(model) for model in told["models"]] == [[], ["operators"], ["schema"], ["schema"]]
    assert "rename the file" in told["models"][3]["findings"][0]["text"]


def test_a_board_has_the_last_word(check):
    code, told = check(SINE, CUSTOM_OP, "--board", "host")
    good, refused = told["models"]
    assert code == 1 and told["board"].startswith("host")
    assert (
        good["findings"][-1]["what"] == "board" and "B of arena; the first invoke takes" in good["findings"][-1]["text"]
    )
    # What is refused already is not tried.
    assert failed(refused) == ["operators"]


def test_a_model_that_only_the_board_refuses(check, monkeypatch):
    monkeypatch.setattr("harness.models.tflm_operators.CUSTOM", frozenset({"NoSuchOp"}))
    monkeypatch.setattr("harness.models.fit.CUSTOM", frozenset({"NoSuchOp"}))
    code, told = check(CUSTOM_OP, SINE, "--board", "host")
    refused, good = told["models"]
    assert (code, failed(refused), failed(good)) == (1, ["board"], [])
    assert refused["findings"][-1]["text"].startswith("UnsupportedOp: operator NoSuchOp")


def test_for_people(capsys):
    assert main(["check", SINE]) == 0
    assert "--board emulator proves it" in capsys.readouterr().out
    assert main(["check", CUSTOM_OP]) == 1
    said = capsys.readouterr().out
    assert "does not run on a Pico" in said and "custom operator NoSuchOp" in said


def test_a_file_that_is_not_there(capsys):
    assert main(["check", "none.tflite"]) == 2
    assert "no model 'none.tflite'" in capsys.readouterr().err
