"""The layout of a .tflite file: TensorFlow Lite's schema, version 3, as a table that the verifier walks.

Source: `tensorflow/compiler/mlir/lite/schema/schema.fbs` in tensorflow/tflite-micro (Apache-2.0). A field's position in
its line is its slot in the table's vtable, so the order is part of the data; `-` keeps the slot of a deprecated field.
All defaults that the harness reads are 0, so none is written down.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.models.flatbuffer import Schema

_TABLES = """
Model: version:u32 operator_codes:[OperatorCode] subgraphs:[SubGraph] description:string buffers:[Buffer]
    metadata_buffer:[i32] metadata:[Metadata] signature_defs:[SignatureDef]
    external_buffer_groups:[ExternalBufferGroup] external_buffers:[ExternalBuffer]
OperatorCode: deprecated_builtin_code:i8 custom_code:string version:i32 builtin_code:i32
SubGraph: tensors:[Tensor] inputs:[i32] outputs:[i32] operators:[Operator] name:string debug_metadata_index:i32
Tensor: shape:[i32] type:i8 buffer:u32 name:string quantization:QuantizationParameters is_variable:u8
    sparsity:SparsityParameters shape_signature:[i32] has_rank:u8 variant_tensors:[VariantSubType] external_buffer:u32
QuantizationParameters: min:[f32] max:[f32] scale:[f32] zero_point:[i64] details:QuantizationDetails
    quantized_dimension:i32
CustomQuantization: custom:[u8]
BlockwiseQuantization: scales:i32 zero_points:i32 block_size:i32
MultiAxisQuantization: scales:i32 zero_points:i32 block_size:i32 quantized_dimensions:[i32]
SparsityParameters: traversal_order:[i32] block_map:[i32] dim_metadata:[DimensionMetadata]
DimensionMetadata: format:i8 dense_size:i32 array_segments:SparseIndexVector array_indices:SparseIndexVector
Int32Vector: values:[i32]
Uint16Vector: values:[u16]
Uint8Vector: values:[u8]
VariantSubType: shape:[i32] type:i8 has_rank:u8
Operator: opcode_index:u32 inputs:[i32] outputs:[i32] builtin_options:BuiltinOptions custom_options:[u8]
    custom_options_format:i8 mutating_variable_inputs:[u8] intermediates:[i32] large_custom_options_offset:u64
    large_custom_options_size:u64 builtin_options_2:BuiltinOptions2 debug_metadata_index:i32
Buffer: data:[u8] offset:u64 size:u64
ExternalBufferGroup: name:string
ExternalBuffer: id:u32 group:u32 offset:u64 length:u64 packing:string
Metadata: name:string buffer:u32
TensorMap: name:string tensor_index:u32
SignatureDef: inputs:[TensorMap] outputs:[TensorMap] signature_key:string - subgraph_index:u32
Conv2DOptions: padding:i8 stride_w:i32 stride_h:i32 fused:i8 dilation_w:i32 dilation_h:i32 quantized_bias_type:i8
Conv3DOptions: padding:i8 stride_d:i32 stride_w:i32 stride_h:i32 fused:i8 dilation_d:i32 dilation_w:i32 dilation_h:i32
Pool2DOptions: padding:i8 stride_w:i32 stride_h:i32 filter_width:i32 filter_height:i32 fused:i8
DepthwiseConv2DOptions: padding:i8 stride_w:i32 stride_h:i32 depth_multiplier:i32 fused:i8 dilation_w:i32 dilation_h:i32
ConcatEmbeddingsOptions: num_channels:i32 num_columns_per_channel:[i32] embedding_dim_per_channel:[i32]
LSHProjectionOptions: type:i8
SVDFOptions: rank:i32 fused:i8 asymmetric_quantize_inputs:u8
RNNOptions: fused:i8 asymmetric_quantize_inputs:u8
SequenceRNNOptions: time_major:u8 fused:i8 asymmetric_quantize_inputs:u8
BidirectionalSequenceRNNOptions: time_major:u8 fused:i8 merge_outputs:u8 asymmetric_quantize_inputs:u8
FullyConnectedOptions: fused:i8 weights_format:i8 keep_num_dims:u8 asymmetric_quantize_inputs:u8 quantized_bias_type:i8
SoftmaxOptions: beta:f32
ConcatenationOptions: axis:i32 fused:i8
AddOptions: fused:i8 pot_scale_int16:u8
MulOptions: fused:i8
L2NormOptions: fused:i8
LocalResponseNormalizationOptions: radius:i32 bias:f32 alpha:f32 beta:f32
LSTMOptions: fused:i8 cell_clip:f32 proj_clip:f32 kernel_type:i8 asymmetric_quantize_inputs:u8
UnidirectionalSequenceLSTMOptions: fused:i8 cell_clip:f32 proj_clip:f32 time_major:u8 asymmetric_quantize_inputs:u8
    diagonal_recurrent_tensors:u8
