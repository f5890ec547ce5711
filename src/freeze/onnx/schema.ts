import type { Message, MessageInitShape } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';

/*
 * The messages of onnx.proto that a model in float32 needs, with the numbers that onnx.proto gives their fields. Enumerations are int32
 * and what a `oneof` chooses from are optional fields: the bytes are the same.
 */

export type ModelProto = Message<'onnx.ModelProto'> & {
  irVersion: bigint;
  producerName: string;
  producerVersion: string;
  docString: string;
  graph: GraphProto;
  opsetImport: OperatorSetIdProto[];
  metadataProps: StringStringEntryProto[];
};
type OperatorSetIdProto = Message<'onnx.OperatorSetIdProto'> & { domain: string; version: bigint };
type StringStringEntryProto = Message<'onnx.StringStringEntryProto'> & { key: string; value: string };
type GraphProto = Message<'onnx.GraphProto'> & {
  node: NodeProto[];
  name: string;
  initializer: TensorProto[];
  input: ValueInfoProto[];
  output: ValueInfoProto[];
};
type NodeProto = Message<'onnx.NodeProto'> & {
  input: string[];
  output: string[];
  name: string;
  opType: string;
  attribute: AttributeProto[];
};
type AttributeProto = Message<'onnx.AttributeProto'> & {
  name: string;
  f?: number;
  i?: bigint;
  s?: Uint8Array;
  t?: TensorProto;
  ints: bigint[];
  type: number;
};
type TensorProto = Message<'onnx.TensorProto'> & { dims: bigint[]; dataType: number; name: string; rawData: Uint8Array };
type ValueInfoProto = Message<'onnx.ValueInfoProto'> & { name: string; type: TypeProto };
type TypeProto = Message<'onnx.TypeProto'> & { tensorType: TensorTypeProto };
type TensorTypeProto = Message<'onnx.TensorTypeProto'> & { elemType: number; shape: TensorShapeProto };
type TensorShapeProto = Message<'onnx.TensorShapeProto'> & { dim: DimensionProto[] };
type DimensionProto = Message<'onnx.DimensionProto'> & { dimValue?: bigint; dimParam?: string };

/** Number and type of a field; a type that begins with a dot is a message. */
export type Field = readonly [number: number, type: ScalarType | `.onnx.${string}`, repeated?: 'repeated'];
export type ScalarType = 'int64' | 'int32' | 'float' | 'string' | 'bytes';

export const messages: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  ModelProto: {
    ir_version: [1, 'int64'],
    producer_name: [2, 'string'],
    producer_version: [3, 'string'],
    doc_string: [6, 'string'],
    graph: [7, '.onnx.GraphProto'],
    opset_import: [8, '.onnx.OperatorSetIdProto', 'repeated'],
    metadata_props: [14, '.onnx.StringStringEntryProto', 'repeated'],
  },
  OperatorSetIdProto: { domain: [1, 'string'], version: [2, 'int64'] },
  StringStringEntryProto: { key: [1, 'string'], value: [2, 'string'] },
  GraphProto: {
    node: [1, '.onnx.NodeProto', 'repeated'],
    name: [2, 'string'],
    initializer: [5, '.onnx.TensorProto', 'repeated'],
    input: [11, '.onnx.ValueInfoProto', 'repeated'],
    output: [12, '.onnx.ValueInfoProto', 'repeated'],
  },
  NodeProto: {
    input: [1, 'string', 'repeated'],
    output: [2, 'string', 'repeated'],
    name: [3, 'string'],
    op_type: [4, 'string'],
    attribute: [5, '.onnx.AttributeProto', 'repeated'],
  },
  AttributeProto: {
    name: [1, 'string'],
    f: [2, 'float'],
    i: [3, 'int64'],
    s: [4, 'bytes'],
    t: [5, '.onnx.TensorProto'],
    ints: [8, 'int64', 'repeated'],
    type: [20, 'int32'],
  },
  TensorProto: { dims: [1, 'int64', 'repeated'], data_type: [2, 'int32'], name: [8, 'string'], raw_data: [9, 'bytes'] },
  ValueInfoProto: { name: [1, 'string'], type: [2, '.onnx.TypeProto'] },
  TypeProto: { tensor_type: [1, '.onnx.TensorTypeProto'] },
  TensorTypeProto: { elem_type: [1, 'int32'], shape: [2, '.onnx.TensorShapeProto'] },
  TensorShapeProto: { dim: [1, '.onnx.DimensionProto', 'repeated'] },
  DimensionProto: { dim_value: [1, 'int64'], dim_param: [2, 'string'] },
};

export type OnnxModel = MessageInitShape<GenMessage<ModelProto>>;
export type OnnxNode = MessageInitShape<GenMessage<NodeProto>>;
export type OnnxAttribute = MessageInitShape<GenMessage<AttributeProto>>;
export type OnnxTensor = MessageInitShape<GenMessage<TensorProto>>;
export type OnnxValue = MessageInitShape<GenMessage<ValueInfoProto>>;

/** Element types, by the numbers of onnx.proto. */
export const elementTypes = { float: 1, int64: 7 } as const;
