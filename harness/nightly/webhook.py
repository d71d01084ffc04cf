"""Tells a chat of the night: one POST with the line, which may fail, but neither hang nor hide the result."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

URL_VARIABLE = "TFLM_HIL_WEBHOOK"
FIELD_VARIABLE = "TFLM_HIL_WEBHOOK_FIELD"
# Slack, Mattermost, Rocket.Chat, Google Chat and Teams' workflows; Discord's is "content".
DEFAULT_FIELD = "text"
SECONDS = 20.0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The address is a secret, and what it is asked for another's: nothing is sent elsewhere."""

    def redirect_request(self, *_: Any) -> None:
        return None


def post_line(url: str, text: str, *, field: str = DEFAULT_FIELD, seconds: float = SECONDS) -> str | None:
    """Posts `{"text": LINE}`.

    Args:
        url: the webhook's address, http or https. It is a secret: no message shows more of it than the host.
        text: the line.
        field: the key that the chat wants.
        seconds: how long all of it may take, name look-up included.

    Returns:
        None, or why it failed.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"webhook: an http or https address expected in {URL_VARIABLE}"
    said: list[str | None] = []
    # Timeouts of sockets are per packet, and a name's look-up has none: only another thread can be left behind.
    thread = threading.Thread(target=lambda: said.append(_post(url, text, field, seconds)), daemon=True)
    thread.start()
    thread.join(seconds)
    problem = said[0] if said else f"no answer within {seconds:.0f} s"
    return None if problem is None else f"webhook: {parts.hostname}: {problem}"


def _post(url: str, text: str, field: str, seconds: float) -> str | None:
    try:
        request = urllib.request.Request(
            url, json.dumps({field: text}).encode(), {"Content-Type": "application/json", "User-Agent": "tflm-hil"}
        )
        opener = urllib.request.build_opener(_NoRedirect)
        with opener.open(request, timeout=seconds) as answer:
            return None if 200 <= answer.status < 300 else f"status {answer.status}"
    except urllib.error.HTTPError as error:
        error.close()
        return f"status {error.code}"
    except (OSError, ValueError, http.client.HTTPException) as error:
        # The exception's text may hold the address.
        reason = getattr(error, "reason", error)
        return reason.strerror if isinstance(reason, OSError) and reason.strerror else type(reason).__name__
