// A tensor's bytes on their way to the host, in records of at most 3,072 (docs/protocol.md, "Payloads").
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base64.h"
#include "core/command.h"
#include "core/record.h"

namespace tflm_hil {

constexpr size_t kChunkBytes = 3072;
static_assert(Base64Size(kChunkBytes) == 4096, "the protocol's limit of characters");
// `n`, `type`, `id`, `verb`, `offset` and `b64` themselves need less than 200.
static_assert(Base64Size(kChunkBytes) + 200 < kMaxRecordBytes, "a chunk must fit a record");

// Sends data records with `offset` and `b64`, in order; none for no bytes. Returns the CRC-32 of all bytes, for the
// final record.
uint32_t SendPayload(RecordStream& stream, const Command& answered, const uint8_t* data, size_t size);

}  // namespace tflm_hil
