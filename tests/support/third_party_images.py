"""Images that are not ours: where `make test-images`, or the tests in tests/third_party_image, leave them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "test-images"


def why_not_built(name: str) -> str | None:
    """One line that says why a test cannot have that image, or None."""
    return None if image_path(name).exists() else f"no {image_path(name).relative_to(ROOT)}; run: make test-images"


def image_path(name: str) -> Path:
    """Where an image is, or would be."""
    return BUILD / f"{name}.uf2"
