import protobuf from 'protobufjs';

/** What a model of one convolution needs of the ONNX format, by its field numbers. */
const schema = `
  syntax = "proto3";
  message Model { int64 ir_version = 1; Graph graph = 7; repeated Opset opset_import = 8; }
  message Opset { string domain = 1; int64 version = 2; }
  message Graph {
    repeated Node node = 1; string name = 2; repeated Values initializer = 5; repeated Port input = 11; repeated Port output = 12;
  }
  message Node { repeated string input = 1; repeated string output = 2; string op_type = 4; repeated Attribute attribute = 5; }
  message Attribute { string name = 1; int64 i = 3; repeated int64 ints = 8; int32 type = 20; }
  message Values { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
  message Port { string name = 1; Type type = 2; }
  message Type { TensorType tensor_type = 1; }
  message TensorType { int32 elem_type = 1; Shape shape = 2; }
  message Shape { repeated Dimension dim = 1; }
  message Dimension { int64 dim_value = 1; }
`;
const Model = protobuf.parse(schema, { keepCase: true }).root.lookupType('Model');

const FLOAT = 1;
const INTEGER = 2;
const INTEGERS = 7;

/** A model file of y = convolution of x [batch, inChannels, side, side], stride 1, padded to the same size, with random weights. */
export function encodeConvolution({ batch, side, inChannels, outChannels, kernel, groups }) {
  const padding = (kernel - 1) / 2;
  const dims = [outChannels, inChannels / groups, kernel, kernel];
  const weights = Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () => Math.random() - 0.5);
  return Model.encode({
    ir_version: 8,
    opset_import: [{ domain: '', version: 13 }],
    graph: {
      name: 'convolution',
      node: [
        {
          op_type: 'Conv',
          input: ['x', 'w'],
          output: ['y'],
          attribute: [
            { name: 'pads', ints: [padding, padding, padding, padding], type: INTEGERS },
            { name: 'kernel_shape', ints: [kernel, kernel], type: INTEGERS },
            { name: 'group', i: groups, type: INTEGER },
          ],
        },
      ],
      initializer: [{ name: 'w', dims, data_type: FLOAT, raw_data: new Uint8Array(weights.buffer) }],
      input: [port('x', [batch, inChannels, side, side])],
      output: [port('y', [batch, outChannels, side, side])],
    },
  }).finish();
}

function port(name, dims) {
  return { name, type: { tensor_type: { elem_type: FLOAT, shape: { dim: dims.map((length) => ({ dim_value: length })) } } } };
}
