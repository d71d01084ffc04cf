#include "engine/tflm/resolver.h"

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

namespace tflm_hil {
namespace {

// EthosU needs its own hardware: TFLM has nothing to register here.
constexpr unsigned kMethods = 118;
constexpr unsigned kOperators = kMethods - 1;

using Resolver = tflite::MicroMutableOpResolver<kOperators>;
Resolver resolver;

using Method = TfLiteStatus (*)(Resolver&);

// Every Add method that TFLM has, so that a model's operator is missing only where TFLM has none.
constexpr Method kAddMethods[] = {
    [](Resolver& r) { return r.AddAbs(); },
    [](Resolver& r) { return r.AddAdd(); },
    [](Resolver& r) { return r.AddAddN(); },
    [](Resolver& r) { return r.AddArgMax(); },
    [](Resolver& r) { return r.AddArgMin(); },
    [](Resolver& r) { return r.AddAssignVariable(); },
    [](Resolver& r) { return r.AddAveragePool2D(); },
    [](Resolver& r) { return r.AddBatchMatMul(); },
    [](Resolver& r) { return r.AddBatchToSpaceNd(); },
    [](Resolver& r) { return r.AddBroadcastArgs(); },
    [](Resolver& r) { return r.AddBroadcastTo(); },
    [](Resolver& r) { return r.AddCallOnce(); },
    [](Resolver& r) { return r.AddCast(); },
    [](Resolver& r) { return r.AddCeil(); },
    [](Resolver& r) { return r.AddCircularBuffer(); },
    [](Resolver& r) { return r.AddConcatenation(); },
    [](Resolver& r) { return r.AddConv2D(); },
    [](Resolver& r) { return r.AddCos(); },
    [](Resolver& r) { return r.AddCumSum(); },
    [](Resolver& r) { return r.AddDecode(); },
    [](Resolver& r) { return r.AddDelay(); },
    [](Resolver& r) { return r.AddDepthToSpace(); },
    [](Resolver& r) { return r.AddDepthwiseConv2D(); },
    [](Resolver& r) { return r.AddDequantize(); },
    [](Resolver& r) { return r.AddDetectionPostprocess(); },
    [](Resolver& r) { return r.AddDiv(); },
    [](Resolver& r) { return r.AddDynamicUpdateSlice(); },
    [](Resolver& r) { return r.AddEmbeddingLookup(); },
    [](Resolver& r) { return r.AddEnergy(); },
    [](Resolver& r) { return r.AddElu(); },
    [](Resolver& r) { return r.AddEqual(); },
    [](Resolver& r) { return r.AddEthosU(); },
    [](Resolver& r) { return r.AddExp(); },
    [](Resolver& r) { return r.AddExpandDims(); },
    [](Resolver& r) { return r.AddFftAutoScale(); },
    [](Resolver& r) { return r.AddFill(); },
    [](Resolver& r) { return r.AddFilterBank(); },
    [](Resolver& r) { return r.AddFilterBankLog(); },
    [](Resolver& r) { return r.AddFilterBankSquareRoot(); },
    [](Resolver& r) { return r.AddFilterBankSpectralSubtraction(); },
    [](Resolver& r) { return r.AddFloor(); },
    [](Resolver& r) { return r.AddFloorDiv(); },
    [](Resolver& r) { return r.AddFloorMod(); },
    [](Resolver& r) { return r.AddFramer(); },
    [](Resolver& r) { return r.AddFullyConnected(); },
    [](Resolver& r) { return r.AddGather(); },
    [](Resolver& r) { return r.AddGatherNd(); },
    [](Resolver& r) { return r.AddGreater(); },
    [](Resolver& r) { return r.AddGreaterEqual(); },
    [](Resolver& r) { return r.AddHardSwish(); },
    [](Resolver& r) { return r.AddIf(); },
    [](Resolver& r) { return r.AddIrfft(); },
    [](Resolver& r) { return r.AddL2Normalization(); },
    [](Resolver& r) { return r.AddL2Pool2D(); },
    [](Resolver& r) { return r.AddLeakyRelu(); },
    [](Resolver& r) { return r.AddLess(); },
    [](Resolver& r) { return r.AddLessEqual(); },
    [](Resolver& r) { return r.AddLog(); },
    [](Resolver& r) { return r.AddLogicalAnd(); },
    [](Resolver& r) { return r.AddLogicalNot(); },
    [](Resolver& r) { return r.AddLogicalOr(); },
    [](Resolver& r) { return r.AddLogistic(); },
    [](Resolver& r) { return r.AddLogSoftmax(); },
    [](Resolver& r) { return r.AddMaximum(); },
    [](Resolver& r) { return r.AddMaxPool2D(); },
    [](Resolver& r) { return r.AddMirrorPad(); },
    [](Resolver& r) { return r.AddMean(); },
    [](Resolver& r) { return r.AddMinimum(); },
    [](Resolver& r) { return r.AddMul(); },
    [](Resolver& r) { return r.AddNeg(); },
    [](Resolver& r) { return r.AddNotEqual(); },
    [](Resolver& r) { return r.AddOverlapAdd(); },
    [](Resolver& r) { return r.AddPack(); },
    [](Resolver& r) { return r.AddPad(); },
    [](Resolver& r) { return r.AddPadV2(); },
    [](Resolver& r) { return r.AddPCAN(); },
    [](Resolver& r) { return r.AddPrelu(); },
    [](Resolver& r) { return r.AddQuantize(); },
    [](Resolver& r) { return r.AddReadVariable(); },
    [](Resolver& r) { return r.AddReduceAll(); },
    [](Resolver& r) { return r.AddReduceMax(); },
    [](Resolver& r) { return r.AddReduceMin(); },
    [](Resolver& r) { return r.AddRelu(); },
    [](Resolver& r) { return r.AddRelu6(); },
    [](Resolver& r) { return r.AddReshape(); },
    [](Resolver& r) { return r.AddResizeBilinear(); },
    [](Resolver& r) { return r.AddResizeNearestNeighbor(); },
    [](Resolver& r) { return r.AddReverseV2(); },
    [](Resolver& r) { return r.AddRfft(); },
    [](Resolver& r) { return r.AddRound(); },
    [](Resolver& r) { return r.AddRsqrt(); },
    [](Resolver& r) { return r.AddSelectV2(); },
    [](Resolver& r) { return r.AddShape(); },
    [](Resolver& r) { return r.AddSin(); },
    [](Resolver& r) { return r.AddSlice(); },
    [](Resolver& r) { return r.AddSoftmax(); },
    [](Resolver& r) { return r.AddSpaceToBatchNd(); },
    [](Resolver& r) { return r.AddSpaceToDepth(); },
    [](Resolver& r) { return r.AddSplit(); },
    [](Resolver& r) { return r.AddSplitV(); },
    [](Resolver& r) { return r.AddSqueeze(); },
    [](Resolver& r) { return r.AddSqrt(); },
    [](Resolver& r) { return r.AddSquare(); },
    [](Resolver& r) { return r.AddSquaredDifference(); },
    [](Resolver& r) { return r.AddStridedSlice(); },
    [](Resolver& r) { return r.AddStacker(); },
    [](Resolver& r) { return r.AddSub(); },
    [](Resolver& r) { return r.AddSum(); },
    [](Resolver& r) { return r.AddSvdf(); },
    [](Resolver& r) { return r.AddTanh(); },
    [](Resolver& r) { return r.AddTransposeConv(); },
    [](Resolver& r) { return r.AddTranspose(); },
    [](Resolver& r) { return r.AddUnpack(); },
    [](Resolver& r) { return r.AddUnidirectionalSequenceLSTM(); },
    [](Resolver& r) { return r.AddVarHandle(); },
    [](Resolver& r) { return r.AddWhile(); },
    [](Resolver& r) { return r.AddWindow(); },
    [](Resolver& r) { return r.AddZerosLike(); },
};
static_assert(sizeof kAddMethods / sizeof kAddMethods[0] == kMethods);

}  // namespace

bool RegisterOperators() {
  for (const Method add : kAddMethods) {
    if (add(resolver) != kTfLiteOk) return false;
  }
  return resolver.GetRegistrationLength() == kOperators;
}

const tflite::MicroOpResolver& Operators() { return resolver; }

}  // namespace tflm_hil
