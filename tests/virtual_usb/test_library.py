"""The stand-in for libusb when the model is gone, stuck or talks nonsense; and the model when a process does."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import threading
import time

import pytest

from harness.deadline import Deadline
from tests.virtual_usb.steps import said

SEED = int(os.environ.get("VIRTUAL_USB_SEED", "1"))


@pytest.fixture
def model(bus, tmp_path_factory):
    """A socket in the model's place, with a function that serves each process; and picotool on it."""
    folder = tmp_path_factory.getbasetemp().parent
    path = f"/{os.path.relpath(folder, '/')}/s{os.getpid()}"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen()
    threads = []

    def run(serve, *arguments):
        def accept():
            connection, _ = listening.accept()
            with connection:
                serve(connection)

        threads.append(threading.Thread(target=accept))
        threads[-1].start()
        environment = bus.picotool_environment() | {"VIRTUAL_USB_SOCKET": path}
        return subprocess.run(
            ["picotool", *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    yield run
    for thread in threads:
        thread.join(60)
    listening.close()
    os.unlink(path)  # noqa: PTH108


def test_picotool_is_found_on_the_path_of_its_environment(bus, picotool):
    done = subprocess.run(
        ["picotool", "version"], env=bus.picotool_environment(), capture_output=True, text=True, timeout=60, check=True
    )
    assert ".".join(map(str, picotool.version)) in done.stdout


@pytest.mark.parametrize("name", [None, "/nonexistent/socket", "x" * 300])
def test_without_a_model_there_is_no_libusb(bus, picotool, name):
    environment = bus.picotool_environment()
    del environment["VIRTUAL_USB_SOCKET"]
    if name is not None:
        environment["VIRTUAL_USB_SOCKET"] = name
    done = subprocess.run(
        [picotool.path, "info"], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 250
    assert "Failed to initialise libUSB" in said(done)


def test_a_model_that_hangs_up_is_no_list_of_devices(model):
    done = model(lambda connection: None, "info")
    assert done.returncode == 250
    assert "Failed to enumerate USB devices" in said(done)


def test_a_model_that_does_not_answer_is_waited_for_only_so_long(model):
    gone = threading.Event()

    def hold(connection):
        while connection.recv(65536):
            pass
        gone.set()

    begun = time.monotonic()
    assert model(hold, "info").returncode == 250
    assert time.monotonic() - begun < 30
    assert gone.wait(20)


def test_nonsense_from_the_model_does_no_harm(model):
    noise = random.Random(SEED)
    for _ in range(30):

        def babble(connection):
            connection.settimeout(20)
            try:
                while connection.recv(65536):
                    count = noise.choice([0, 1, 2, 0x7FFFFFFF, 0xFFFFFFFC])
                    size = noise.choice([0, 1, 40, 100, 1000, 0xFFFFFFFF])
                    header = count.to_bytes(4, "little") + size.to_bytes(4, "little")
                    connection.sendall(header + noise.randbytes(min(size, 1000)))
                    if noise.random() < 0.1:
                        return
            except OSError:
                return

        # Ended by itself, and not by a wild pointer.
        assert model(babble, "info").returncode in (249, 250)


def test_a_bus_that_is_closed_ends_a_picotool_that_works_on_it(bus, bootsel, image, picotool):
    bootsel.faults.erase_seconds = 9
    command = [str(picotool.path), "load", str(image)]
    with subprocess.Popen(command, env=bus.picotool_environment(), stdout=subprocess.DEVNULL) as process:
        bus.wait_for(lambda: bootsel.counts.erased_sectors)
        bus.close()
        assert process.wait(20) != 0


def test_nonsense_from_a_process_does_no_harm(bus, bootsel):
    noise = random.Random(SEED)
    for size in (0, 1, 35, 36, 37, 1000, 100_000):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(bus.picotool_environment()["VIRTUAL_USB_SOCKET"])
            connection.sendall(noise.randbytes(size))
    for operation in range(10):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(bus.picotool_environment()["VIRTUAL_USB_SOCKET"])
            connection.sendall(operation.to_bytes(4, "little") + bytes(32))
            assert len(connection.recv(8)) == 8
    assert bus.picotool("info").returncode == 0


def test_a_picotool_that_is_killed_leaves_nothing_claimed(bus, bootsel, image, picotool):
    bootsel.faults.erase_seconds = 1
    command = [str(picotool.path), "load", str(image)]
    with subprocess.Popen(command, env=bus.picotool_environment(), stdout=subprocess.DEVNULL) as process:
        bus.wait_for(lambda: bootsel.counts.erased_sectors)
        process.kill()
    bootsel.faults.erase_seconds = 0
    # The kernel closes the socket for it, and then the model's thread takes its turn.
    deadline = Deadline(20)
    while bus.picotool("load", "-v", "-x", image).returncode != 0:
        assert not deadline.expired()
