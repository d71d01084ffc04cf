// Whether an arena has room for what TFLM puts into it first. TFLM itself does not look: where there is none, it builds
// its allocators at address 0. Each question is asked of a copy of TFLM's allocator, so nothing is taken, and a "no" is
// a log line in TFLM's own words, with figures.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensorflow/lite/micro/arena_allocator/single_arena_buffer_allocator.h"
#include "tensorflow/lite/micro/micro_arena_constants.h"

namespace tflm_hil {

// Room for one object at the tail of an arena of which nothing is used.
template <typename Object>
bool HasRoom(uint8_t* arena, size_t bytes) {
  tflite::SingleArenaBufferAllocator trial(arena, bytes);
  return trial.AllocatePersistentBuffer(sizeof(Object), alignof(Object)) != nullptr;
}

bool HasRoomForMicroAllocator(const tflite::SingleArenaBufferAllocator& memory);

// For RecordingMicroAllocator and all it brings.
bool HasRoomForRecording(uint8_t* arena, size_t bytes);

bool HasRoomForVariables(const tflite::SingleArenaBufferAllocator& memory, uint32_t slots);

// For what AllocateTensors() does not check.
bool HasRoomForBuiltinData(const tflite::SingleArenaBufferAllocator& memory);

}  // namespace tflm_hil
