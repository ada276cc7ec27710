/** E03: what can be done with which value. */
import type { Code, CodePage } from '../../base/diagnostic.ts';

export const valueCodes: Readonly<Record<Code, CodePage>> = {
  E0310: {
    title: 'An operator or function does not apply',
    explanation:
      'Operators work on numbers at compile time and on tensors; `and`, `or` and `not` on truth values.',
    wrong: `model Net {
  input x: f32[4]
  x -> Dense(8 + "1") -> output y
}
`,
    right: `model Net {
  input x: f32[4]
  x -> Dense(8 + 1) -> output y
}
`,
  },
  E0311: {
    title: 'A condition is not known at compile time',
    explanation:
      '`if` chooses what the model is made of, and `require` what it may be, once, when it is compiled. To choose per number ' +
      'while the model runs, use `where(condition, a, b)`.',
    wrong: `model Net {
  input x: f32[4]
  y = if x > 0 then x else 0.1 * x
  y -> output result
}
`,
    right: `model Net {
  input x: f32[4]
  y = where(x > 0, x, 0.1 * x)
  y -> output result
}
`,
  },
  E0312: {
    title: 'A tensor is needed',
    explanation: 'A layer is not a tensor before it is applied to one: `x -> Layer(…)`.',
    wrong: `model Net {
  input x: f32[4]
  hidden = Dense(8)
  x + hidden -> output y
}
`,
    right: `model Net {
  input x: f32[4]
  hidden = x -> Dense(4)
  x + hidden -> output y
}
`,
  },
  E0313: {
    title: 'Another element type is needed',
    explanation:
      'Arithmetic turns bytes, integers and truth values into f32 by itself, layers do not: pixels 0 to 255 into a convolution are ' +
      'mostly a mistake. `Rescaling(1 / 255)` makes them numbers from 0 to 1, `cast(to: f32)` keeps their values.',
    wrong: `model Net {
  input image: u8[28, 28, 1]
  image -> Conv2D(8, 3x3) -> output features
}
`,
    right: `model Net {
  input image: u8[28, 28, 1]
  image -> Rescaling(1 / 255) -> Conv2D(8, 3x3) -> output features
}
`,
  },
  E0314: {
    title: 'Not a finite number',
    explanation: 'A division by zero, the logarithm of zero, or a result beyond the largest number.',
    wrong: `model Net {
  input x: f32[4]
  x * (1 / 0) -> output y
}
`,
    right: `model Net {
  input x: f32[4]
  x * (1 / 255) -> output y
}
`,
  },
  E0315: {
    title: 'No such element',
    explanation: 'Lists and sizes are indexed from 0; -1 is the last. Tensors are cut with `slice`.',
    wrong: `model Net {
  input x: f32[4]
  x -> Dense(x.shape[2]) -> output y
}
`,
    right: `model Net {
  input x: f32[4]
  x -> Dense(x.shape[1]) -> output y
}
`,
  },
  E0316: {
    title: 'Not something to call',
    explanation:
      'Only layers, ops and functions can be called. A stage that came in as a parameter or was bound to a name has its ' +
      'arguments already.',
    wrong: `model Net(width: int = 4) {
  input x: f32[4]
  x -> width -> output y
}
`,
    right: `model Net(width: int = 4) {
  input x: f32[4]
  x -> Dense(width) -> output y
}
`,
  },
  E0317: {
    title: '`for` needs something to count or to go through',
    explanation: '`for i in 3` counts 0, 1, 2; `for width in [16, 32]` takes each element.',
    wrong: `model Net {
  input x: f32[4]
  x -> for i in 2.5 { -> Dense(4) } -> output y
}
`,
    right: `model Net {
  input x: f32[4]
  x -> for i in 2 { -> Dense(4) } -> output y
}
`,
  },
  E0318: {
    title: 'Another number of names than values',
    explanation: '`a, b = …` takes apart a layer that returns two values, or a list of two.',
    wrong: `model Net {
  input x: f32[4]
  a, b = [x, x, x]
  a + b -> output y
}
`,
    right: `model Net {
  input x: f32[4]
  a, b = [x, x]
  a + b -> output y
}
`,
  },
  E0319: {
    title: 'Another number of initial values',
    explanation:
      'An initializer is zeros, ones, glorot_uniform, he_normal, one number, a flat list of all numbers in row-major order, ' +
      'or nested lists of the very shape.',
    wrong: `layer Edges()(x: f32[N, h, w, 1]) {
  param kernel: f32[2, 2, 1, 1] = [-1, -1, 1]
  return conv2d(x, kernel)
}
model Net {
  input image: f32[4, 4, 1]
  image -> Edges -> output edges
}
`,
    right: `layer Edges()(x: f32[N, h, w, 1]) {
  param kernel: f32[2, 2, 1, 1] = [-1, -1, 1, 1]
  return conv2d(x, kernel)
}
model Net {
  input image: f32[4, 4, 1]
  image -> Edges -> output edges
}
`,
  },
  E0320: {
    title: 'This cannot be set',
    explanation:
      '`set` writes a `state` of the same layer, with a value of the same type, at the end of a training step.',
    wrong: `layer Counted()(x: f32[N, k]) {
  param count: f32[] = zeros
  set count = count + 1
  return x * count
}
model Net {
  input x: f32[4]
  x -> Counted -> Dense(1) -> output y
}
train Net {
  label truth: f32[1]
  loss: mean_squared_error(truth, y)
  optimizer: SGD
}
`,
    right: `layer Counted()(x: f32[N, k]) {
  state count: f32[] = zeros
  set count = count + 1
  return x * count
}
model Net {
  input x: f32[4]
  x -> Counted -> Dense(1) -> output y
}
train Net {
  label truth: f32[1]
  loss: mean_squared_error(truth, y)
  optimizer: SGD
}
`,
  },
};
