"""The child process: holds TFLM interpreters and obeys its parent. Started by `harness.tflm.child`.

It may be killed by TFLM at any call, so it keeps nothing that the parent could not do without.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

# The words in which TFLM's RecordingMicroAllocator::PrintAllocations() speaks, and our names for them.
_CATEGORIES = {
    "TfLiteEvalTensor data": "eval_tensors",
    "Persistent TfLiteTensor data": "persistent_tensors",
    "Persistent TfLiteTensor quantization data": "quantization",
    "Persistent buffer data": "persistent_buffers",
    "TfLiteTensor variable buffer data": "variables",
    "NodeAndRegistration struct": "node_registrations",
    "Operator runtime data": "op_data",
    "Persistent compression data": "compression",
}
_TOTAL = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")
_CATEGORY = re.compile(r"'([^']+)' used (\d+) bytes")


class _Session:
    """One interpreter."""

    def __init__(self, model: bytes, arena: int, preserve: bool, variables: int, inputs: int, outputs: int) -> None:
        from tflite_micro.python.tflite_micro import _runtime

        # The wheel's public Interpreter counts resource variables itself and cannot be told; the class below it can.
        config = _runtime.PythonInterpreterConfig
        self._interpreter = _runtime.InterpreterWrapper(
            model, [], arena, variables, config.kPreserveAllTensors if preserve else config.kAllocationRecording, 0
        )
        self._recorded = not preserve
        self._input_details = [self._interpreter.GetInputTensorDetails(i) for i in range(inputs)]
        self._output_details = [self._interpreter.GetOutputTensorDetails(i) for i in range(outputs)]

    def describe(self) -> dict[str, Any]:
        return {
            "arena": self._arena(),
            "inputs": [self._tensor(details) for details in self._input_details],
            "outputs": [self._tensor(details) for details in self._output_details],
        }

    def invoke(
        self,
        inputs: list[bytes],
        warmup: int,
        repeats: int,
        beat: Callable[[], None],
        feed: Sequence[tuple[int, int]] = (),
        direct: bool = False,
    ) -> dict[str, Any]:
        """Invokes with the inputs, and with fed outputs as docs/protocol.md has it.

        Returns:
            Durations of the repeats and of their feeding in nanoseconds, the outputs of the last, and by its index the
            bytes of each fed input; one message for all of a step.
        """
        interpreter = self._interpreter
        arrays = [
            np.frombuffer(data, dtype=details["dtype"]).reshape(details["shape"])
            for data, details in zip(inputs, self._input_details, strict=True)
        ]
        fed = {target for _, target in feed}
        ticks: list[int] = []
        feed_ticks = 0
        for number in range(warmup + repeats):
            # TFLM may have used an input's memory for something else by now. What was fed directly is in its place.
            for index, array in enumerate(arrays):
                if index not in fed or (direct and number == 0):
                    interpreter.SetInputTensor(array, index)
            feeding = self._put_fed(arrays, fed) if not direct else 0
            begin = time.perf_counter_ns()
            interpreter.Invoke()
            end = time.perf_counter_ns()
            feeding += self._feed_back(arrays, feed, direct)
            if number >= warmup:
                ticks.append(end - begin)
                feed_ticks += feeding
            beat()
        outputs = [interpreter.GetOutputTensor(index).tobytes() for index in range(len(self._output_details))]
        return {
            "ticks": ticks,
            "outputs": outputs,
            "feed_ticks": feed_ticks,
            "fed": {index: arrays[index].tobytes() for index in fed},
        }

    def _put_fed(self, arrays: list[np.ndarray[Any, Any]], fed: Collection[int]) -> int:
        """Puts what was copied aside where it belongs; returns nanoseconds."""
        begin = time.perf_counter_ns()
        for index in fed:
            self._interpreter.SetInputTensor(arrays[index], index)
        return time.perf_counter_ns() - begin

    def _feed_back(self, arrays: list[np.ndarray[Any, Any]], feed: Sequence[tuple[int, int]], direct: bool) -> int:
        """Makes outputs the next inputs, in `arrays` and, if directly, in the tensors too; returns nanoseconds."""
        begin = time.perf_counter_ns()
        for source, target in feed:
            arrays[target] = self._interpreter.GetOutputTensor(source)
            if direct:
                self._interpreter.SetInputTensor(arrays[target], target)
        return time.perf_counter_ns() - begin

    def reset(self) -> None:
        if self._interpreter.Reset() != 0:
            raise RuntimeError("Reset() failed")

    def _arena(self) -> dict[str, Any]:
        if not self._recorded:
            return {"used": None, "head": None, "tail": None, "categories": {}}
        text = _captured_stderr(self._interpreter.PrintAllocations)
        figures = {key: int(value) for key, value in _TOTAL.findall(text)}
        categories = {_CATEGORIES.get(key, key): int(value) for key, value in _CATEGORY.findall(text)}
        return {
            "used": figures["total"],
            "head": figures["head"],
            "tail": figures["tail"],
            "categories": categories,
        }

    @staticmethod
    def _tensor(details: dict[str, Any]) -> dict[str, Any]:
        dtype = np.dtype(details["dtype"])
        shape = [int(size) for size in details["shape"]]
        return {"dtype": dtype.name, "shape": shape, "bytes": int(np.prod(shape, dtype=np.int64)) * dtype.itemsize}


def _captured_stderr(action: Callable[[], object]) -> str:
    """What `action` writes to file descriptor 2, which is where TFLM's C++ code writes."""
    saved = os.dup(2)
    catcher = os.memfd_create("allocations")
    try:
        os.dup2(catcher, 2)
        try:
            action()
        finally:
            os.dup2(saved, 2)
        os.lseek(catcher, 0, os.SEEK_SET)
        return os.read(catcher, 64 * 1024).decode("utf-8", "replace")
    finally:
        os.close(saved)
        os.close(catcher)


