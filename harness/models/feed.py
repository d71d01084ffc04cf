"""Which outputs become inputs of the next invoke: for models whose state the application carries."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

from harness.errors import Misuse, TensorMismatch
from harness.models.steps import Array, Step
from harness.models.tflite import TfliteModel

# Pairs of output and input, in the order in which they are copied.
Feed = Sequence[tuple[int, int]]
COPIES = ("staged", "direct")
# A command's value has 64 characters.
_MAX_PAIRS = 10


def check_feed(feed: Feed, copy: str, model: TfliteModel) -> tuple[tuple[int, int], ...]:
    """The feed as numbers, checked against the model.

    Raises:
        Misuse: it is no list of pairs, an input is fed twice, or `copy` is none of `COPIES`.
        TensorMismatch: an output does not fit the input.
    """
    if copy not in COPIES:
        raise Misuse(f"copy: one of {', '.join(COPIES)} expected, {copy!r} came")
    try:
        pairs = tuple((operator.index(source), operator.index(target)) for source, target in feed)
    except (TypeError, ValueError):
        raise Misuse(f"feed: pairs of output and input expected, such as ((1, 1), (2, 2)), {feed!r:.80} came") from None
    if len(pairs) > _MAX_PAIRS:
        raise Misuse(f"feed: {_MAX_PAIRS} pairs at most expected, {len(pairs)} came")
    if len({target for _, target in pairs}) < len(pairs):
        raise Misuse(f"feed: each input once expected, {pairs} came")
    for source, target in pairs:
        if not (0 <= source < len(model.outputs) and 0 <= target < len(model.inputs)):
            raise TensorMismatch(
                f"feed: {model.name} has {len(model.outputs)} outputs and {len(model.inputs)} inputs, and no "
                f"{source}:{target}"
            )
        came, expected = model.outputs[source], model.inputs[target]
        if (came.dtype, came.nbytes) != (expected.dtype, expected.nbytes):
            raise TensorMismatch(
                f"feed: output {source} ({came.name}) is {came.dtype.name}{list(came.shape)}, input {target} "
                f"({expected.name}) {expected.dtype.name}{list(expected.shape)}"
            )
    return pairs


def unfed(feed: Feed, model: TfliteModel) -> list[int]:
    """The inputs that are not fed, in their order."""
    fed = {target for _, target in feed}
    return [index for index in range(len(model.inputs)) if index not in fed]


def all_inputs(feed: Feed, model: TfliteModel, given: Step, fed: Sequence[Array]) -> Step:
    """All inputs of an invoke in their order, of those that are not fed and those that are, each in their order."""
    values = dict(zip(unfed(feed, model), given, strict=True))
    values.update(zip(sorted(target for _, target in feed), fed, strict=True))
    return tuple(values[index] for index in range(len(model.inputs)))


def fed_outputs(feed: Feed, outputs: Sequence[Array]) -> Step:
    """Of an invoke's outputs those that are fed, in the order of the inputs that they become."""
    return tuple(outputs[source] for source, _ in sorted(feed, key=lambda pair: pair[1]))


def zeros(feed: Feed, model: TfliteModel) -> Step:
    """Real zeros for each fed input, in the order of the inputs."""
    specs = [model.inputs[target] for target in sorted(target for _, target in feed)]
    return tuple(
        np.full(spec.shape, 0 if spec.quantization is None else spec.quantization.zero_point, spec.dtype)
        for spec in specs
    )
