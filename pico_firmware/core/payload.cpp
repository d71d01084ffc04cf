#include "core/payload.h"

#include "core/crc32.h"

namespace tflm_hil {

uint32_t SendPayload(RecordStream& stream, const Command& answered, const uint8_t* data, size_t size) {
  uint32_t crc = 0;
  for (size_t offset = 0; offset < size; offset += kChunkBytes) {
    const size_t chunk = size - offset < kChunkBytes ? size - offset : kChunkBytes;
    crc = Crc32(data + offset, chunk, crc);
    Record record(stream, RecordType::kData, &answered);
    record.json().Uint("offset", offset);
    record.json().Base64("b64", data + offset, chunk);
  }
  return crc;
}

}  // namespace tflm_hil