def _print_lines(lines: int, length: int, beat: Callable[[], None]) -> None:
    """Prints where TFLM's C++ code prints."""
    for number in range(lines):
        line = f"line {number:06d} ".ljust(length - 1, ".")[: length - 1] + "\n"
        os.write(2, line.encode("ascii"))
        beat()


def _clock_figures() -> dict[str, int]:
    """What the clock is worth that invokes are timed with, in nanoseconds."""
    looks = [time.perf_counter_ns() for _ in range(1000)]
    steps = [later - earlier for earlier, later in pairwise(looks) if later > earlier]
    empty = []
    for _ in range(101):
        begin = time.perf_counter_ns()
        end = time.perf_counter_ns()
        empty.append(end - begin)
    empty.sort()
    return {
        "resolution_ticks": min(steps, default=0),
        "overhead_ticks": empty[len(empty) // 2],
        "overhead_max_ticks": empty[-1],
        "subtracted_ticks": 0,
    }


def _serve(connection: Connection, beat_seconds: float) -> None:
    sessions: dict[int, _Session] = {}
    last_beat = time.monotonic()

    def beat() -> None:
        nonlocal last_beat
        if time.monotonic() - last_beat > beat_seconds:
            last_beat = time.monotonic()
            connection.send(("beat", None))

    while True:
        try:
            operation, session, arguments = connection.recv()
        except (EOFError, OSError):
            return
        try:
            result: Any = None
            if operation == "open":
                opened = _Session(**arguments)
                result = opened.describe()
                sessions[session] = opened
            elif operation == "invoke":
                result = sessions[session].invoke(**arguments, beat=beat)
            elif operation == "reset":
                sessions[session].reset()
            elif operation == "log":
                _print_lines(**arguments, beat=beat)
            elif operation == "clock":
                result = _clock_figures()
            elif operation == "close":
                del sessions[session]
        # Whatever TFLM's binding raises is the parent's to judge; the child lives on.
        except Exception as error:  # noqa: BLE001
            connection.send(("error", f"{error}"))
        else:
            connection.send(("ok", result))


def _die_with_parent(parent: int) -> None:
    """Linux only, as the wheel is: no child outlives a parent that was killed."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


def main() -> None:
    """Entry point: arguments are the connection's file descriptor, the parent's process id, and seconds between two
    signs of life."""
    _die_with_parent(int(sys.argv[2]))
    # Ctrl-C in the terminal goes to the whole group; it is the parent who decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _serve(Connection(int(sys.argv[1])), float(sys.argv[3]))


if __name__ == "__main__":
    main()
