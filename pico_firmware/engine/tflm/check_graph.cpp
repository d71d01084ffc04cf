#include <cstring>

#include "engine/tflm/model_check.h"
#include "tensorflow/compiler/mlir/lite/schema/schema_utils.h"

namespace tflm_hil {
namespace {

using tflite::BuiltinOperator;
using Indexes = flatbuffers::Vector<int32_t>;

// The first of StableHLO's operators, none of which TFLM has kernels for.
constexpr int kFirstStablehlo = tflite::BuiltinOperator_STABLEHLO_LOGISTIC;

bool IsCall(BuiltinOperator code) {
  return code == tflite::BuiltinOperator_IF || code == tflite::BuiltinOperator_WHILE ||
         code == tflite::BuiltinOperator_CALL_ONCE || code == tflite::BuiltinOperator_CALL;
}

// TFLM's kernels take their first input and output without asking. These have none to take, or kernels of their own.
bool MayLackBoth(BuiltinOperator code) {
  return code >= kFirstStablehlo || code == tflite::BuiltinOperator_CUSTOM ||
         code == tflite::BuiltinOperator_DELEGATE || code == tflite::BuiltinOperator_HASHTABLE || IsCall(code);
}

bool MayLackInputs(BuiltinOperator code) { return MayLackBoth(code) || code == tflite::BuiltinOperator_VAR_HANDLE; }

bool MayLackOutputs(BuiltinOperator code) {
  return MayLackBoth(code) || code == tflite::BuiltinOperator_HASHTABLE_IMPORT ||
         code == tflite::BuiltinOperator_ASSIGN_VARIABLE;
}

uint32_t Count(const Indexes* indexes) { return indexes == nullptr ? 0 : indexes->size(); }

class GraphCheck {
 public:
  GraphCheck(const tflite::Model& model, Effort* effort) : model_(model), effort_(effort) {}

  bool Run() {
    // TFLM follows these without asking whether they are there.
    if (model_.operator_codes() == nullptr) return Reject("operator_codes are missing");
    if (model_.subgraphs() == nullptr) return Reject("subgraphs are missing");
    if (model_.buffers() == nullptr) return Reject("buffers are missing");
    if (model_.subgraphs()->size() == 0) return Reject("at least one subgraph is expected, there is none");
    if (!OperatorCodes() || !Buffers()) return false;
    for (uint32_t i = 0; i < model_.subgraphs()->size(); ++i) {
      if (!Subgraph(i)) return false;
    }
    return Metadata() && Signatures();
  }

 private:
  bool OperatorCodes() const {
    for (uint32_t i = 0; i < model_.operator_codes()->size(); ++i) {
      const tflite::OperatorCode& code = *model_.operator_codes()->Get(i);
      const BuiltinOperator number = tflite::GetBuiltinCode(&code);
      if (number < 0) return Reject("operator code %u: its number is negative", static_cast<unsigned>(i));
      if (number == tflite::BuiltinOperator_CUSTOM && code.custom_code() == nullptr) {
        return Reject("operator code %u: a custom operator without custom_code", static_cast<unsigned>(i));
      }
    }
    return true;
  }

  bool Buffers() const {
    for (uint32_t i = 0; i < model_.buffers()->size(); ++i) {
      if (model_.buffers()->Get(i)->offset() > 1) {
        return Reject("buffer %u: its data lie outside the flatbuffer, where TFLM does not look",
                      static_cast<unsigned>(i));
      }
    }
    return true;
  }

  bool Subgraph(uint32_t number) {
    const tflite::SubGraph& subgraph = *model_.subgraphs()->Get(number);
    if (subgraph.tensors() == nullptr || subgraph.inputs() == nullptr ||
        (number == 0 && subgraph.outputs() == nullptr)) {
      return Reject("subgraph %u: tensors, inputs or outputs are missing", static_cast<unsigned>(number));
    }
    const uint32_t tensors = subgraph.tensors()->size();
    if (!Inside(subgraph.inputs(), tensors, false) || !Inside(subgraph.outputs(), tensors, false)) {
      return Reject("subgraph %u: an input or output is no tensor of it", static_cast<unsigned>(number));
    }
    if (subgraph.operators() == nullptr) return true;
    for (uint32_t i = 0; i < subgraph.operators()->size(); ++i) {
      const char* const problem = Operator(*subgraph.operators()->Get(i), tensors);
      if (problem != nullptr) {
        return Reject("subgraph %u operator %u: %s", static_cast<unsigned>(number), static_cast<unsigned>(i), problem);
      }
    }
    return true;
  }

