// Signs of life during a command.
#pragma once

namespace tflm_hil {

// An operator of a long invoke begins: feeds the watchdog and is named in a crash record. `name` is a literal.
void OnOperator(const char* name);

}  // namespace tflm_hil