BidirectionalSequenceLSTMOptions: fused:i8 cell_clip:f32 proj_clip:f32 merge_outputs:u8 time_major:u8
    asymmetric_quantize_inputs:u8
ResizeBilinearOptions: - - align_corners:u8 half_pixel_centers:u8
ResizeNearestNeighborOptions: align_corners:u8 half_pixel_centers:u8
CallOptions: subgraph:u32
ReshapeOptions: new_shape:[i32]
SkipGramOptions: ngram_size:i32 max_skip_size:i32 include_all_ngrams:u8
SpaceToDepthOptions: block_size:i32
DepthToSpaceOptions: block_size:i32
SubOptions: fused:i8 pot_scale_int16:u8
DivOptions: fused:i8
EmbeddingLookupSparseOptions: combiner:i8
GatherOptions: axis:i32 batch_dims:i32
ReducerOptions: keep_dims:u8
SqueezeOptions: squeeze_dims:[i32]
SplitOptions: num_splits:i32
SplitVOptions: num_splits:i32
StridedSliceOptions: begin_mask:i32 end_mask:i32 ellipsis_mask:i32 new_axis_mask:i32 shrink_axis_mask:i32 offset:u8
CastOptions: in_data_type:i8 out_data_type:i8
ArgMaxOptions: output_type:i8
ArgMinOptions: output_type:i8
TransposeConvOptions: padding:i8 stride_w:i32 stride_h:i32 fused:i8 quantized_bias_type:i8
SparseToDenseOptions: validate_indices:u8
ShapeOptions: out_type:i8
FakeQuantOptions: min:f32 max:f32 num_bits:i32 narrow_range:u8
PackOptions: values_count:i32 axis:i32
OneHotOptions: axis:i32
UnpackOptions: num:i32 axis:i32
LeakyReluOptions: alpha:f32
MirrorPadOptions: mode:i8
UniqueOptions: idx_out_type:i8
ReverseSequenceOptions: seq_dim:i32 batch_dim:i32
IfOptions: then_subgraph_index:i32 else_subgraph_index:i32
CallOnceOptions: init_subgraph_index:i32
WhileOptions: cond_subgraph_index:i32 body_subgraph_index:i32
BatchMatMulOptions: adj_x:u8 adj_y:u8 asymmetric_quantize_inputs:u8
CumsumOptions: exclusive:u8 reverse:u8
HashtableOptions: table_id:i32 key_dtype:i8 value_dtype:i8
VarHandleOptions: container:string shared_name:string
RandomOptions: seed:i64 seed2:i64
BucketizeOptions: boundaries:[f32]
GeluOptions: approximate:u8
StablehloGatherOptions: offset_dims:[i64] collapsed_slice_dims:[i64] start_index_map:[i64] index_vector_dim:i64
    slice_sizes:[i64] indices_are_sorted:u8
StablehloTransposeOptions: permutation:[i64]
StablehloDotGeneralOptions: lhs_batching_dimensions:[i64] rhs_batching_dimensions:[i64] lhs_contracting_dimensions:[i64]
    rhs_contracting_dimensions:[i64] precision_config:[u32]
StablehloReduceWindowOptions: window_dimensions:[i64] window_strides:[i64] base_dilations:[i64] window_dilations:[i64]
    padding:[i64] body_subgraph_index:i32
