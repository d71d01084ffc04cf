// Base64 with padding (RFC 4648): how tensor bytes travel to the host.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tflm_hil {

// Characters for `size` bytes.
constexpr size_t Base64Size(size_t size) { return (size + 2) / 3 * 4; }

// Writes Base64Size(size) characters to `text`, without a NUL; returns how many. Pieces of a multiple of three bytes,
// encoded one after another, give what the whole would give.
size_t Base64Encode(const uint8_t* data, size_t size, char* text);

}  // namespace tflm_hil
