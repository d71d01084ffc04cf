"""The emulated RP2040: rp2040py's chip, made to restart and to fault as the real one does.

rp2040py is imported here and nowhere else. What is added to it, and why:

- Faults. It warns of accesses to nothing and of undefined instructions, and goes on. Here they raise, which ends the
  instruction without an effect, and then become the HardFault that a Cortex-M0+ takes; a fault within a HardFault locks
  the core up until the watchdog or somebody else resets the chip.
- Restarts go through the boot ROM, as they do on the chip: it looks at the watchdog's scratch registers, checks the
  second stage, or goes to BOOTSEL.
- A WFI with interrupts masked ends for one that was pending before it.
- The flash chip has a unique id.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.execute_batch import execute_batch
from rp2040py.reset_cause import ResetCause
from rp2040py.rp2040 import RP2040

from harness.boards.emulator.faults import BreakpointReached, BusError, GuestFault, WatchdogFired
from harness.boards.emulator.flash_window import FlashWindow
from harness.boards.emulator.guest_log import GuestLog
from harness.flash.layout import FLASH_BYTES

# Its type hints are those of its pure-Python twin, which has not all that the native code has.
_CHIP: Any = RP2040
_RUN: Any = execute_batch

_SSI_WINDOW = 0x18000
_NMI = 2
_HARD_FAULT = 3
_WATCHDOG_CONTROL = 0
# Disabled, and paused while a debugger looks: the register's reset value.
_WATCHDOG_OFF = 0x07000000
# Of the chip's time: so long may an interrupt go unnoticed that was pending, but masked, before a WFI.
_GLANCE_NANOS = 50_000.0
# A sleep ends where whoever lets the chip run says so, and the wall clock has a say in that. It ends after whole
# microseconds, which are whole cycles: else each sleep would move the core against SysTick by a part of a cycle, and at
# half a cycle rp2040py rounds SysTick now up and now down.
_SLEEP_STEP_NANOS = 1000.0
# Time advances with every instruction: a timer that is read is right to the cycle.
_TICK_EACH_INSTRUCTION = 1


class _Engine:
    """The two things that rp2040py's loop asks of its simulator object."""

    def __init__(self, chip: Any) -> None:
        self.rp2040 = chip
        self.clock = chip.clock


