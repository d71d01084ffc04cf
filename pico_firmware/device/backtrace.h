// Who called whom, as far as a stack tells.
#pragma once

#include <cstdint>

#include "device/crash_record.h"

namespace tflm_hil {

// Fills the record's backtrace with the return addresses on the program's stack, from `sp` on.
//
// There are no frame pointers to follow. What lies on the stack and points behind a call in the program is, nearly
// always, a return address; what is left over from earlier calls can be among them.
void CollectBacktrace(CrashRecord& record, uint32_t sp);

}  // namespace tflm_hil
