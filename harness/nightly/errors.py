"""What can be wrong with a nightly run itself; what is wrong with boards and models stands in its result."""

from __future__ import annotations

from harness.errors import HarnessError


class NightUnusable(HarnessError):
    """The folder of the nights cannot be used."""

    advice = "give a folder of your own that can be written to, on a disk with room"


class NightBusy(HarnessError):
    """Another nightly run in the same folder is under way."""

    advice = "wait until it ends; if it hangs, end that process: what it has found out so far stays in its folder"


class ImageMissing(HarnessError):
    """There is no firmware for the night: it was not built, or building it failed."""

    advice = "see the build's log; name an image that is there with --firmware PATH"
