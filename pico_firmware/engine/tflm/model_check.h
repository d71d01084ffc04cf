// The parts of CheckModel() (engine/engine.h). Each logs what it finds wrong, and then returns false.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensorflow/lite/schema/schema_generated.h"

namespace tflm_hil {

// An element as a file stores it, in bits: 0 for elements without a fixed size. Negative: there is no such type.
int ElementBits(tflite::TensorType type);

// A tensor's bytes; the shape has passed CheckTensors().
uint64_t TensorBytes(const tflite::Tensor& tensor);

// How much may be read of a file of that size: vectors that several tables share are read several times, and a damaged
// file could make that a million times.
class Effort {
 public:
  explicit Effort(size_t file_bytes) : left_(4 * file_bytes) {}

  bool Spend(size_t elements);

 private:
  size_t left_;
};

// Tensors: types, shapes, buffers, quantisation.
bool CheckTensors(const tflite::Model& model, Effort* effort);

// What points to tensors, operator codes, subgraphs and buffers.
bool CheckGraph(const tflite::Model& model, Effort* effort);

// That subgraphs do not call each other in a circle, and VAR_HANDLEs have the names that TFLM compares.
bool CheckCalls(const tflite::Model& model, Effort* effort);

// Logs "model rejected: " and a line; false.
bool Reject(const char* format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace tflm_hil
