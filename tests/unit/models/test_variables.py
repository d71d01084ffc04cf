"""Resource variables, counted as TFLM does."""

from __future__ import annotations

import pytest

from harness.errors import ModelRejected
from harness.models.variables import count_resource_variables


@pytest.mark.parametrize(
    ("handles", "count"),
    [
        ([], 0),
        ([(b"", b"a")], 1),
        ([(b"", b"a"), (b"", b"a")], 1),
        ([(b"", b"a"), (b"", b"b")], 2),
        ([(b"x", b"a"), (b"y", b"a")], 2),
        # Without container: the first of that name.
        ([(b"x", b"a"), (None, b"a")], 1),
        ([(None, b"a"), (None, b"a"), (None, b"b")], 2),
        # C strings end at the first NUL.
        ([(b"", b"a\0b"), (b"", b"a\0c")], 1),
        # Found before TFLM comes to the one without container.
        ([(b"", b"a"), (None, b"b"), (b"", b"a")], 2),
    ],
)
def test_count(handles: list[tuple[bytes | None, bytes | None]], count: int) -> None:
    assert count_resource_variables(handles) == count


@pytest.mark.parametrize(
    "handles",
    [
        [(None, b"a"), (b"", b"a")],
        [(b"", b"a"), (None, b"b"), (b"", b"c")],
        [(None, b"b"), (b"x", b"a")],
    ],
)
def test_comparison_with_a_missing_container(handles: list[tuple[bytes | None, bytes | None]]) -> None:
    with pytest.raises(ModelRejected, match="an earlier one has none"):
        count_resource_variables(handles)


def test_missing_shared_name() -> None:
    with pytest.raises(ModelRejected, match="no shared_name"):
        count_resource_variables([(b"", None)])
