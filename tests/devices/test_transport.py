"""Tensors on their way through the loopback firmware: every byte, every size, and fast enough."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.protocol.payload import crc32, crc_text
from tests.devices.steps import echo, open_model
from tests.support.loopback_model import arena_for, loopback_model

# Around USB's packets and buffers, the device's blocks, and base64's chunks.
LIMITS = sorted(
    {
        base + step
        for base in (1, 63, 64, 127, 128, 191, 192, 255, 256, 511, 512, 1023, 1024, 2047, 2048, 3072, 4095, 4096, 6144)
        for step in (0, 1)
    }
)
BIG = 65_000
MODELS = [(f"echo{size}", loopback_model(size)) for size in [*LIMITS, 9216, BIG]]


def staged(client, session, data):
    """Stages an input and returns how long that took the device, in microseconds."""
    arguments = {"session": str(session), "index": "0", "bytes": str(len(data)), "crc": crc_text(crc32(data))}
    return client.request("input", arguments, payload=data, seconds=60).final["us"]


def test_nine_kilobytes_reach_the_tensor_at_half_a_megabyte_per_second(client):
    session = open_model(client, "echo9216")
    for seed in range(3):
        data = random.Random(seed).randbytes(9216)
        assert 9216 / staged(client, session, data) >= 0.5, "bytes per microsecond of the device's time"


def test_sixty_kilobytes_do_so_too(client):
    session = open_model(client, f"echo{BIG}", arena_for(BIG))
    assert BIG / staged(client, session, random.Random(1).randbytes(BIG)) >= 0.5


@pytest.mark.parametrize("size", LIMITS)
def test_every_size_around_the_limits_comes_back(client, size):
    session = open_model(client, f"echo{size}", arena_for(size))
    for data in (random.Random(size).randbytes(size), b"\n" * size, b"\x1e" * size):
        assert echo(client, session, data) == data


@pytest.mark.parametrize("size", [9216, BIG])
def test_big_tensors_come_back(client, size):
    session = open_model(client, f"echo{size}", arena_for(size))
    data = random.Random(size).randbytes(size)
    assert echo(client, session, data) == data


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(min_size=256, max_size=256))
def test_any_bytes_come_back(client, data):
    session = open_model(client, "echo256")
    assert echo(client, session, data) == data
    client.close_model(session)
