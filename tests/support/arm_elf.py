"""Small ELF files for a Cortex-M0+, made by the real compiler where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

COMPILER = "arm-none-eabi-g++"
_SCRIPT = """
ENTRY(reset)
MEMORY { FLASH (rx) : ORIGIN = 0x10000000, LENGTH = 1M  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 64K }
SECTIONS {
  .text : { *(.text*) *(.rodata*) } > FLASH
  .note.gnu.build-id : { KEEP(*(.note.gnu.build-id)) } > FLASH
  .ARM.exidx : { *(.ARM.exidx*) } > FLASH
  .data : { *(.data*) } > RAM AT> FLASH
  .bss : { *(.bss*) } > RAM
}
"""
# A line number means something: tests look for it.
SOURCE = """
namespace bench { namespace {
volatile int sink = 7;
__attribute__((noinline)) int inner(int value) {
  sink = value;
  return sink + 1;
}
} // namespace
template <typename T> struct Box {
  __attribute__((noinline)) T outer(T value) { return inner(value) + 2; }
};
} // namespace bench
int zeros[64];
extern "C" __attribute__((used)) int reset() {
  bench::Box<int> box;
  zeros[0] = box.outer(3);
  return zeros[0] + box.outer(4);
}
"""


def why_not() -> str | None:
    """One line that says why no file can be made here, or None."""
    return None if shutil.which(COMPILER) else f"{COMPILER} is not installed"


def build(folder: Path, *options: str, name: str = "tiny") -> Path:
    """An ELF file of `SOURCE`, with debug information and a build id unless the options say otherwise."""
    source = folder / f"{name}.cpp"
    source.write_text(SOURCE)
    script = folder / f"{name}.ld"
    script.write_text(_SCRIPT)
    target = folder / f"{name}.elf"
    command = [
        COMPILER,
        "-mcpu=cortex-m0plus",
        "-mthumb",
        "-Og",
        "-g",
        "-ffreestanding",
        "-nostdlib",
        "-fno-exceptions",
    ]
    command += ["-Wl,--build-id=sha1", f"-T{script}", *options, "-o", str(target), source.name]
    subprocess.run(command, cwd=folder, check=True, timeout=60, capture_output=True)
    return target


def addresses(elf: Path) -> dict[str, int]:
    """Addresses of all symbols, by their demangled names, as the compiler's own tool has them."""
    done = subprocess.run(["arm-none-eabi-nm", "-C", str(elf)], check=True, timeout=60, capture_output=True, text=True)
    rows = (line.split(" ", 2) for line in done.stdout.splitlines())
    return {name: int(address, 16) & ~1 for address, _, name in rows}
