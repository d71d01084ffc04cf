"""From what a device tells of a crash to the error that a person reads."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from harness.crash.symbols import Symbols
from harness.errors import DeviceCrashed
from harness.flash.firmware import Firmware
from harness.protocol.messages import Crash, Identity

# A register's name is that of a table in a report, not of a novel.
_MAX_NAME = 8
_EXCEPTION_RETURN = 0xFFFFFF00


def explain_crash(
    crash: Crash, identity: Identity, firmware: Firmware | None, *, command: str, conditions: str, log: Iterable[str]
) -> DeviceCrashed:
    """The error for a crash.

    Args:
        crash: what the device told.
        identity: what it said of itself when it told.
        firmware: that was brought onto the board, with its symbols; None where there is none.
        command: the line that was left without its answer, or "" to have the device's word for it.
        conditions: board, clock, build.
        log: the newest lines that the device sent before.
    """
    symbols = _symbols(firmware, identity)
    registers = {name[:_MAX_NAME]: value for name, value in crash.registers.items()}
    pc = registers.get("pc")
    place = None if pc is None else symbols.place(pc)
    # The link register is where the crashed function returns to, unless it has called others since, or is not known
    # (0), or an exception has left its own mark in it.
    callers = [("lr", lr)] if 0 < (lr := registers.get("lr", 0)) < _EXCEPTION_RETURN else []
    callers += [(f"#{number}", address) for number, address in enumerate(crash.backtrace)]
    frames = [_frame("pc", pc, str(place or ""))] if pc is not None else []
    frames += [_frame(name, address, str(symbols.place(address, is_return=True) or "")) for name, address in callers]
    return DeviceCrashed(
        crash.reason,
        command=command or crash.command,
        where=str(place or ""),
        op=crash.op,
        detail=crash.detail,
        stack_left=crash.stack_left,
        conditions=conditions,
        registers=registers,
        backtrace=frames,
        note=f"not all addresses have names: {symbols.problem}" if frames and symbols.problem else "",
        log=_last_words(list(log), crash.log),
    )


def summarize_crash(crash: Crash, identity: Identity, firmware: Firmware | None) -> str:
    """One line about a crash that nobody waits for."""
    pc = crash.registers.get("pc")
    place = None if pc is None else _symbols(firmware, identity).place(pc)
    parts: Iterable[str] = chain(
        [f" in {place}" if place else f" at {pc:#010x}" if pc is not None else ""],
        [f", operator {crash.op}" if crash.op else "", f", {crash.detail}" if crash.detail else ""],
        [f", while it ran `{crash.command}`" if crash.command else ""],
    )
    return crash.reason + "".join(parts)


def _frame(name: str, address: int, place: str) -> str:
    return f"{name:<4} {address:#010x} {place}".rstrip()


def _symbols(firmware: Firmware | None, identity: Identity) -> Symbols:
    if firmware is None:
        return Symbols(None, "no firmware file is known for this board")
    if firmware.build != identity.build:
        return Symbols(None, f"{firmware.path} is build {firmware.build}, the board runs {identity.build}")
    return Symbols(firmware.elf, firmware.elf_problem)


def _last_words(received: list[str], kept: list[str]) -> list[str]:
    """What the device said last: lines that came, and those that it kept because they may not have left it.

    A device keeps the end of its log over the restart. Most of that has usually arrived, between lines of others; the
    first line that it kept may lack its beginning.
    """
    arrived = 0
    for line in received:
        if arrived < len(kept) and (line.endswith(kept[0]) if arrived == 0 else line == kept[arrived]):
            arrived += 1
    return received + kept[arrived:]
