"""A board that behaves as a test wants, on a virtual sysfs: what restarts it, and what it comes back as."""

from __future__ import annotations

from harness.boards.pico.failures import NoReset
from harness.boards.pico.names import resolve
from harness.boards.pico.place import Place
from harness.boards.pico.recovery import Recovery
from harness.errors import DeviceTimeout, LinkLost
from tests.unit.boards.pico.tree import SERIAL


class World:
    """A board at 1-2, picotool, and what is done to them.

    Attributes:
        comes_back: for each thing that can be done, what the board does then: "application", "bootsel", "gone", or
            "nothing"; an error is raised.
        answers: whether the firmware answers.
        done: what was done, in order.
    """

    def __init__(self, tree, inventory, monkeypatch, name="1-2"):
        self.tree = tree
        self.answering = True
        self.comes_back = {}
        self.done = []
        self.notes = []
        place = Place(resolve(name, tree.usb, inventory), tree.usb)
        self.place = place
        self.recovery = Recovery(
            place,
            lambda: self,
            reboot=lambda device: self._do("command"),
            answers=self._demand_answer,
            note=self.notes.append,
        )
        monkeypatch.setattr("harness.boards.pico.recovery.RETURN_SECONDS", 0.15)
        monkeypatch.setattr("harness.boards.pico.recovery._POWER_SECONDS", 0.15)
        monkeypatch.setattr("harness.boards.pico.recovery.power_cycle", lambda power: self._do("power"))
        monkeypatch.setattr("harness.boards.pico.recovery.power_on", lambda power: self._do("power on"))
        monkeypatch.setattr("harness.boards.pico.recovery.serial.Serial", self._serial)

    # --- picotool ----------------------------------------------------------------------------------------------------

    def reboot_to_application(self, device):
        self._do(f"start from {device.mode.value}")

    def reboot_to_bootsel(self, device):
        self._do("to bootsel")

    # --- behind it ---------------------------------------------------------------------------------------------------

    def _serial(self, port, baudrate, **_):
        assert baudrate == 1200
        self._do("touch")
        raise OSError("the port has gone already")

    def _do(self, what):
        self.done.append(what)
        then = self.comes_back.get(what, "nothing")
        if isinstance(then, Exception):
            raise then
        self.become(then)

    def become(self, what):
        if what == "nothing":
            return
        if (self.tree.links / "1-2").exists():
            self.tree.remove("1-2")
        if what == "application":
            # Under another name: the old node may still be open somewhere.
            self.tree.pico("1-2", SERIAL, f"ttyACM{len(self.done) + 1}")
        elif what == "bootsel":
            self.tree.bootsel("1-2")
        elif what == "other":
            self.tree.pico("1-2", "1111222233334444", "ttyACM7")
        else:
            assert what == "gone"

    def _demand_answer(self, device):
        self.done.append("ask")
        if not self.answering:
            raise DeviceTimeout("the answer to `ping`", 3)


SILENT = DeviceTimeout("the answer to `reboot`", 2)
LOST = LinkLost("port hung up")
NO_INTERFACE = NoReset("no reset interface", code=250, output="")
