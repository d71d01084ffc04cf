"""Two hundred restarts, crashes and sessions on one emulated board: nothing is lost, nothing leaks."""

import gc
import os
import random
import threading
from pathlib import Path

import pytest

from harness.errors import LinkLost
from tests.devices.steps import SECONDS, count_of, echo, emulator_pid, function_at, log_lines, open_model, reboot
from tests.support.loopback_model import arena_for, loopback_model
from tests.support.processes import children

CYCLES = 200
SIZE = 2000
MODELS = [("echo", loopback_model(SIZE)), ("burn", loopback_model(4, 200_000))]
CRASHES = {
    "hardfault": ("HardFault", "ReadNowhere"),
    "undefined": ("HardFault", "Fault"),
    "panic": ("panic", None),
    "assert": ("assertion failed", None),
    "abort": ("abort", None),
    "stack": ("stack overflow", None),
    "half_record": ("HardFault", "ReadNowhere"),
}


def resources(board):
    """What this process and the emulator hold: file descriptors, threads, processes."""
    gc.collect()
    emulator = emulator_pid(board)
    return {
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": threading.active_count(),
        "children": sorted(children(os.getpid())),
        "emulator's descriptors": len(list(Path(f"/proc/{emulator}/fd").iterdir())),
        "emulator's threads": len(list(Path(f"/proc/{emulator}/task").iterdir())),
    }


def memory(board):
    """Bytes of memory that the emulator's process holds."""
    pages = int(Path(f"/proc/{emulator_pid(board)}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


class Cycle:
    """One board, cycle after cycle, each with another way to end."""

    def __init__(self, board):
        self.board = board
        self.random = random.Random(20261121)
        self.client = board.connect()
        self.number = 0
        self.crashes = 0

    def asked(self, verb, arguments=None):
        """Sends a command; its records continue the numbers of those before."""
        reply = self.client.request(verb, arguments, seconds=SECONDS)
        for record in [*reply.data, reply.final]:
            assert record["n"] == self.number
            self.number += 1
        return reply

    def work(self):
        """Opens, invokes, checks."""
        client = self.client
        sessions = [open_model(client, "echo", arena_for(SIZE)) for _ in range(self.random.randint(1, 4))]
        counts = dict.fromkeys(sessions, 0)
        for _ in range(3):
            session = self.random.choice(sessions)
            data = self.random.randbytes(SIZE)
            assert echo(client, session, data) == data
            counts[session] += 1
        for session, count in counts.items():
            if count:
                assert count_of(client, session) == count
        log_lines(client, 20, 90)
        return sessions

    def reconnect(self):
        self.client = self.board.connect()
        self.number = 0

    def crash(self, kind):
        with pytest.raises(LinkLost, match="hung up"):
            self.client.request("fault", {"kind": kind}, seconds=SECONDS)
        self.reconnect()
        crash = self.client.identify().crash
        reason, function = CRASHES[kind]
        assert crash is not None and crash.reason == reason
        assert crash.command.startswith(f"fault kind={kind} #")
        if function is not None and self.crashes % 10 == 0:
            assert function_at(self.board, crash.registers["pc"]) == function
        assert self.client.identify().crash is None
        self.crashes += 1

    def reboot(self):
        self.client = reboot(self.board, self.client)
        self.number = 0
        assert self.asked("identify").final["crash"] is None

    def close(self, sessions):
        for session in sessions:
            self.client.close_model(session)


def run(cycle, cycles):
    kinds = list(CRASHES)
    for step in range(cycles):
        sessions = cycle.work()
        match step % 4:
            case 0:
                cycle.crash(kinds[step // 4 % len(kinds)])
            case 1:
                cycle.reboot()
            case 2:
                cycle.close(sessions)
            case 3:
                cycle.board.recover()
                cycle.reconnect()
                assert cycle.client.identify().crash is None


@pytest.mark.timeout(600)
def test_two_hundred_cycles_lose_nothing_and_leak_nothing(board):
    cycle = Cycle(board)
    # What is made at first use is no leak.
    run(cycle, 28)
    before, bytes_before = resources(board), memory(board)
    run(cycle, CYCLES)
    assert resources(board) == before
    assert memory(board) < bytes_before + 8 * 2**20
    assert cycle.crashes == (28 + CYCLES) // 4


def test_a_thousand_sessions_on_one_start(board):
    client = board.connect()
    most = client.open("burn", arena=None, preserve_all_tensors=False, resource_variables=0).opened
    client.close_model(most.session)
    for number in range(1000):
        session = open_model(client, "burn", 64)
        assert session == most.session + 1 + number
        client.close_model(session)
    again = client.open("burn", arena=None, preserve_all_tensors=False, resource_variables=0).opened
    assert again.arena == most.arena
