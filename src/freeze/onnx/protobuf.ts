import { create, createFileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import {
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';
import { type Field, type ModelProto, messages, type OnnxModel, type ScalarType } from './schema.js';

const scalarTypes: Readonly<Record<ScalarType, Type>> = {
  int64: Type.INT64,
  int32: Type.INT32,
  float: Type.FLOAT,
  string: Type.STRING,
  bytes: Type.BYTES,
};

const registry = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: 'onnx.proto',
    package: 'onnx',
    // Explicit presence, as onnx.proto has it: an attribute of 0 is written, not left out.
    syntax: 'proto2',
    messageType: Object.entries(messages).map(([name, fields]) => ({
      name,
      field: Object.entries(fields).map(([field, [number, type, repeated]]) => ({
        name: field,
        number,
        label: repeated ? Label.REPEATED : Label.OPTIONAL,
        ...typeOf(type),
      })),
    })),
  }),
  () => undefined,
);

const modelSchema = registry.getMessage('onnx.ModelProto') as unknown as GenMessage<ModelProto>;

function typeOf(type: Field[1]): { readonly type: Type; readonly typeName?: string } {
  return type in scalarTypes ? { type: scalarTypes[type as ScalarType] } : { type: Type.MESSAGE, typeName: type };
}

/** The bytes of an ONNX file. */
export function encodeModel(model: OnnxModel): Uint8Array {
  return toBinary(modelSchema, create(modelSchema, model));
}

/** @throws whatever the bytes make the library throw */
export function decodeModel(bytes: Uint8Array): ModelProto {
  return fromBinary(modelSchema, bytes);
}
