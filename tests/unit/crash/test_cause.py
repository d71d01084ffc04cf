from types import SimpleNamespace

import pytest

from harness.crash.cause import find_cause
from harness.errors import BoardNotFound, DeviceCrashed, DeviceTimeout, LinkLost
from harness.protocol.messages import Crash
from tests.unit.crash.test_report import IDENTITY


class Client:
    """A connection to a device that tells of a crash, or of none."""

    def __init__(self, crash):
        self.crash = crash
        self.closed = False

    def identify(self, **_):
        return IDENTITY

    def close(self):
        self.closed = True


class Board(SimpleNamespace):
    firmware = None

    def connect(self):
        if isinstance(self.client, Exception):
            raise self.client
        return self.client


def cause_of(error, client):
    return find_cause(error, Board(client=client), command="invoke #7", conditions="here", log=["last"])


@pytest.mark.parametrize("error", [LinkLost("port x hung up"), DeviceTimeout("an answer", 1)])
def test_a_crash_that_the_device_tells_of_is_the_cause_and_one_goes_on_with_it(error):
    client = Client(Crash("HardFault"))
    cause = cause_of(error, client)
    assert isinstance(cause.error, DeviceCrashed) and cause.error.reason == "HardFault"
    assert (cause.error.command, cause.error.log) == ("invoke #7", ("last",)) and "on here" in cause.error.message
    assert cause.back is not None and cause.back.client is client and cause.back.identity is IDENTITY
    assert not client.closed


@pytest.mark.parametrize(
    ("client", "words"),
    [(Client(None), "came back without a crash record"), (BoardNotFound("no port"), "did not come back: no port")],
)
def test_without_one_a_lost_link_says_what_became_of_the_board(client, words):
    lost = LinkLost("port x hung up")
    cause = cause_of(lost, client)
    assert cause.error is lost and cause.back is None
    assert lost.message == f"port x hung up; the board {words}"
    assert not isinstance(client, Client) or client.closed


def test_without_one_a_timeout_stays_what_it_is():
    late = DeviceTimeout("an answer", 1)
    said = late.message
    assert cause_of(late, Client(None)).error is late and late.message == said
