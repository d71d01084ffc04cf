"""Where things lie in a Pico's flash. The firmware's linker script and docs/model-pack.md have the same figures.

0x10000000  1 MiB          firmware
0x10100000  1 MiB - 8 KiB  model pack
the end     8 KiB          the board's label and settings, kept across flashing
"""

from __future__ import annotations

FLASH_ADDRESS = 0x10000000
FLASH_BYTES = 2 * 1024 * 1024
# Of a Pico 2; what is ours uses as much of it as a Pico has.
RP2350_FLASH_BYTES = 4 * 1024 * 1024
PAGE_BYTES = 256
SECTOR_BYTES = 4096

FIRMWARE_ADDRESS = FLASH_ADDRESS
FIRMWARE_BYTES = 1024 * 1024
SETTINGS_BYTES = 8 * 1024
PACK_ADDRESS = FIRMWARE_ADDRESS + FIRMWARE_BYTES
PACK_BYTES = FLASH_BYTES - FIRMWARE_BYTES - SETTINGS_BYTES
