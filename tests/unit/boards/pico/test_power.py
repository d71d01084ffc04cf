"""The power of a USB port, by a program that stands where uhubctl is."""

import sys

import pytest

from harness.boards.pico.inventory import Power
from harness.boards.pico.power import PowerFailed, power_cycle, power_on


@pytest.fixture
def uhubctl(tmp_path, monkeypatch):
    """Writes down its arguments, and ends as told."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def install(code=0, says=""):
        path = tmp_path / "uhubctl"
        path.write_text(
            f"#!{sys.executable}\nimport sys\nsays, file = {says!r}, {str(tmp_path / 'calls')!r}\n"
            f"open(file, 'a').write(' '.join(sys.argv[1:]) + '\\n')\nprint(says)\nsys.exit({code})\n"
        )
        path.chmod(0o755)
        return tmp_path / "calls"

    return install


def test_hub_and_port_are_those_of_the_inventory(uhubctl):
    calls = uhubctl()
    power_cycle(Power(hub="1-1.4", port=3))
    power_on(Power(hub="2", port=1))
    assert calls.read_text().splitlines() == ["-l 1-1.4 -p 3 -a cycle -d 2", "-l 2 -p 1 -a on"]


def test_what_it_says_is_told(uhubctl):
    uhubctl(1, "No compatible devices detected!")
    with pytest.raises(PowerFailed, match=r"hub 1-1 port 3: No compatible devices detected! \(exit code 1\)"):
        power_cycle(Power(hub="1-1", port=3))


def test_what_it_says_cannot_write_to_the_terminal(uhubctl):
    uhubctl(1, "\x1b]0;odd\x07" + "x" * 10_000)
    with pytest.raises(PowerFailed) as caught:
        power_cycle(Power(hub="1-1", port=3))
    assert caught.value.message.isprintable() and len(caught.value.message) < 400


def test_without_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PowerFailed, match="apt install uhubctl"):
        power_cycle(Power(hub="1-1", port=3))
