// Work for the second core: something else that goes on while a model runs.
#pragma once

#include <cstdint>

namespace tflm_hil {

// Has it compute, write memory of its own and read flash, until Stop(). Its stack is its own too (scratch X), it serves
// no interrupt, and nothing waits for it.
void StartSecondCore();
void StopSecondCore();
bool SecondCoreWorks();

// Rounds of work since it was started last, modulo 2^32.
uint32_t SecondCoreRounds();

}  // namespace tflm_hil
