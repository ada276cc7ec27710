/** E03: arguments of layers and ops. */
import type { Code, CodePage } from '../../base/diagnostic.ts';

export const argumentCodes: Readonly<Record<Code, CodePage>> = {
  E0301: {
    title: 'A value of another kind is needed',
    explanation:
      'Parameters have types: int, float, bool, string, size, list, stage, initializer, or words of their own. A size is a ' +
      'number, `3x3` or `(3, 3)`; a stage is what may follow `->`.',
    wrong: `model Net {
  input x: f32[4]
  x -> Dense("8") -> output y
}
`,
    right: `model Net {
  input x: f32[4]
  x -> Dense(8) -> output y
}
`,
  },
  E0302: {
    title: 'There is no such argument',
    explanation:
      'The reference page of each layer lists its arguments. They have Keras’s names, but a layer takes its input shape from ' +
      'what comes before, so `input_shape` has no place; layers are named with `as`.',
    wrong: `model Net {
  input image: f32[28, 28, 1]
  image -> Conv2D(32, 3x3, stride: 2) -> output features
}
`,
    right: `model Net {
  input image: f32[28, 28, 1]
  image -> Conv2D(32, 3x3, strides: 2) -> output features
}
`,
  },
  E0303: {
    title: 'An argument is missing',
    explanation: 'Parameters without a default must be given, in order or by name.',
    wrong: `model Net {
  input image: f32[28, 28, 1]
  image -> Conv2D(32) -> output features
}
`,
    right: `model Net {
  input image: f32[28, 28, 1]
  image -> Conv2D(32, 3x3) -> output features
}
`,
  },
  E0304: {
    title: 'Too many arguments',
    explanation: 'The layer has fewer parameters than the call has arguments.',
    wrong: `model Net {
  input image: f32[28, 28, 1]
  image -> Flatten(28, 28) -> output pixels
}
`,
    right: `model Net {
  input image: f32[28, 28, 1]
  image -> Flatten -> output pixels
}
`,
  },
  E0305: {
    title: 'An argument is given twice',
    explanation: 'Once in order and once by name, or by the same name twice.',
    wrong: `model Net {
  input x: f32[4]
  x -> Dense(8, units: 16) -> output y
}
`,
    right: `model Net {
  input x: f32[4]
  x -> Dense(16) -> output y
}
`,
  },
  E0306: {
    title: 'A whole number is needed',
    explanation:
      'There is one kind of number, and 3 / 2 is 1.5. Where a count is needed, `floor` and `ceil` say which way to round.',
    wrong: `model Net(width: int = 5) {
  input x: f32[4]
  x -> Dense(width / 2) -> output y
}
`,
    right: `model Net(width: int = 5) {
  input x: f32[4]
  x -> Dense(floor(width / 2)) -> output y
}
`,
  },
  E0307: {
    title: 'A number is too small',
    explanation: 'Extents, sizes and strides of ops, batches and epochs are at least 1.',
    wrong: `model Net {
  input image: f32[28, 28, 0]
  image -> Flatten -> output pixels
}
`,
    right: `model Net {
  input image: f32[28, 28, 1]
  image -> Flatten -> output pixels
}
`,
  },
  E0308: {
    title: 'Not one of the words',
    explanation: 'Some parameters take one of a few words, written without quotes.',
    wrong: `model Net {
  input image: f32[28, 28, 1]
  image -> Conv2D(8, 3x3, padding: "same") -> output features
}
`,
    right: `model Net {
  input image: f32[28, 28, 1]
  image -> Conv2D(8, 3x3, padding: same) -> output features
}
`,
  },
  E0309: {
    title: 'Another number of tensors is needed',
    explanation:
      'Ops and layers in snake_case take tensors first and everything else by name; `x -> f(y)` puts x first. A list of ' +
      'tensors stands for several.',
    wrong: `model Net {
  input x: f32[4]
  x -> leaky_relu(0.1) -> output y
}
`,
    right: `model Net {
  input x: f32[4]
  x -> leaky_relu(negative_slope: 0.1) -> output y
}
`,
  },
  E0321: {
    title: 'There is no such type',
    explanation:
      'Element types are f32, i32, u32, u8 and bool; params are f32, inputs and labels f32, i32 or u8. Types of parameters ' +
      'are int, float, bool, string, size, list, stage and initializer.',
    wrong: `model Net {
  input x: float32[4]
  x -> Dense(8) -> output y
}
`,
    right: `model Net {
  input x: f32[4]
  x -> Dense(8) -> output y
}
`,
  },
  E0322: {
    title: 'A tensor among the arguments',
    explanation:
      'Layers take arguments in their first parentheses; tensors come by `->` or in second parentheses: `Dense(8)(x)`.',
    wrong: `model Net {
  input x: f32[4]
  y = Dense(x, 8)
  y -> output result
}
`,
    right: `model Net {
  input x: f32[4]
  y = Dense(8)(x)
  y -> output result
}
`,
  },
  E0323: {
    title: 'An argument does not fulfil what its layer requires',
    explanation:
      'A layer says with `require(condition)` which arguments make sense: a rate of `Dropout` from 0 to below 1, a learning ' +
      'rate above 0. The reference page of each layer lists what it requires; layers of your own can do the same.',
    wrong: `model Net {
  input x: f32[4]
  x -> Dropout(1.5) -> output y
}
`,
    right: `model Net {
  input x: f32[4]
  x -> Dropout(0.5) -> output y
}
`,
  },
};
