#include <cstring>

#include "engine/tflm/model_check.h"
#include "tensorflow/compiler/mlir/lite/schema/schema_utils.h"

namespace tflm_hil {
namespace {

using tflite::BuiltinOperator;

// More than models have (two per IF or WHILE), and few enough for a bit each.
constexpr uint32_t kMaxSubgraphs = 256;
constexpr uint32_t kMaxCalled = 2;

BuiltinOperator CodeOf(const tflite::Model& model, const tflite::Operator& op) {
  return tflite::GetBuiltinCode(model.operator_codes()->Get(op.opcode_index()));
}

// The subgraphs that an operator calls. False: it should have said which, and has not.
bool Called(BuiltinOperator code, const tflite::Operator& op, int64_t* called, uint32_t* count) {
  *count = 0;
  switch (code) {
    case tflite::BuiltinOperator_IF: {
      const tflite::IfOptions* const options = op.builtin_options_as_IfOptions();
      if (options == nullptr) return false;
      called[(*count)++] = options->then_subgraph_index();
      called[(*count)++] = options->else_subgraph_index();
      return true;
    }
    case tflite::BuiltinOperator_WHILE: {
      const tflite::WhileOptions* const options = op.builtin_options_as_WhileOptions();
      if (options == nullptr) return false;
      called[(*count)++] = options->cond_subgraph_index();
      called[(*count)++] = options->body_subgraph_index();
      return true;
    }
    case tflite::BuiltinOperator_CALL_ONCE: {
      const tflite::CallOnceOptions* const options = op.builtin_options_as_CallOnceOptions();
      if (options == nullptr) return false;
      called[(*count)++] = options->init_subgraph_index();
      return true;
    }
    case tflite::BuiltinOperator_CALL: {
      const tflite::CallOptions* const options = op.builtin_options_as_CallOptions();
      if (options == nullptr) return false;
      called[(*count)++] = options->subgraph();
      return true;
    }
    default:
      return true;
  }
}

class CallCheck {
 public:
  CallCheck(const tflite::Model& model, Effort* effort) : model_(model), effort_(effort) {}

  bool Run() {
    const uint32_t subgraphs = model_.subgraphs()->size();
    if (subgraphs > kMaxSubgraphs) {
      return Reject("%u subgraphs: at most 256 expected", static_cast<unsigned>(subgraphs));
    }
    for (uint32_t i = 0; i < subgraphs; ++i) {
      if (!Indexes(i)) return false;
    }
    return Ends();
  }

 private:
  template <typename Do>  // bool(const Operator&): whether to go on
  bool ForEachOperator(uint32_t subgraph, Do action) const {
    const auto* const operators = model_.subgraphs()->Get(subgraph)->operators();
    if (operators == nullptr) return true;
    for (const tflite::Operator* op : *operators) {
      if (!action(*op)) return false;
    }
    return true;
  }

  bool Indexes(uint32_t subgraph) const {
    return ForEachOperator(subgraph, [&](const tflite::Operator& op) {
      int64_t called[kMaxCalled];
      uint32_t count;
      if (!Called(CodeOf(model_, op), op, called, &count)) {
        return Reject("subgraph %u: an operator does not say which subgraph it calls", static_cast<unsigned>(subgraph));
      }
      for (uint32_t i = 0; i < count; ++i) {
        if (called[i] < 0 || called[i] >= model_.subgraphs()->size()) {
          return Reject("subgraph %u: an operator calls a subgraph that is not there", static_cast<unsigned>(subgraph));
        }
      }
      return true;
    });
  }

  // Whether everything that a subgraph calls is known to end.
  bool CallsOnlyWhatEnds(uint32_t subgraph) const {
    return ForEachOperator(subgraph, [&](const tflite::Operator& op) {
      int64_t called[kMaxCalled];
      uint32_t count;
      Called(CodeOf(model_, op), op, called, &count);
      for (uint32_t i = 0; i < count; ++i) {
        if (!ends_[called[i]]) return false;
      }
      return true;
    });
  }

