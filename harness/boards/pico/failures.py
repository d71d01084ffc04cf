"""What can go wrong with picotool and with flashing, each with what a person can do about it."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass

from harness.boards.pico.program import printable
from harness.errors import FlashFailed, HarnessError, ImageTooLarge, NoPermission

_SHOWN_CHARS = 400
_SHOWN_LINES = 12


class PicotoolMissing(FlashFailed):
    """There is no picotool."""

    advice = "install picotool 2.1.1 or newer (Debian 13: apt install picotool; macOS: brew install picotool)"


class PicotoolTooOld(FlashFailed):
    """The picotool that was found cannot be used.

    Attributes:
        version: which one it is.
    """

    advice = PicotoolMissing.advice

    def __init__(self, message: str, *, version: str) -> None:
        super().__init__(message)
        self.version = version


class PicotoolFailed(FlashFailed):
    """picotool did not do what it was asked to; this class itself where there is no more precise one.

    Attributes:
        code: its exit code; negative for the signal that ended it, None if it had to be ended.
        output: what it said.
    """

    advice = "its words stand above; run it again, and with another cable and without a hub"

    def __init__(self, message: str, *, code: int | None, output: str) -> None:
        lines = [line for line in (printable(part) for part in re.split(r"[\r\n]", output)) if line]
        super().__init__(message, log=[line[:_SHOWN_CHARS] for line in lines[-_SHOWN_LINES:]])
        self.code = code
        self.output = output


class PicotoolHung(PicotoolFailed):
    """picotool did not end in time and was ended."""

    advice = "unplug the board and plug it in again; if it stays so, use another cable, or no hub"


class NotVerified(PicotoolFailed):
    """What was read back from the flash is not what was written."""

    advice = "flash again; if it stays so, the flash chip is worn out or the cable is bad: use another board or cable"


class DriveBusy(PicotoolFailed):
    """Something else writes to the board: its drive is mounted."""

    advice = "eject the drive RPI-RP2, and switch automatic mounting off for it, as ci/60-tflm-hil.rules does"


class DeviceRefused(PicotoolFailed):
    """The boot ROM refused a command."""

    advice = "flash again; if it stays so, look whether this image is for this board"


class Unplugged(PicotoolFailed):
    """The board went away in the middle of it."""

    advice = (
        "check the cable and the hub's power, and flash again; if the board does not show up, hold BOOTSEL down while "
        "plugging it in: half a firmware may not get as far as USB"
    )


class NotReachable(PicotoolFailed):
    """picotool does not see the board at the place where it is."""

    advice = "another program may hold it; unplug it and plug it in again"


class SeveralBoards(PicotoolFailed):
    """picotool sees several boards that could be meant."""

    advice = "unplug the others, or name the board by its USB port path"


class NoReset(PicotoolFailed):
    """The board cannot be restarted over USB."""

    advice = "hold BOOTSEL down while plugging the board in"


class FileRefused(PicotoolFailed):
    """picotool cannot have the file."""

    advice = "build the firmware again with `make firmware`"


class NoReturn(FlashFailed):
    """The board did not come back from a restart in the mode that was asked for."""

    advice = "hold BOOTSEL down while plugging the board in, and run again"


@dataclass(frozen=True)
class _Sign:
    """How a failure is told: by a phrase of one message alone, else by exit codes.

    Phrases are compared in lower case, with white space folded: picotool breaks its lines at 80 columns, also into
    pipes.
    """

    kind: type[PicotoolFailed]
    reason: str
    phrases: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()


_SIGNS = (
    _Sign(NotVerified, "what was written to the flash reads back otherwise", ("did not match the file",), (245,)),
    _Sign(DriveBusy, "something else writes to the board at the same time", ("interleaved write",)),
    _Sign(
        SeveralBoards,
        "one board expected, picotool sees several",
        ("single rp-series device", "single rebootable rp-series device"),
    ),
    _Sign(DeviceRefused, "the board's boot ROM refused a command", ("device returned an error",)),
    _Sign(Unplugged, "the board stopped answering", ("device failed",), (247,)),
    _Sign(Unplugged, "picotool crashed: the board went away", (), (134, -signal.SIGABRT)),
    _Sign(NoReset, "the firmware on the board has no reset interface", ("unable to locate reset interface",)),
    _Sign(NoReset, "picotool cannot use USB, or the board has no reset interface", (), (250,)),
    _Sign(NotReachable, "another program holds the board's reset interface", ("failed to claim interface",)),
    _Sign(NotReachable, "the board cannot be opened", ("unable to connect to device",)),
    _Sign(NotReachable, "no board in a mode that this needs is seen there", ("no accessible",), (249,)),
    _Sign(FileRefused, "the image cannot be opened", ("could not open",), (252,)),
    _Sign(FileRefused, "the image is not one", (), (254,)),
)
_UNKNOWN = _Sign(PicotoolFailed, "picotool failed")
_PROGRESS = re.compile(r"(Loading|Verifying)[^\[\]]{0,80}\[[= ]*\]\s*[0-9]{1,3}%")
_TOO_BIG = re.compile(
    r"file size 0x([0-9a-f]{1,8})(?: starting at 0x([0-9a-f]{1,8}))? is too big to fit in flash size 0x([0-9a-f]{1,8})"
)


def failure_of(what: str, code: int, output: str) -> HarnessError:
    """The error for what picotool said.

    Args:
        what: what it was to do, for the message: "flashing".
        code: its exit code, negative for a signal.
        output: all that it printed.
    """
    text = folded(output)
    if "check your permissions" in text:
        return NoPermission(f"{what}: the board at its USB device node expected to be usable, picotool may not open it")
    found = _TOO_BIG.search(text)
    if found:
        return ImageTooLarge(
            size=int(found[1], 16) + int(found[2] or "0", 16), capacity=int(found[3], 16), what="the image"
        )
    # A sentence tells more than a number: codes are an int cut to eight bits, and several mean two things.
    said = (sign for sign in _SIGNS if any(phrase in text for phrase in sign.phrases))
    sign = next(said, None) or next((sign for sign in _SIGNS if code in sign.codes), _UNKNOWN)
    return sign.kind(f"{what}: {sign.reason}: {_last_words(output)} (exit code {code})", code=code, output=output)


def folded(output: str) -> str:
    """picotool's text for comparing: lower case, one space between words."""
    return " ".join(output.lower().split())


def _last_words(output: str) -> str:
    """picotool's own sentence, which is the last but for progress bars and advice."""
    text = printable(_PROGRESS.sub("", output))
    start = text.rfind("ERROR:")
    return text[start:][:_SHOWN_CHARS] if start >= 0 else text[-_SHOWN_CHARS:] or "it said nothing"
