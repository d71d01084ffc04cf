"""Counts a model's resource variables the way TFLM tells them apart."""

from __future__ import annotations

from collections.abc import Iterable

from harness.errors import ModelRejected

# Container and shared name of a VAR_HANDLE as the file has them; None where it has none.
Handle = tuple["bytes | None", "bytes | None"]


def count_resource_variables(handles: Iterable[Handle]) -> int:
    """How many resource variables TFLM creates for these VAR_HANDLEs, in the order in which they are prepared.

    As `MicroResourceVariables::FindId` does (tensorflow/lite/micro/micro_resource_variable.cc): a handle without
    container is the first variable of the same shared name; otherwise both names count.

    Raises:
        ModelRejected: TFLM would compare with a null pointer and crash: a handle without shared name, or a handle
            with a container after a variable that was created without one.
    """
    by_both: dict[tuple[bytes | None, bytes], int] = {}
    by_name: dict[bytes, int] = {}
    count = 0
    one_without = False
    for container, shared_name in handles:
        if shared_name is None:
            raise ModelRejected("a VAR_HANDLE has no shared_name: TFLM would crash on it")
        # TFLM compares C strings, which end at the first NUL.
        name = shared_name.partition(b"\0")[0]
        if container is None:
            found = by_name.get(name)
        else:
            container = container.partition(b"\0")[0]
            found = by_both.get((container, name))
            # TFLM compares with all variables up to the one it finds; those without container come after it, if any.
            if found is None and one_without:
                raise ModelRejected(
                    f"the VAR_HANDLE {_show(name)} has a container and an earlier one has none: TFLM would crash on it",
                    advice='write the container "" in every VAR_HANDLE',
                )
        if found is None:
            by_both.setdefault((container, name), count)
            by_name.setdefault(name, count)
            one_without = one_without or container is None
            count += 1
    return count


def _show(name: bytes) -> str:
    return repr(name.decode("utf-8", "replace"))
