"""Emulated boards with the loopback firmware."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.boards.emulator.availability import why_unavailable
from harness.flash.pack import ModelPack
from tests.support.firmware_images import load_image, why_no_image


def demand(engine):
    """The firmware of an engine; skips the test where no emulated board can run it."""
    reason = why_unavailable() or why_no_image(engine)
    if reason is not None:
        pytest.skip(reason)
    return load_image(engine)


def make_emulator(firmware, directory, *, name="emulator-0", models=()):
    """A board with this firmware and these models, given as pairs of name and bytes; None leaves its flash alone."""
    from harness.boards.emulator.board import EmulatorBoard

    board = EmulatorBoard(firmware, name, Path(directory))
    board.firmware = firmware
    try:
        if models is not None:
            board.flash(board.image(ModelPack(models)))
    except BaseException:
        board.close()
        raise
    return board


@pytest.fixture(scope="session")
def loopback():
    """The loopback firmware."""
    return demand("loopback")


@pytest.fixture
def own_boards(loopback, tmp_path):
    """Makes boards of the test's own: `own_boards("emulator-3", models)`."""
    boards = []

    def make(name="emulator-0", models=(), firmware=loopback):
        boards.append(make_emulator(firmware, tmp_path, name=name, models=models))
        return boards[-1]

    yield make
    for board in boards:
        board.close()


@pytest.fixture(scope="module")
def module_board(request, loopback, tmp_path_factory):
    """A board for all tests of a module, with the models that the module lists in `MODELS`."""
    board = make_emulator(loopback, tmp_path_factory.mktemp("board"), models=getattr(request.module, "MODELS", ()))
    yield board
    board.close()


@pytest.fixture
def board(module_board):
    """The module's board, just started: nothing is left of the test before, not even a record number."""
    module_board.power_cycle()
    return module_board


@pytest.fixture
def client(board):
    """A client on the module's board."""
    client = board.connect()
    client.identify()
    return client


def pytest_collection_modifyitems(items):
    # What needs no firmware image is told apart, because it runs with the harness's own tests too.
    for item in items:
        if not item.path.is_relative_to(Path(__file__).parent):
            continue
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        if "host" not in parameters:
            item.add_marker(pytest.mark.emulated)
