"""How a model's state gets from one invoke to the next, from its graph."""

from __future__ import annotations

import re
from collections.abc import Iterable

from harness.errors import Misuse
from harness.models.feed import COPIES, Feed, check_feed
from harness.models.tflite import TensorSpec, TfliteModel

# What converters and people put around the name of a state that goes in and comes out.
_NUMBER = re.compile(r":[0-9]+$")
_PREFIX = re.compile(r"^(serving_default_|StatefulPartitionedCall_)")
_BEFORE = re.compile(r"_(in|input|prev|old)$")
_AFTER = re.compile(r"_(out|output|next|new)$")


def feed_by_name(model: TfliteModel) -> tuple[tuple[int, int], ...]:
    """Pairs of output and input that by their names are one state: `h_next` and `h`, `state_out` and `state_in`.

    Only tensors of one type and shape are paired, and only where a name is there once.

    Raises:
        Misuse: their bytes do not mean the same: see `check_meaning`.
    """
    inputs = _by_name(model.inputs, _BEFORE)
    outputs = _by_name(model.outputs, _AFTER)
    pairs = []
    for name, target in sorted(inputs.items(), key=lambda item: item[1]):
        source = outputs.get(name)
        if source is None:
            continue
        before, after = model.inputs[target], model.outputs[source]
        if (before.dtype, before.shape) == (after.dtype, after.shape):
            pairs.append((source, target))
    return check_meaning(pairs, model)


def check_meaning(feed: Feed, model: TfliteModel) -> tuple[tuple[int, int], ...]:
    """The feed, checked: bytes of an output mean the same as an input's.

    Raises:
        TensorMismatch, Misuse: as of `check_feed`.
        Misuse: scale or zero point differ.
    """
    pairs = check_feed(feed, COPIES[0], model)
    for source, target in pairs:
        before, after = model.inputs[target], model.outputs[source]
        if before.quantization != after.quantization:
            raise Misuse(
                f"{model.name}: output {source} ({after.name}) and input {target} ({before.name}) of the same "
                f"quantisation expected, {after.quantization} and {before.quantization} came: fed back, bytes would "
                "mean something else",
                advice="convert the model with the same scale and zero point for a state that goes in and comes out",
            )
    return pairs


def _by_name(specs: Iterable[TensorSpec], ending: re.Pattern[str]) -> dict[str, int]:
    """Places of tensors by what their name is without ornaments, of names that are there once."""
    names = [ending.sub("", _PREFIX.sub("", _NUMBER.sub("", spec.name))) for spec in specs]
    return {name: index for index, name in enumerate(names) if name and names.count(name) == 1}
