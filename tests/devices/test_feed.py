"""Outputs that become inputs on the device (`feed`), with a model whose outputs lie where its inputs lay."""

import pytest

from harness.errors import DeviceError
from tests.devices.steps import SECONDS, count_of
from tests.support.loopback_model import loopback_model, swap_model

MODELS = [("swap", swap_model(4)), ("copy", loopback_model(4)), ("wide", loopback_model(8))]
BOTH = ((0, 0), (1, 1))
RIGHT = {1: (b"\x01" * 4, b"\x10" * 4), 2: (b"\x02" * 4, b"\x20" * 4), 5: (b"\x05" * 4, b"\x50" * 4)}


def opened(client, name, *, preserve=False):
    told = client.open(name, arena=4096, preserve_all_tensors=preserve, resource_variables=0)
    for tensor in told.inputs:
        client.write_input(told.opened.session, tensor.index, bytes(tensor.bytes))
    return told.opened.session


def invoke(client, session, feed=BOTH, *, copy="staged", warmup=0, repeats=1):
    times = client.invoke(session, warmup=warmup, repeats=repeats, profile=False, seconds=SECONDS, feed=feed, copy=copy)
    return times.feed_ticks


def outputs(client, session):
    return tuple(client.read_output(session, index) for index in (0, 1))


@pytest.mark.parametrize("order", [BOTH, BOTH[::-1]])
def test_copied_aside_first_a_feed_is_right_in_any_order(client, order):
    session = opened(client, "swap")
    invoke(client, session, order)
    assert outputs(client, session) == RIGHT[1]
    invoke(client, session, order)
    assert outputs(client, session) == RIGHT[2]
    invoke(client, session, order, warmup=1, repeats=2)
    assert outputs(client, session) == RIGHT[5]


def test_copied_from_tensor_to_tensor_an_output_is_lost_that_lies_where_an_input_does(client):
    """Output 0 goes to input 0, where output 1 lies: what is copied next, and what the host reads, is output 0."""
    session = opened(client, "swap")
    invoke(client, session, copy="direct")
    assert outputs(client, session) == (b"\x01" * 4, b"\x01" * 4)
    invoke(client, session, copy="direct")
    assert outputs(client, session) != RIGHT[2]


def test_from_tensor_to_tensor_is_right_where_no_memory_is_used_again(client):
    session = opened(client, "swap", preserve=True)
    invoke(client, session, copy="direct", warmup=1)
    assert outputs(client, session) == RIGHT[2]
    invoke(client, session, copy="direct", repeats=3)
    assert outputs(client, session) == RIGHT[5]


@pytest.mark.parametrize("before", ["staged", "direct"])
@pytest.mark.parametrize("after", ["staged", "direct"])
def test_a_feed_goes_on_from_where_the_last_one_left(client, before, after):
    session = opened(client, "swap", preserve=True)
    invoke(client, session, copy=before, repeats=3)
    invoke(client, session, copy=after, repeats=2)
    assert outputs(client, session) == RIGHT[5]


def test_after_a_feed_an_invoke_without_one_keeps_its_inputs(client):
    session = opened(client, "swap", preserve=True)
    invoke(client, session, copy="direct", repeats=4)
    invoke(client, session, (), repeats=3)
    assert outputs(client, session) == RIGHT[5]


@pytest.mark.parametrize("copy", ["staged", "direct"])
def test_an_input_that_is_given_again_counts_and_not_what_was_fed(client, copy):
    session = opened(client, "swap", preserve=True)
    invoke(client, session, copy=copy, repeats=3)
    client.write_input(session, 0, b"\x20" * 4)
    invoke(client, session, copy=copy)
    assert outputs(client, session) == (b"\x21" * 4, b"\x40" * 4)


def test_inputs_that_are_not_fed_are_staged_as_ever(client):
    session = opened(client, "swap")
    invoke(client, session, ((1, 1),), repeats=5)
    assert outputs(client, session) == (RIGHT[1][0], RIGHT[5][1])


def test_the_time_of_feeding_is_told_and_is_not_in_the_time_of_an_invoke(client):
    session = opened(client, "copy")
    plain = client.invoke(session, warmup=1, repeats=4, profile=False, seconds=SECONDS)
    fed = client.invoke(session, warmup=1, repeats=4, profile=False, seconds=SECONDS, feed=((0, 0),))
    assert plain.feed_ticks == 0
    assert 0 < fed.feed_ticks < 4 * 2000
    assert fed.ticks == plain.ticks
    assert count_of(client, session) == 10


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"feed": "0"}, "pairs OUTPUT:INPUT"),
        ({"feed": "0:0,"}, "pairs OUTPUT:INPUT"),
        ({"feed": "0:0,1:0"}, "each input once"),
        ({"feed": "3:0"}, "no output 3"),
        ({"feed": "0:2"}, "no input 2"),
        ({"feed": "2:0"}, "output 2 has 4 bytes of uint32, input 0 has 4 of uint8"),
        ({"feed": "0:0", "copy": "sideways"}, "staged or direct"),
    ],
)
def test_a_feed_that_is_none_is_refused(client, arguments, why):
    session = opened(client, "swap")
    with pytest.raises(DeviceError, match=why) as refused:
        client.request("invoke", {"session": str(session), **arguments})
    assert refused.value.code == "bad_argument"


def test_tensors_of_different_sizes_cannot_be_fed(client):
    session = opened(client, "wide")
    with pytest.raises(DeviceError, match="output 1 has 4 bytes of uint32, input 0 has 8 of uint8"):
        invoke(client, session, ((1, 0),))


def test_a_fed_input_that_was_never_given_is_missing(client):
    told = client.open("swap", arena=4096, preserve_all_tensors=False, resource_variables=0)
    client.write_input(told.opened.session, 0, bytes(4))
    with pytest.raises(DeviceError, match="input 1 was never given"):
        invoke(client, told.opened.session)