  // What is wrong with it, or null.
  const char* Operator(const tflite::Operator& op, uint32_t tensors) {
    if (op.opcode_index() >= model_.operator_codes()->size()) return "its operator code is out of range";
    if (!Inside(op.inputs(), tensors, true)) return "an input is no tensor of its subgraph";
    if (!Inside(op.outputs(), tensors, false)) return "an output is no tensor of its subgraph";
    if (!Inside(op.intermediates(), tensors, false)) return "an intermediate is no tensor of its subgraph";
    const BuiltinOperator code = tflite::GetBuiltinCode(model_.operator_codes()->Get(op.opcode_index()));
    if (Count(op.inputs()) == 0 && !MayLackInputs(code)) return "inputs are expected, there are none";
    if (Count(op.outputs()) == 0 && !MayLackOutputs(code)) return "outputs are expected, there are none";
    return nullptr;
  }

  // Whether all are indexes of `count` things; or -1, if that means "none" here.
  bool Inside(const Indexes* indexes, uint32_t count, bool optional) {
    if (indexes == nullptr) return true;
    if (!effort_->Spend(indexes->size())) return false;
    for (const int32_t index : *indexes) {
      if (index == -1 && optional) continue;
      if (index < 0 || static_cast<uint32_t>(index) >= count) return false;
    }
    return true;
  }

  bool Metadata() const {
    if (model_.metadata() == nullptr) return true;
    uint64_t tensors = 0;
    for (const tflite::SubGraph* subgraph : *model_.subgraphs()) tensors += subgraph->tensors()->size();
    for (uint32_t i = 0; i < model_.metadata()->size(); ++i) {
      const tflite::Metadata& entry = *model_.metadata()->Get(i);
      if (entry.buffer() >= model_.buffers()->size()) {
        return Reject("metadata %u: its buffer is out of range", static_cast<unsigned>(i));
      }
      if (entry.name() == nullptr || std::strcmp(entry.name()->c_str(), "OfflineMemoryAllocation") != 0) continue;
      // Three int32 (version, subgraph, tensors), then one offset per tensor; TFLM reads it all unchecked.
      const auto* const plan = model_.buffers()->Get(entry.buffer())->data();
      if (plan == nullptr || plan->size() < 12 + 4 * tensors) {
        return Reject("metadata %u: the offline plan is shorter than its tensors need", static_cast<unsigned>(i));
      }
    }
    return true;
  }

  bool Signatures() const {
    if (model_.signature_defs() == nullptr) return true;
    for (uint32_t i = 0; i < model_.signature_defs()->size(); ++i) {
      const tflite::SignatureDef& signature = *model_.signature_defs()->Get(i);
      if (signature.subgraph_index() >= model_.subgraphs()->size()) {
        return Reject("signature %u: its subgraph is out of range", static_cast<unsigned>(i));
      }
      const uint32_t tensors = model_.subgraphs()->Get(signature.subgraph_index())->tensors()->size();
      for (const auto* const maps : {signature.inputs(), signature.outputs()}) {
        if (maps == nullptr) continue;
        for (const tflite::TensorMap* map : *maps) {
          if (map->tensor_index() >= tensors) {
            return Reject("signature %u: a tensor is out of range", static_cast<unsigned>(i));
          }
        }
      }
    }
    return true;
  }

  const tflite::Model& model_;
  Effort* effort_;
};

}  // namespace

bool CheckGraph(const tflite::Model& model, Effort* effort) { return GraphCheck(model, effort).Run(); }

}  // namespace tflm_hil
