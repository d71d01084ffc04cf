"""Draws the small grey images that shapes_int8 classifies: a noisy circle, square, triangle or cross."""

from __future__ import annotations

import numpy as np

SIZE = 16  # pixels, both ways
CLASSES = ("circle", "square", "triangle", "cross")
TEST_IMAGES = 256
NOISE = 0.07  # standard deviation, where 1 is the step from black to white


def draw(random: np.random.RandomState, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Images [count, 16, 16, 1] uint8, 0 black to 255 white, and labels [count]: indices into CLASSES."""
    labels = np.arange(count) % len(CLASSES)
    images = np.stack([_draw_one(random, CLASSES[label]) for label in labels])
    return images, labels


def _draw_one(random: np.random.RandomState, name: str) -> np.ndarray:
    centre_x, centre_y = random.uniform(6, 9, 2)
    radius = random.uniform(4.5, 6.5)
    angle = random.uniform(-0.2, 0.2)  # radians
    background, contrast = random.uniform(0.1, 0.4), random.uniform(0.3, 0.5)
    if random.randint(2):
        background, contrast = background + contrast, -contrast  # dark on bright
    rows, columns = np.mgrid[:SIZE, :SIZE]
    u = (columns - centre_x) / radius
    v = (rows - centre_y) / radius
    u, v = u * np.cos(angle) + v * np.sin(angle), v * np.cos(angle) - u * np.sin(angle)
    image = background + contrast * _inside(name, u, v) + random.normal(0, NOISE, u.shape)
    return np.clip(np.rint(image * 255), 0, 255).astype(np.uint8)[:, :, None]


def _inside(name: str, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Which points (u, v) belong to the shape, whose radius is about 1; v points down."""
    if name == "circle":
        return u**2 + v**2 < 0.9
    if name == "square":
        return np.maximum(np.abs(u), np.abs(v)) < 0.85
    if name == "triangle":
        return (v < 0.75) & (v > 2 * np.abs(u) - 1)
    return (np.minimum(np.abs(u), np.abs(v)) < 0.3) & (np.maximum(np.abs(u), np.abs(v)) < 1)