StablehloWhileOptions: cond_subgraph_index:i32 body_subgraph_index:i32
StablehloSortOptions: dimension:i64 is_stable:u8 comparator_subgraph_index:i32
StablehloConcatenateOptions: dimension:i64
StablehloBroadcastInDimOptions: broadcast_dimensions:[i64]
StablehloCompareOptions: comparison_direction:u32 compare_type:u32
StablehloDynamicSliceOptions: slice_sizes:[i64]
StablehloPadOptions: edge_padding_low:[i64] edge_padding_high:[i64] interior_padding:[i64]
StablehloIotaOptions: iota_dimension:i64
StablehloCustomCallOptions: call_target_name:string has_side_effect:u8 backend_config:string api_version:i32
    called_computations:[i32] custom_attributes:[u8]
StablehloReduceOptions: dimensions:[i64] body_subgraph_index:i32
StablehloSliceOptions: start_indices:[i64] limit_indices:[i64] strides:[i64]
StablehloConvolutionOptions: window_strides:[i64] padding:[i64] lhs_dilation:[i64] rhs_dilation:[i64]
    window_reversal:[u8]
    input_batch_dimension:i64 input_feature_dimension:i64 input_spatial_dimensions:[i64]
    kernel_input_feature_dimension:i64 kernel_output_feature_dimension:i64 kernel_spatial_dimensions:[i64]
    output_batch_dimension:i64 output_feature_dimension:i64 output_spatial_dimensions:[i64] feature_group_count:i64
    batch_group_count:i64 precision_config:[u32]
StablehloScatterOptions: indices_are_sorted:u8 update_window_dims:[i64] inserted_window_dims:[i64]
    scatter_dims_to_operand_dims:[i64] index_vector_dim:i64 unique_indices:u8 update_computation_subgraph_index:i32
StablehloRngBitGeneratorOptions: algorithm:i8
StableHLOCompositeOptions: name:string decomposition_subgraph_index:i32 composite_attributes:[u8]
    composite_attributes_format:i8 version:i32
StablehloCaseOptions: branch_subgraph_indices:[i32]
ReduceWindowOptions: reduce_function:i32
"""

# A member's place, counted from 1, is the number that the file stores; 0 means that there is none. Members that have no
# line in _TABLES are tables without fields.
_UNIONS = """
QuantizationDetails: CustomQuantization BlockwiseQuantization MultiAxisQuantization
SparseIndexVector: Int32Vector Uint16Vector Uint8Vector
BuiltinOptions: Conv2DOptions DepthwiseConv2DOptions ConcatEmbeddingsOptions LSHProjectionOptions Pool2DOptions
    SVDFOptions
    RNNOptions FullyConnectedOptions SoftmaxOptions ConcatenationOptions AddOptions L2NormOptions
    LocalResponseNormalizationOptions LSTMOptions ResizeBilinearOptions CallOptions ReshapeOptions SkipGramOptions
    SpaceToDepthOptions EmbeddingLookupSparseOptions MulOptions PadOptions GatherOptions BatchToSpaceNDOptions
    SpaceToBatchNDOptions TransposeOptions ReducerOptions SubOptions DivOptions SqueezeOptions SequenceRNNOptions
    StridedSliceOptions ExpOptions TopKV2Options SplitOptions LogSoftmaxOptions CastOptions DequantizeOptions
    MaximumMinimumOptions ArgMaxOptions LessOptions NegOptions PadV2Options GreaterOptions GreaterEqualOptions
    LessEqualOptions SelectOptions SliceOptions TransposeConvOptions SparseToDenseOptions TileOptions ExpandDimsOptions
    EqualOptions NotEqualOptions ShapeOptions PowOptions ArgMinOptions FakeQuantOptions PackOptions LogicalOrOptions
    OneHotOptions LogicalAndOptions LogicalNotOptions UnpackOptions FloorDivOptions SquareOptions ZerosLikeOptions
    FillOptions BidirectionalSequenceLSTMOptions BidirectionalSequenceRNNOptions UnidirectionalSequenceLSTMOptions
    FloorModOptions RangeOptions ResizeNearestNeighborOptions LeakyReluOptions SquaredDifferenceOptions MirrorPadOptions
        AbsOptions SplitVOptions UniqueOptions ReverseV2Options AddNOptions GatherNdOptions CosOptions WhereOptions
    RankOptions
        ReverseSequenceOptions MatrixDiagOptions QuantizeOptions MatrixSetDiagOptions HardSwishOptions IfOptions
    WhileOptions
    DepthToSpaceOptions NonMaxSuppressionV4Options NonMaxSuppressionV5Options ScatterNdOptions SelectV2Options
    DensifyOptions SegmentSumOptions BatchMatMulOptions CumsumOptions CallOnceOptions BroadcastToOptions Rfft2dOptions
    Conv3DOptions HashtableOptions HashtableFindOptions HashtableImportOptions HashtableSizeOptions VarHandleOptions
    ReadVariableOptions AssignVariableOptions RandomOptions BucketizeOptions GeluOptions DynamicUpdateSliceOptions
        UnsortedSegmentProdOptions UnsortedSegmentMaxOptions UnsortedSegmentMinOptions UnsortedSegmentSumOptions
    ATan2Options
    SignOptions BitcastOptions BitwiseXorOptions RightShiftOptions
