// CRC-32 as in IEEE 802.3, zlib and PNG (docs/protocol.md, "Payloads").
#pragma once

#include <cstddef>
#include <cstdint>

namespace tflm_hil {

// The CRC-32 of `size` bytes. To go on where an earlier call ended, give its result as `before`:
// Crc32(b, n, Crc32(a, m)) is the CRC-32 of a and b together. That of no bytes is 0.
uint32_t Crc32(const void* data, size_t size, uint32_t before = 0);

// The CRC-32 of two pieces together, from the CRC-32 of each and the size of the second. It does not look at the bytes:
// about forty multiplications of polynomials, however long the pieces are.
uint32_t Crc32Join(uint32_t first, uint32_t second, size_t second_size);

constexpr size_t kCrc32TextBytes = 9;

// Writes a CRC-32 as commands and records have it: eight lower-case hexadecimal digits, and a NUL.
void Crc32Text(uint32_t crc, char (&text)[kCrc32TextBytes]);

}  // namespace tflm_hil
