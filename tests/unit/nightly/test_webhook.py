"""The chat hears the line, or the reason is told; it neither holds the night up nor learns more than the line."""

import json
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from time import monotonic

import pytest

from harness.nightly.webhook import post_line

LONG = 30.0


@contextmanager
def chat(answer):
    """A chat on this computer: `answer(handler)` after the request was read. Gives its address and what it got."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, self.headers["Content-Type"], json.loads(body)))
            answer(self)

        def do_GET(self):
            got.append("followed")
            answer(self)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/secret", got
    finally:
        server.shutdown()
        thread.join(LONG)
        server.server_close()


def status(code, **headers):
    def answer(handler):
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()

    return answer


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("field", ["text", "content"])
def test_it_gets_the_line(field):
    with chat(status(204)) as (url, got):
        assert post_line(url, "PASSED", field=field) is None
    assert got == [("/secret", "application/json", {field: "PASSED"})]


@pytest.mark.parametrize("code", [404, 500])
def test_a_refusal_is_told_without_the_secret(code):
    with chat(status(code)) as (url, _):
        assert post_line(url, "PASSED") == f"webhook: 127.0.0.1: status {code}"


def test_it_is_not_sent_elsewhere():
    with chat(status(302, Location="/elsewhere")) as (url, got):
        assert post_line(url, "PASSED") == "webhook: 127.0.0.1: status 302"
    assert len(got) == 1


@pytest.mark.parametrize("trickle", [b"", b"HTTP/1.1 2"])
def test_a_chat_that_never_comes_to_an_end_is_given_up(trickle):
    let_go = threading.Event()

    def answer(handler):
        # A byte now and then, each of them in time for a socket's timeout.
        while not let_go.wait(0.02):
            with suppress(OSError):
                handler.wfile.write(trickle)

    with chat(answer) as (url, _):
        begin = monotonic()
        said = post_line(url, "PASSED", seconds=0.3)
        took = monotonic() - begin
        let_go.set()
    assert took < LONG / 2
    assert said in ("webhook: 127.0.0.1: no answer within 0 s", "webhook: 127.0.0.1: TimeoutError")


def test_a_chat_that_says_nonsense():
    with chat(lambda handler: handler.wfile.write(b"\x00\xff nonsense\r\n\r\n")) as (url, _):
        assert post_line(url, "PASSED") == "webhook: 127.0.0.1: BadStatusLine"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://chat.example/x", "chat.example", "http://", "https:///x"])
def test_only_http(url):
    assert post_line(url, "PASSED") == "webhook: an http or https address expected in TFLM_HIL_WEBHOOK"


def test_nobody_there():
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    port = server.server_port
    server.server_close()
    said = post_line(f"http://user:secret@127.0.0.1:{port}/secret", "PASSED")
    assert said is not None and said.startswith("webhook: 127.0.0.1: ") and "secret" not in said
