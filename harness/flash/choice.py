"""Which models go onto a board."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness.errors import ImageTooLarge, Misuse
from harness.flash.pack import ModelPack

if TYPE_CHECKING:
    from harness.models.tflite import TfliteModel


def by_name(models: Iterable[TfliteModel]) -> dict[str, TfliteModel]:
    """The models by their names.

    Raises:
        Misuse: two different ones have one name.
    """
    named: dict[str, TfliteModel] = {}
    for model in models:
        other = named.setdefault(model.name, model)
        if other.sha256 != model.sha256:
            raise Misuse(f"two different models have the name {model.name!r}", advice="rename one of the files")
    return named


def pack_of(wanted: dict[str, TfliteModel], kept: dict[str, TfliteModel]) -> ModelPack:
    """A pack of the models that are wanted, and of those that are on the board already as far as there is room.

    Raises:
        ImageTooLarge: those that are wanted do not fit.
    """
    chosen = dict(wanted)
    pack = ModelPack((name, model.data) for name, model in chosen.items())
    for name, model in kept.items():
        try:
            pack = ModelPack((name, model.data) for name, model in {**chosen, name: model}.items())
        except ImageTooLarge:
            continue
        chosen[name] = model
    return pack
