/** What `infer` may find wrong with a call: the pages of `cnnc explain`. The frontend has E0450 and up. */
import type { Code, CodePage } from '../base/diagnostic.ts';

export const codes: Readonly<Record<Code, CodePage>> = {
  E0401: {
    title: 'Shapes do not broadcast',
    explanation:
      'Arithmetic between two values works element by element. Shapes are aligned from their last axis, as in numpy; at each ' +
      'axis the two extents must be equal, or one of them 1 (or absent), which is then repeated. The batch N only goes with N.',
    wrong: `model Wrong {
  input image: f32[8, 8, 3]
  plain = image -> Conv2D(4, 3x3)
  padded = image -> Conv2D(4, 3x3, padding: same)
  plain + padded -> output sum
}
`,
    right: `model Right {
  input image: f32[8, 8, 3]
  first = image -> Conv2D(4, 3x3, padding: same)
  second = image -> Conv2D(4, 3x3, padding: same)
  first + second -> output sum
}
`,
  },
  E0402: {
    title: 'A kernel or window is larger than its input',
    explanation:
      'With padding: valid every window lies inside the image, so the image must be at least as large as the window. Images ' +
      'shrink with each valid convolution and with each pooling. padding: same keeps the size (divided by the strides), and ' +
      'an explicit padding adds zeros on each side.',
    wrong: `model Wrong {
  input image: f32[4, 4, 1]
  image -> Conv2D(8, 5x5) -> output features
}
`,
    right: `model Right {
  input image: f32[4, 4, 1]
  image -> Conv2D(8, 5x5, padding: same) -> output features
}
`,
  },
  E0403: {
    title: 'The kernel is for another number of channels',
    explanation:
      'A convolution kernel is [rows, columns, input channels, filters]; its third extent must be the number of channels of ' +
      'the image, its last axis. The layer Conv2D takes it from the image by itself.',
    wrong: `layer Edges()(x: f32[N, h, w, c]) {
  param kernel: f32[3, 3, 1, 4] = glorot_uniform
  return conv2d(x, kernel)
}
model Wrong {
  input image: f32[8, 8, 3]
  image -> Edges -> output edges
}
`,
    right: `layer Edges()(x: f32[N, h, w, c]) {
  param kernel: f32[3, 3, c, 4] = glorot_uniform
  return conv2d(x, kernel)
}
model Right {
  input image: f32[8, 8, 3]
  image -> Edges -> output edges
}
`,
  },
  E0404: {
    title: 'A value has too many or too few axes',
    explanation:
      'Convolution and pooling take images [N, height, width, channels]; a matrix product takes rows and a matrix. After ' +
      'Flatten, GlobalAveragePooling2D or Dense there are no rows and columns of pixels left.',
    wrong: `model Wrong {
  input image: f32[8, 8, 1]
  image -> Flatten -> max_pool2d(pool_size: 2x2, strides: 2x2) -> output features
}
`,
    right: `model Right {
  input image: f32[8, 8, 1]
  image -> max_pool2d(pool_size: 2x2, strides: 2x2) -> Flatten -> output features
}
`,
  },
  E0405: {
    title: 'There is no such axis',
    explanation:
      'Axes count from 0, the batch N; negative ones count from the end, so that -1 is the last axis. An image has the axes ' +
      '0 (batch), 1 (rows), 2 (columns) and 3 (channels).',
    wrong: `model Wrong {
  input image: f32[8, 8, 3]
  mean(image, axes: [4]) -> output grey
}
`,
    right: `model Right {
  input image: f32[8, 8, 3]
  mean(image, axes: [3]) -> output grey
}
`,
  },
  E0406: {
    title: 'These values cannot stand side by side',
    explanation:
      'Concatenation joins values along one axis, the last where none is named. All other axes must have equal extents: ' +
      'images with the same rows and columns can be joined along their channels.',
    wrong: `model Wrong {
  input image: f32[8, 8, 1]
  small = image -> MaxPooling2D(2x2)
  [image, small] -> Concatenate -> output both
}
`,
    right: `model Right {
  input image: f32[8, 8, 1]
  smooth = image -> Conv2D(2, 3x3, padding: same)
  [image, smooth] -> Concatenate -> output both
}
`,
  },
  E0407: {
    title: 'The inner extents of a matrix product differ',
    explanation:
      'matmul(a, b) multiplies the rows of a with the columns of b: the last extent of a must be the first of b (the last, ' +
      'with transpose_b). The layer Dense makes a matrix that fits by itself.',
    wrong: `layer Mix()(x: f32[N, k]) {
  param weights: f32[4, 2] = glorot_uniform
  return matmul(x, weights)
}
model Wrong {
  input numbers: f32[3]
  numbers -> Mix -> output mixed
}
`,
    right: `layer Mix()(x: f32[N, k]) {
  param weights: f32[k, 2] = glorot_uniform
  return matmul(x, weights)
}
model Right {
  input numbers: f32[3]
  numbers -> Mix -> output mixed
}
`,
  },
  E0408: {
    title: 'A shape for another number of elements',
    explanation:
      'reshape keeps all elements and their order, so the product of the new extents must be that of the old ones. The batch ' +
      'N stays and is not named. One extent may be -1: it becomes what remains.',
    wrong: `model Wrong {
  input numbers: f32[12]
  numbers -> reshape(shape: [3, 5]) -> output table
}
`,
    right: `model Right {
  input numbers: f32[12]
  numbers -> reshape(shape: [3, 4]) -> output table
}
`,
  },
  E0409: {
    title: 'A slice reaches beyond its axis',
    explanation: 'slice takes the places start … start + size - 1 of one axis; all of them must exist.',
    wrong: `model Wrong {
  input numbers: f32[4]
  numbers -> slice(axis: 1, start: 2, size: 3) -> output part
}
`,
    right: `model Right {
  input numbers: f32[4]
  numbers -> slice(axis: 1, start: 1, size: 3) -> output part
}
`,
  },
  E0410: {
    title: 'Element types differ',
    explanation:
      'The operands of an op have one element type. Arithmetic turns u8, i32 and bool into f32 where they meet f32; elsewhere ' +
      'cast(x, to: f32) does it.',
    wrong: `model Wrong {
  input photo: u8[8, 8, 3]
  input depth: f32[8, 8, 1]
  [photo, depth] -> Concatenate -> output both
}
`,
    right: `model Right {
  input photo: u8[8, 8, 3]
  input depth: f32[8, 8, 1]
  [photo -> Rescaling(1 / 255), depth] -> Concatenate -> output both
}
`,
  },
  E0411: {
    title: 'The batch is not to be cut, joined or moved',
    explanation:
      'Axis 0 is the batch: the samples that happen to be computed together. A model gives the same answer for a sample ' +
      'whatever stands beside it, so slice, concatenate and transpose work inside the sample only.',
    wrong: `model Wrong {
  input a: f32[4]
  input b: f32[4]
  concatenate(a, b, axis: 0) -> output both
}
`,
    right: `model Right {
  input a: f32[4]
  input b: f32[4]
  concatenate(a, b, axis: 1) -> output both
}
`,
  },
  E0412: {
    title: 'Not a permutation of the axes',
    explanation: 'transpose takes every axis exactly once, in the new order; the batch, axis 0, stays first.',
    wrong: `model Wrong {
  input image: f32[8, 4, 3]
  image -> transpose(permutation: [0, 2, 2, 3]) -> output turned
}
`,
    right: `model Right {
  input image: f32[8, 4, 3]
  image -> transpose(permutation: [0, 2, 1, 3]) -> output turned
}
`,
  },
  E0413: {
    title: 'Windows with nothing in them',
    explanation:
      'Padding takes no part in pooling, so a window that lies wholly in the padding would have no maximum and no mean. The ' +
      'padding must be smaller than the window.',
    wrong: `model Wrong {
  input image: f32[8, 8, 1]
  image -> max_pool2d(pool_size: 2x2, strides: 2x2, padding: 2x2) -> output pooled
}
`,
    right: `model Right {
  input image: f32[8, 8, 1]
  image -> max_pool2d(pool_size: 2x2, strides: 2x2, padding: 1x1) -> output pooled
}
`,
  },
  E0414: {
    title: 'Axes are named twice, or in two ways',
    explanation:
      'A reduction takes the axes to reduce (axes) or those to keep (keep), not both, and each axis once. Without either it ' +
      'reduces all axes, the batch too.',
    wrong: `model Wrong {
  input image: f32[8, 8, 3]
  mean(image, axes: [1, 2], keep: [0, 3]) -> output colour
}
`,
    right: `model Right {
  input image: f32[8, 8, 3]
  mean(image, axes: [1, 2]) -> output colour
}
`,
  },
  E0415: {
    title: 'A gradient of another shape than the result',
    explanation:
      'The ops whose names end in _gradient take the gradient of a result, which has the shape of that result. They are meant ' +
      'for the compiler; a model seldom needs them.',
    wrong: `model Wrong {
  input image: f32[4, 4, 1]
  average_pool2d_gradient(image, size: 4x4, pool_size: 2x2, strides: 2x2) -> output spread
}
`,
    right: `model Right {
  input image: f32[4, 4, 1]
  average_pool2d_gradient(image, size: 8x8, pool_size: 2x2, strides: 2x2) -> output spread
}
`,
  },
  E0416: {
    title: 'Channels do not divide into groups',
    explanation:
      'A convolution with groups divides the channels of the image and its own filters into so many equal parts; each filter ' +
      'sees the channels of its part only. Both numbers must be multiples of groups. groups: 1 is the usual convolution.',
    wrong: `model Wrong {
  input image: f32[8, 8, 3]
  image -> Conv2D(8, 3x3, groups: 2) -> output features
}
`,
    right: `model Right {
  input image: f32[8, 8, 3]
  image -> Conv2D(8, 3x3) -> Conv2D(8, 3x3, groups: 2) -> output features
}
`,
  },
};