  // TFLM plans and runs called subgraphs recursively, so a circle would overflow the stack.
  bool Ends() {
    const uint32_t subgraphs = model_.subgraphs()->size();
    for (uint32_t known = 0; known < subgraphs;) {
      const uint32_t before = known;
      for (uint32_t i = 0; i < subgraphs; ++i) {
        if (ends_[i]) continue;
        const auto* const operators = model_.subgraphs()->Get(i)->operators();
        if (operators != nullptr && !effort_->Spend(operators->size())) return false;
        ends_[i] = CallsOnlyWhatEnds(i);
        if (ends_[i]) ++known;
      }
      if (known == before) return Reject("subgraphs call each other in a circle, which never ends");
    }
    return true;
  }

  const tflite::Model& model_;
  Effort* effort_;
  bool ends_[kMaxSubgraphs] = {};
};

const char* Text(const flatbuffers::String* string) { return string == nullptr ? nullptr : string->c_str(); }

struct Handle {
  const char* container;  // null: it has none
  const char* name;
};

// TFLM compares the names of a VAR_HANDLE with those of all variables so far, as C strings and without asking for null.
class HandleCheck {
 public:
  HandleCheck(const tflite::Model& model, Effort* effort) : model_(model), effort_(effort) {}

  bool Run() {
    bool sound = true;
    uint32_t number = 0;
    ForEach([&](const tflite::Operator& op) {
      sound = One(op, number++);
      return sound;
    });
    return sound;
  }

 private:
  template <typename Do>  // bool(const Operator&), for each VAR_HANDLE: whether to go on
  void ForEach(Do action) const {
    for (const tflite::SubGraph* subgraph : *model_.subgraphs()) {
      if (subgraph->operators() == nullptr) continue;
      for (const tflite::Operator* op : *subgraph->operators()) {
        if (CodeOf(model_, *op) == tflite::BuiltinOperator_VAR_HANDLE && !action(*op)) return;
      }
    }
  }

  static Handle Of(const tflite::Operator& op) {
    const tflite::VarHandleOptions* const options = op.builtin_options_as_VarHandleOptions();
    if (options == nullptr) return {nullptr, nullptr};
    return {Text(options->container()), Text(options->shared_name())};
  }

  // Whether one of the first `end` handles is of that name.
  bool Known(uint32_t end, const char* name) const {
    bool found = false;
    uint32_t number = 0;
    ForEach([&](const tflite::Operator& op) {
      if (number++ == end) return false;
      found = std::strcmp(Of(op).name, name) == 0;
      return !found;
    });
    return found;
  }

  bool One(const tflite::Operator& op, uint32_t number) {
    const Handle handle = Of(op);
    if (handle.name == nullptr) return Reject("a VAR_HANDLE has no shared_name: TFLM would crash on it");
    if (handle.container == nullptr) return true;
    // It is compared with the variables up to the one it names, if any; one without container must not be among them.
    bool found = false;
    bool one_without = false;
    uint32_t earlier = 0;
    ForEach([&](const tflite::Operator& other) {
      if (earlier == number || !effort_->Spend(8)) return false;
      const Handle candidate = Of(other);
      if (candidate.container == nullptr) {
        // It made a variable without container, unless it took an earlier one's.
        if (!Known(earlier, candidate.name)) one_without = true;
      } else if (std::strcmp(candidate.container, handle.container) == 0 &&
                 std::strcmp(candidate.name, handle.name) == 0) {
        found = true;
      }
      ++earlier;
      return !found;
    });
    if (found || !one_without) return true;
    return Reject("the VAR_HANDLE %s has a container and an earlier one has none: TFLM would crash on it", handle.name);
  }

  const tflite::Model& model_;
  Effort* effort_;
};

}  // namespace

bool CheckCalls(const tflite::Model& model, Effort* effort) {
  return CallCheck(model, effort).Run() && HandleCheck(model, effort).Run();
}

}  // namespace tflm_hil
