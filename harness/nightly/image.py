"""The firmware of a night: built or taken, and kept with the night's reports as the image that ran."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from harness.flash.firmware import find_firmware, load_firmware
from harness.nightly.errors import ImageMissing
from harness.nightly.plan import Plan
from harness.nightly.programs import Programs
from harness.nightly.status import Image

_FOLDER = "image"


def bring_image(plan: Plan, night: Path, programs: Programs) -> Image | None:
    """Builds the firmware if that is planned, and copies it; tests run the copy, whatever is built meanwhile.

    Returns:
        What will run; None if no board of the night has a firmware.

    Raises:
        ImageMissing: it could not be built.
        FirmwareNotFound, FirmwareInvalid, Uf2Invalid: there is none that can be used.
    """
    if plan.build is not None:
        ended = programs.run(plan.build, seconds=plan.build_seconds, log=night / "build.log")
        if not ended.good:
            how = {"deadline": f"was not ready within {plan.build_seconds:.0f} s", "stopped": "was stopped"}
            why = how.get(ended.how, ended.reason or f"ended with exit code {ended.code}")
            raise ImageMissing(f"building the firmware ({' '.join(plan.build)}) {why}; see build.log")
    if all(board == "host" for board in plan.boards):
        return None
    found = find_firmware(plan.firmware, Path.cwd())
    folder = night / _FOLDER
    folder.mkdir()
    # With its symbols, by which crash reports name functions.
    for file in (found.path, found.elf):
        if file is not None:
            shutil.copyfile(file, folder / file.name)
    copied = load_firmware(folder / found.path.name)
    digest = hashlib.sha256(copied.path.read_bytes()).hexdigest()
    return Image(file=f"{_FOLDER}/{copied.path.name}", build=copied.build, sha256=digest, source=str(found.path))
