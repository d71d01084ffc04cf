"""What the image must be, besides working."""

import re
import shutil
import subprocess

import pytest

MEBIBYTE = 1 << 20


def symbols(firmware):
    tool = shutil.which("arm-none-eabi-nm")
    if tool is None:
        pytest.skip("arm-none-eabi-nm is not installed")
    text = subprocess.run([tool, "-C", str(firmware.elf)], capture_output=True, text=True, check=True).stdout
    return {words[2]: int(words[0], 16) for line in text.splitlines() if len(words := line.split(None, 2)) == 3}


def test_it_leaves_a_mebibyte_for_models(firmware):
    assert all(address + len(data) <= 0x10000000 + MEBIBYTE for address, data in firmware.uf2.segments)


def test_nobody_asks_for_a_heap(firmware):
    heap = re.compile(r"_?_?(malloc|calloc|realloc|free)(_r)?|_sbrk(_r)?|operator (new|delete).*")
    assert not [name for name in symbols(firmware) if heap.fullmatch(name)]


def test_memory_is_for_one_thing_each(firmware):
    place = symbols(firmware)
    borders = ["__bss_end__", "__arena_start", "__arena_end", "__thread_stack_start", "__thread_stack_end"]
    found = [place[name] for name in borders]
    assert found == sorted(found)
    assert place["__arena_end"] - place["__arena_start"] >= 200 * 1024
    assert place["__thread_stack_end"] - place["__thread_stack_start"] >= 8 * 1024
    assert place["__thread_stack_end"] <= 0x20040000 <= place["__StackBottom"]


def test_no_path_of_the_machine_that_built_it_is_in_it(firmware):
    data = b"".join(data for _, data in firmware.uf2.segments)
    assert not re.search(rb"/(home|root|tmp|usr|Users|work)/", data)
