import pytest

from tests.unit.boards.pico.tree import Tree


@pytest.fixture
def tree(tmp_path):
    """Virtual folders /sys and /dev, with nothing plugged in."""
    return Tree(tmp_path / "computer")


@pytest.fixture
def locks(tmp_path):
    """A folder of locks."""
    folder = tmp_path / "locks"
    folder.mkdir()
    return folder
