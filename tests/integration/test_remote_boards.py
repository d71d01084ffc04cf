"""A board on another computer: the same tests through a real server of its serial port."""

from __future__ import annotations

import socket
import time

import numpy as np
import pytest

from harness.bench import Bench
from harness.boards.remote.board import RemoteBoard
from harness.boards.select import select
from harness.errors import BoardNotFound, FlashFailed, LinkLost, SessionClosed
from harness.models.library import ModelLibrary
from tests.integration.conftest import MODELS
from tests.support.serial_server import SerialServer

ZEROS = np.zeros((1, 1), np.int8)


@pytest.fixture
def remote(server):
    """A bench with the board on the other side."""
    bench = Bench(RemoteBoard(server.url), ModelLibrary([MODELS]))
    yield bench
    bench.close()


def test_a_model_runs_there_as_it_does_here(remote, reference):
    sequence = np.arange(-40, 40, dtype=np.int8).reshape(80, 1, 1, 1)
    session = remote.open("lstm_seq_int8")
    session.run(sequence).assert_equals(reference("lstm_seq_int8").run(sequence))
    assert remote.conditions.kind == "pico"


def test_every_byte_comes_through(remote):
    """Telnet escapes 255, and text terminals take 13, 10, 17 and 19 for themselves."""
    session = remote.open("sine_int8")
    for value in range(-128, 128):
        session.invoke(np.full((1, 1), value, np.int8))


def test_dtr_is_set_where_the_protocol_has_it(server, remote):
    remote.open("sine_int8")
    assert server.dtr is True


def test_what_is_not_on_the_board_is_said_with_where_to_flash(remote):
    session = remote.open("sine_int8")
    with pytest.raises(FlashFailed) as failure:
        remote.open("svdf_int8")
    assert "not on the board: svdf_int8" in failure.value.message
    assert "on the computer that it is plugged into: `tflm-hil flash" in failure.value.advice
    # It was not ended for a flashing that cannot be.
    session.invoke(ZEROS)


def test_a_server_that_hangs_up_is_connected_again(server, remote):
    session = remote.open("sine_int8")
    server.hang_up()
    with pytest.raises((LinkLost, SessionClosed)):
        for _ in range(100):
            session.invoke(ZEROS)
    remote.ensure_ready()
    remote.open("sine_float").invoke(np.zeros((1, 1), np.float32))
    assert server.served >= 2


def test_a_device_that_restarts_is_connected_again(host, remote):
    remote.open("sine_int8").invoke(ZEROS)
    host.recover()
    remote.ensure_ready()
    remote.open("sine_int8").invoke(ZEROS)


def test_nobody_there_is_said_at_once():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for scheme in ("rfc2217", "socket"):
        with pytest.raises(BoardNotFound, match=f"{scheme}://127.0.0.1:{port} cannot be opened"):
            select(f"{scheme}://127.0.0.1:{port}").connect()


def test_a_peer_that_says_nothing_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"rfc2217://127.0.0.1:{listener.getsockname()[1]}?timeout=0.3"
        began = time.monotonic()
        with pytest.raises(BoardNotFound, match="does not seem to support RFC2217"):
            select(url).connect()
        assert time.monotonic() - began < 10


def test_a_port_without_modem_lines_takes_an_option_that_the_error_names(host):
    server = SerialServer(lambda: host._port, rfc2217=True, lines=False)
    try:
        with pytest.raises(BoardNotFound, match="option 'control'") as failure:
            select(f"{server.url}?timeout=0.5").connect()
        assert f"write {server.url}?timeout=0.5&ign_set_control;" in failure.value.advice
        board = select(f"{server.url}?ign_set_control")
        try:
            assert board.connect().identify().engine == "tflm"
        finally:
            board.close()
    finally:
        server.close()


@pytest.mark.parametrize("url", ["rfc2217://", "socket://host", "rfc2217://:1", "socket://[::1", "socket://h:99999"])
def test_an_address_that_is_none_is_said(url):
    with pytest.raises(BoardNotFound, match="HOST:PORT expected"):
        select(url)


@pytest.fixture
def reference():
    from harness.models.reference import Reference, ReferenceEngine

    engine = ReferenceEngine()
    library = ModelLibrary([MODELS])
    yield lambda name: Reference(engine, library.find(name))
    engine.close()
