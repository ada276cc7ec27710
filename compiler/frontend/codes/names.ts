/** E02: names, files and where statements stand. The examples stand in a file called `model.cnn`. */
import type { Code, CodePage } from '../../base/diagnostic.ts';

export const nameCodes: Readonly<Record<Code, CodePage>> = {
  E0201: {
    title: 'Nothing has this name',
    explanation:
      'A name is a parameter, an input or a value bound above in the same body; else a layer or model of this file or ' +
      'imported; else a layer of the prelude or an op. Names count in both branches of an `if`. Layers have Keras’s names.',
    wrong: `model Digits {
  input image: u8[28, 28, 1]
  image -> Rescaling(1 / 255) -> Conv2d(32, 3x3) -> output features
}
`,
    right: `model Digits {
  input image: u8[28, 28, 1]
  image -> Rescaling(1 / 255) -> Conv2D(32, 3x3) -> output features
}
`,
  },
  E0202: {
    title: 'A name is given twice',
    explanation:
      'Each name is bound once: parameters are saved under the names of what they belong to, and a name that means two ' +
      'things would make them ambiguous. Choose another name, or write one chain without naming its middle.',
    wrong: `model Digits {
  input image: f32[28, 28, 1]
  x = image -> Conv2D(32, 3x3)
  x = x -> Conv2D(64, 3x3)
  x -> output features
}
`,
    right: `model Digits {
  input image: f32[28, 28, 1]
  edges = image -> Conv2D(32, 3x3)
  edges -> Conv2D(64, 3x3) -> output features
}
`,
  },
  E0203: {
    title: 'A file cannot be read',
    explanation:
      'Paths of imports and of class names are relative to the folder of the file that names them.',
    wrong: `import Residual from "./no_such_file.cnn"
model Net {
  input image: f32[8, 8, 3]
  image -> Residual(3) -> output features
}
`,
    right: `import Residual from "./residual.cnn"
model Net {
  input image: f32[8, 8, 3]
  image -> Residual(3) -> output features
}
`,
  },
  E0204: {
    title: 'Files import one another in a circle',
    explanation: 'Move what both files need into a third one.',
    wrong: `import Net from "./model.cnn"
`,
    right: `import Residual from "./residual.cnn"
model Net {
  input image: f32[8, 8, 3]
  image -> Residual(3) -> output features
}
`,
  },
  E0205: {
    title: 'The imported file declares no such layer or model',
    explanation: 'Only what a file declares itself can be imported from it, not what it imports.',
    wrong: `import Residuals from "./residual.cnn"
model Net {
  input image: f32[8, 8, 3]
  image -> Residuals(3) -> output features
}
`,
    right: `import Residual from "./residual.cnn"
model Net {
  input image: f32[8, 8, 3]
  image -> Residual(3) -> output features
}
`,
  },
  E0206: {
    title: 'A layer contains itself',
    explanation:
      'Layers are expanded at compile time, so a layer that uses itself, directly or through others, would never end. ' +
      'Use `for` to repeat one.',
    wrong: `layer Tower(n: int)(x: f32[N, ..., c]) {
  return if n == 0 then x else x -> Dense(c) -> Tower(n - 1)
}
model Net {
  input x: f32[4]
  x -> Tower(3) -> output y
}
`,
    right: `layer Tower(n: int)(x: f32[N, ..., c]) {
  return x -> for i in n { -> Dense(c) }
}
model Net {
  input x: f32[4]
  x -> Tower(3) -> output y
}
`,
  },
  E0207: {
    title: 'There is no such model',
    explanation:
      'To build, train or summarise something the file needs a model. Without `--model NAME` the last one with a `train` ' +
      'block is taken, else the last one.',
    wrong: `layer Twice(units: int)(x: f32[N, k]) {
  return x -> Dense(units) -> Dense(units)
}
`,
    right: `layer Twice(units: int)(x: f32[N, k]) {
  return x -> Dense(units) -> Dense(units)
}
model Net {
  input x: f32[4]
  x -> Twice(8) -> output y
}
`,
  },
  E0208: {
    title: 'Not a relative path',
    explanation:
      'Imports are relative to the file that imports, so that a folder of models can be moved as a whole.',
    wrong: `import Residual from "https://models.example/residual.cnn"
model Net {
  input image: f32[8, 8, 3]
  image -> Residual(3) -> output features
}
`,
    right: `import Residual from "./residual.cnn"
model Net {
  input image: f32[8, 8, 3]
  image -> Residual(3) -> output features
}
`,
  },
  E0209: {
    title: 'A name inside `for`',
    explanation:
      'What stands in `for` is instantiated several times, and one name cannot stand for all of them.',
    wrong: `model Net {
  input x: f32[4]
  x -> for i in 3 { -> Dense(4) as hidden } -> output y
}
`,
    right: `model Net {
  input x: f32[4]
  x -> for i in 3 { -> Dense(4) } -> output y
}
`,
  },
  E0210: {
    title: 'Something stands where it does not belong',
    explanation:
      '`input` and `output` belong in models, `return` at the end of layers, and an operand for any number of tensors ' +
      '(`...xs`) stands last. Graph text is for `cnnc ir`.',
    wrong: `layer Twice(units: int)(x: f32[N, k]) {
  x -> Dense(units) -> Dense(units) -> output y
  return x
}
model Net {
  input x: f32[4]
  x -> Twice(8) -> output y
}
`,
    right: `layer Twice(units: int)(x: f32[N, k]) {
  return x -> Dense(units) -> Dense(units)
}
model Net {
  input x: f32[4]
  x -> Twice(8) -> output y
}
`,
  },
  E0211: {
    title: 'Nothing comes in or out',
    explanation: 'A layer ends in `return`; a model has at least one `input` and one `-> output NAME`.',
    wrong: `model Net {
  input x: f32[4]
  x -> Dense(8)
}
`,
    right: `model Net {
  input x: f32[4]
  x -> Dense(8) -> output y
}
`,
  },
  E0212: {
    title: 'A name with a fixed meaning',
    explanation:
      '`training` is true in training steps, `step` is the number of the running step, `N` is the batch. They mean the same ' +
      'everywhere and cannot be bound.',
    wrong: `model Net {
  input x: f32[4]
  training = x -> Dense(8)
  training -> output y
}
`,
    right: `model Net {
  input x: f32[4]
  hidden = x -> Dense(8)
  hidden -> output y
}
`,
  },
  E0213: {
    title: 'There is no such member',
    explanation:
      'A tensor has `shape` (a list), `rank` and `dtype`; behind a name given with `as` or `shared` the parameters of the ' +
      'layer can be read, such as `head.kernel`.',
    wrong: `model Net {
  input x: f32[4]
  x -> Dense(x.size[1]) -> output y
}
`,
    right: `model Net {
  input x: f32[4]
  x -> Dense(x.shape[1]) -> output y
}
`,
  },
};
