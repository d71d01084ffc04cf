#include "engine/tflm/tiny_arena.h"

#include "tensorflow/lite/micro/memory_planner/greedy_memory_planner.h"
#include "tensorflow/lite/micro/micro_allocator.h"
#include "tensorflow/lite/micro/micro_resource_variable.h"
#include "tensorflow/lite/micro/recording_micro_allocator.h"

namespace tflm_hil {
namespace {

using Memory = tflite::SingleArenaBufferAllocator;

template <typename Object>
bool Take(Memory* memory) {
  return memory->AllocatePersistentBuffer(sizeof(Object), alignof(Object)) != nullptr;
}

}  // namespace

bool HasRoomForMicroAllocator(const Memory& memory) {
  Memory trial(memory);
  return Take<tflite::MicroAllocator>(&trial);
}

bool HasRoomForRecording(uint8_t* arena, size_t bytes) {
  Memory trial(arena, bytes);
  return Take<tflite::RecordingSingleArenaBufferAllocator>(&trial) && Take<tflite::GreedyMemoryPlanner>(&trial) &&
         Take<tflite::RecordingMicroAllocator>(&trial);
}

bool HasRoomForVariables(const Memory& memory, uint32_t slots) {
  Memory trial(memory);
  // A slot: two names, a buffer, its size and its default value (micro_resource_variable.h keeps the type private).
  constexpr size_t kSlotBytes = 3 * sizeof(void*) + sizeof(size_t) + sizeof(int32_t);
  const size_t alignment = tflite::MicroArenaBufferAlignment();
  return trial.AllocatePersistentBuffer(sizeof(tflite::MicroResourceVariables), alignment) != nullptr &&
         trial.AllocatePersistentBuffer(kSlotBytes * slots, alignment) != nullptr;
}

bool HasRoomForBuiltinData(const Memory& memory) {
  Memory trial(memory);
  // An allocator of which TFLM shows only that it has virtual functions and a pointer.
  struct BuiltinDataAllocator {
    const void* virtual_functions;
    const void* memory;
  };
  return Take<BuiltinDataAllocator>(&trial);
}

}  // namespace tflm_hil
