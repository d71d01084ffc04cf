"""The power of a USB port, switched by uhubctl on hubs that can do that (github.com/mvp/uhubctl)."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from harness.boards.pico.inventory import Power
from harness.boards.pico.program import printable, run_program
from harness.deadline import Deadline
from harness.errors import HarnessError

_SECONDS = 30.0
_OFF_SECONDS = 2
_SHOWN_CHARS = 300


class PowerFailed(HarnessError):
    """The port's power cannot be switched."""

    advice = "try `uhubctl -l HUB -p PORT -a cycle` by hand; hub and port stand in the inventory"


def power_cycle(power: Power) -> None:
    """Takes the port's power for two seconds.

    Raises:
        PowerFailed: uhubctl is not there, or says that it cannot.
    """
    _uhubctl(power, ["-a", "cycle", "-d", str(_OFF_SECONDS)])


def power_on(power: Power) -> None:
    """Gives the port power, if it has none.

    Raises:
        PowerFailed: uhubctl is not there, or says that it cannot.
    """
    _uhubctl(power, ["-a", "on"])


def _uhubctl(power: Power, action: Sequence[str]) -> None:
    program = shutil.which("uhubctl")
    if program is None:
        raise PowerFailed("uhubctl expected in PATH, there is none", advice="install it: apt install uhubctl")
    try:
        ended = run_program([program, "-l", power.hub, "-p", str(power.port), *action], Deadline(_SECONDS))
    except OSError as error:
        raise PowerFailed(f"{program}: a program that runs here expected: {error.strerror}") from None
    if ended.code != 0:
        words = printable(ended.output)[:_SHOWN_CHARS] or "it said nothing"
        how = f"exit code {ended.code}" if ended.code is not None else f"no end within {_SECONDS:g} s"
        raise PowerFailed(f"uhubctl: hub {power.hub} port {power.port}: {words} ({how})")