BuiltinOptions2: StablehloConcatenateOptions StablehloBroadcastInDimOptions StablehloSliceOptions
    StablehloConvolutionOptions
    StablehloCustomCallOptions StablehloReduceOptions StablehloScatterOptions StablehloCompareOptions
    StablehloDynamicSliceOptions StablehloPadOptions StablehloIotaOptions StablehloDotGeneralOptions
    StablehloReduceWindowOptions StablehloSortOptions StablehloWhileOptions StablehloGatherOptions
        StablehloTransposeOptions DilateOptions StablehloRngBitGeneratorOptions ReduceWindowOptions
    StableHLOCompositeOptions
    StablehloShiftLeftOptions StablehloCaseOptions
"""

TFLITE = Schema.from_text(tables=_TABLES, unions=_UNIONS, root="Model")


@dataclass(frozen=True)
class TensorType:
    """One value of the schema's `enum TensorType`.

    Attributes:
        name: the schema's name.
        bits: bits per element in a constant's buffer; 0 where elements have no fixed size.
        numpy: numpy's little-endian name of the type, or "" where numpy has none or TFLM cannot pass it in and out.
    """

    name: str
    bits: int
    numpy: str = ""


TENSOR_TYPES: tuple[TensorType, ...] = (
    TensorType("FLOAT32", 32, "<f4"),
    TensorType("FLOAT16", 16, "<f2"),
    TensorType("INT32", 32, "<i4"),
    TensorType("UINT8", 8, "|u1"),
    TensorType("INT64", 64, "<i8"),
    TensorType("STRING", 0),
    TensorType("BOOL", 8, "|b1"),
    TensorType("INT16", 16, "<i2"),
    TensorType("COMPLEX64", 64, "<c8"),
    TensorType("INT8", 8, "|i1"),
    TensorType("FLOAT64", 64, "<f8"),
    TensorType("COMPLEX128", 128, "<c16"),
    TensorType("UINT64", 64, "<u8"),
    TensorType("RESOURCE", 0),
    TensorType("VARIANT", 0),
    TensorType("UINT32", 32, "<u4"),
    TensorType("UINT16", 16, "<u2"),
    TensorType("INT4", 4),
    TensorType("BFLOAT16", 16),
    TensorType("INT2", 2),
    TensorType("UINT4", 4),
    TensorType("FLOAT8_E4M3FN", 8),
    TensorType("FLOAT8_E5M2", 8),
)

# Values of `enum BuiltinOperator` that the harness treats each in its own way.
CALL, CUSTOM, DELEGATE = 31, 32, 51
IF, WHILE, CALL_ONCE = 118, 119, 129
HASHTABLE, HASHTABLE_IMPORT = 136, 138
VAR_HANDLE, ASSIGN_VARIABLE = 142, 144
# From here on the operators are StableHLO's, none of which TFLM has kernels for.
FIRST_STABLEHLO = 162