class Chip:
    """An RP2040 with its flash, in the state of a board that has just been switched on.

    Args:
        flash: what the flash holds, all of it.
        unique_id: the flash chip's, 8 bytes.
        tell: takes one line for a person.
    """

    def __init__(self, flash: bytes, unique_id: bytes, tell: Callable[[str], None]) -> None:
        assert len(flash) == FLASH_BYTES
        self._tell = tell
        self._chip: Any = _CHIP()
        self._rom = array("I", BOOTROM_B1)
        self._chip.load_bootrom(BOOTROM_B1)
        self._chip.logger = GuestLog(tell)
        self._chip.on_break = self._on_break
        self._chip.watchdog.on_watchdog_trigger = self._on_watchdog
        self._flash: Any = self._chip.flash
        self._flash[:FLASH_BYTES] = flash
        self._window = FlashWindow(self._chip.ssi, unique_id)
        self._chip.peripherals[_SSI_WINDOW] = self._window
        self._engine = _Engine(self._chip)
        self._stop, _ = _CHIP._native_run_flags(self._chip)
        self._glance = self._chip.clock.create_alarm(self._look)
        self._until = 0.0
        self._locked_up = False
        self.power_cycle()

    @property
    def usb(self) -> Any:
        """rp2040py's USB controller."""
        return self._chip.usb_ctrl

    @property
    def clock(self) -> Any:
        """rp2040py's clock."""
        return self._chip.clock

    @property
    def nanos(self) -> float:
        """The chip's time."""
        nanos: float = self._chip.clock.nanos
        return nanos

    @property
    def asleep(self) -> bool:
        """Whether no core has anything to do before the next alarm or interrupt."""
        if self._locked_up:
            return True
        # A second core that was not started, or was put back into the boot ROM, is not in a WFE.
        chip = self._chip
        return bool(chip.core.waiting and (chip.core1.waiting or not chip.core1_running))

    @property
    def next_alarm(self) -> float | None:
        """Nanoseconds to whatever happens next in a chip that sleeps, or None if nothing will."""
        clock = self._chip.clock
        return clock.nanos_to_next_alarm if clock.has_scheduled_alarm else None

    def run(self, nanos: float) -> None:
        """Runs for so much of the chip's time, or for some milliseconds of the wall clock's, or until `stop`."""
        self._stop[0] = 0
        nanos = max(nanos // _SLEEP_STEP_NANOS, 1.0) * _SLEEP_STEP_NANOS
        self._until = self.nanos + nanos
        self._glance.schedule(min(nanos, _GLANCE_NANOS))
        try:
            if self._locked_up:
                self._chip.clock.tick(nanos)
            else:
                _RUN(self._engine, _TICK_EACH_INSTRUCTION)
        except GuestFault as fault:
            self._take(fault)
        except WatchdogFired:
            self._tell("reset by the watchdog")
            # What the program has selected is reset; memory and the watchdog's own scratch registers stay.
            self._restart(ResetCause.WATCHDOG)
            self._chip.watchdog.write_uint32(_WATCHDOG_CONTROL, _WATCHDOG_OFF)
        finally:
            self._glance.cancel()

    def stop(self) -> None:
        """Ends the run that is under way at the next instruction."""
        self._stop[0] = 1

    def reset(self) -> None:
        """What the RUN pin does: everything but memory is as after switching on."""
        self._restart(ResetCause.RUN_PIN)

    def power_cycle(self) -> None:
        """Switches off and on again; what memory holds then is anybody's guess, and here it is zero."""
        sram: Any = self._chip.sram
        sram[:] = bytes(len(sram))
        self._restart(ResetCause.POWER_ON)

    def flash(self) -> bytes:
        """What the flash holds."""
        return bytes(self._flash[:FLASH_BYTES])

    def flash_changed(self) -> bool:
        """Whether the program has begun to erase or program something since the last call."""
        changed = self._window.changed
        self._window.changed = False
        return changed

    def _look(self) -> None:
        """Called now and then during a run: ends it in time, and ends a sleep that rp2040py should have ended."""
        left = self._until - self.nanos
        if left <= 0:
            self.stop()
        else:
            self._glance.schedule(min(left, _GLANCE_NANOS))
        core = self._chip.core
        # With interrupts masked, one that is pending already ends a WFI at once. rp2040py waits for one that comes.
        if core.waiting and core.pm and not core.event_wait and core.pending_interrupts & core.enabled_interrupts:
            core.interrupts_updated = True
            core.waiting = False

    # --- faults and restarts -----------------------------------------------------------------------------------------

    def _restart(self, cause: ResetCause) -> None:
        # A word written to address 0 changes nothing on the chip, but rp2040py stores it.
        self._chip.bootrom[: len(self._rom)] = self._rom
        self._locked_up = False
        # The core starts at the ROM's own vector then; rp2040py's `leave_reset` would skip the ROM.
        self._chip.enter_reset(cause=cause)

    def _take(self, fault: GuestFault) -> None:
        core = self._chip.core
        jumped_there = isinstance(fault, BusError) and core.pc & ~3 == fault.address
        if not jumped_there:
            # rp2040py counts on before it executes; only instructions of two bytes get here.
            core.pc -= 2
        where = f"{fault} at pc {core.pc:#010x}, lr {core.lr:#010x}"
        if core.ipsr in (_NMI, _HARD_FAULT):
            self._lock_up(f"{where}, within a HardFault")
            return
        core.waiting = False
        try:
            core.exception_entry(_HARD_FAULT)
        except GuestFault as second:
            self._lock_up(f"{where}; no HardFault handler could be entered: {second}")
            return
        self._tell(f"HardFault: {where}")

    def _lock_up(self, why: str) -> None:
        self._locked_up = True
        self._tell(f"lockup: {why}; only a reset ends it")

    def _on_break(self, number: int) -> None:
        raise BreakpointReached(f"breakpoint or UDF, number {number}")

    def _on_watchdog(self) -> None:
        raise WatchdogFired
