/** E045: shapes of layers, params and outputs; those of ops are E0401 to E0449. */
import type { Code, CodePage } from '../../base/diagnostic.ts';

export const shapeCodes: Readonly<Record<Code, CodePage>> = {
  E0450: {
    title: 'Another number of axes is needed',
    explanation:
      'Convolution and pooling take images `[N, height, width, channels]`: a grey image is `[28, 28, 1]`, and after ' +
      '`Flatten` there is no image any more.',
    wrong: `model Net {
  input image: f32[28, 28]
  image -> Conv2D(8, 3x3) -> output features
}
`,
    right: `model Net {
  input image: f32[28, 28, 1]
  image -> Conv2D(8, 3x3) -> output features
}
`,
  },
  E0451: {
    title: 'An extent does not fit',
    explanation:
      'In the type of an operand a name that is a parameter, or that another operand has bound, is a constraint: ' +
      'the extent must be that number.',
    wrong: `layer Same(c: int)(x: f32[N, h, w, c]) {
  return x + (x -> Conv2D(c, 3x3, padding: same))
}
model Net {
  input image: f32[8, 8, 3]
  image -> Same(4) -> output features
}
`,
    right: `layer Same(c: int)(x: f32[N, h, w, c]) {
  return x + (x -> Conv2D(c, 3x3, padding: same))
}
model Net {
  input image: f32[8, 8, 3]
  image -> Same(3) -> output features
}
`,
  },
  E0452: {
    title: 'A shape is not complete',
    explanation:
      'Inputs and labels are written per sample, without N, and params and states do not depend on the batch; their extents ' +
      'are numbers. `...` stands for any axes in the types of operands only, once.',
    wrong: `model Net {
  input x: f32[N, 4]
  x -> Dense(8) -> output y
}
`,
    right: `model Net {
  input x: f32[4]
  x -> Dense(8) -> output y
}
`,
  },
  E0453: {
    title: 'A shared layer meets different shapes',
    explanation:
      'A shared layer has one set of weights, so everything it is applied to must need weights of the same shape.',
    wrong: `model Net {
  input a: f32[4]
  input b: f32[5]
  shared encode = Dense(8)
  (a -> encode) + (b -> encode) -> output y
}
`,
    right: `model Net {
  input a: f32[4]
  input b: f32[4]
  shared encode = Dense(8)
  (a -> encode) + (b -> encode) -> output y
}
`,
  },
  E0454: {
    title: 'An output without a batch',
    explanation: 'An output gives something for each sample, so it must depend on an input.',
    wrong: `layer Constant()() {
  param value: f32[3] = ones
  return value
}
model Net {
  input x: f32[4]
  Constant()() -> output y
}
`,
    right: `model Net {
  input x: f32[4]
  x -> Dense(3) -> output y
}
`,
  },
};
