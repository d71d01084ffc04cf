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
from collections.abc import Callable
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

    def invoke(self, inputs: list[bytes], warmup: int, repeats: int, beat: Callable[[], None]) -> dict[str, Any]:
        """Durations of the repeats in nanoseconds, and the outputs of the last; one message for all of a step."""
        interpreter = self._interpreter
        arrays = [
            np.frombuffer(data, dtype=details["dtype"]).reshape(details["shape"])
            for data, details in zip(inputs, self._input_details, strict=True)
        ]
        ticks: list[int] = []
        for number in range(warmup + repeats):
            # TFLM may have used an input's memory for something else by now.
            for index, array in enumerate(arrays):
                interpreter.SetInputTensor(array, index)
            begin = time.perf_counter_ns()
            interpreter.Invoke()
            end = time.perf_counter_ns()
            if number >= warmup:
                ticks.append(end - begin)
            beat()
        outputs = [interpreter.GetOutputTensor(index).tobytes() for index in range(len(self._output_details))]
        return {"ticks": ticks, "outputs": outputs}

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
