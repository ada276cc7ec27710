/** What a message says and where it points: as a person reads it. */
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../compiler/base/diagnostic.ts';
import { analyze } from '../../compiler/frontend/index.ts';
import { codes } from '../../compiler/frontend/codes.ts';

const diagnose = (text: string) =>
  analyze({ entry: 'model.cnn', read: (path) => (path === 'model.cnn' ? text : undefined) }).diagnostics;
const net = (...stages: readonly string[]) =>
  `model Net {\n  input image: u8[28, 28, 1]\n  image -> Rescaling(1 / 255)\n${stages.map((stage) => `    -> ${stage}\n`).join('')}    -> output y\n}\n`;
const shown = (text: string, { span, message, notes }: Diagnostic) => [
  text.slice(span.start, span.end),
  message,
  ...notes.map((note) => note.message),
];

describe('messages', () => {
  const only = (text: string) => {
    const found = diagnose(text);
    expect(found).toHaveLength(1);
    return found.flatMap((diagnostic) => shown(text, diagnostic));
  };

  it.each([
    ['GlobalAvgPool2D', 'GlobalAveragePooling2D'],
    ['GlobalAvgPooling2D', 'GlobalAveragePooling2D'],
    ['AvgPooling2D', 'AveragePooling2D'],
    ['GlobalMaxPool2D', 'GlobalMaxPooling2D'],
  ])('%s is not another pooling', (name, meant) => {
    expect(diagnose(net(name)).map(({ fix }) => fix?.title)).toEqual([`write \`${meant}\``]);
  });

  const inLayer = (head: string): string =>
    `layer Block${head}\nmodel Net {\n  input x: f32[3, 3, 1]\n  x -> Block -> output y\n}\n`;

  it.each([
    [
      'one pair of parentheses',
      inLayer('(x) {\n  return x -> Flatten\n}'),
      [
        ')',
        'a layer has two pairs of parentheses: its parameters, then its tensors',
        'such as `layer Twice(factor: float = 2)(x: f32[N, c])`',
      ],
    ],
    [
      'a parameter without a type',
      inLayer('(n)(x) {\n  return x -> Dense(n)\n}'),
      [')', 'expected `:`, found `)`', 'a parameter has a type, such as `n: int`'],
    ],
    [
      'a layer that ends in no return',
      inLayer('()(x) {\n  x -> Flatten\n}'),
      ['Block', 'layer `Block` returns nothing', 'end it with `return` and an expression'],
    ],
    [
      'an operand without the batch',
      inLayer('()(x: f32[h, w, c]) {\n  return x -> Flatten\n}'),
      [
        'Block',
        '`Block` takes `x: f32[h, w, c]`, got f32[N, 3, 3, 1]',
        'it has 4, the layer takes 3 axes',
        'layers write the batch, too, which comes first: `[N, …]`',
      ],
    ],
    [
      'extents in parentheses',
      'model Net {\n  input x: f32(3)\n  x -> Dense(2) -> output y\n}\n',
      ['(', 'extents stand in brackets, such as `f32[3]`'],
    ],
    [
      'a keyword for a binding',
      'model Net {\n  input x: f32[3]\n  const h = x -> Dense(3)\n  h -> output y\n}\n',
      ['const', 'nothing is called `const` here', 'a name is bound without a keyword: `h = x -> Dense(3)`'],
    ],
  ])('%s', (_, text, expected) => {
    expect(only(text)).toEqual(expected);
  });

  it('say what met what, and what would do', () => {
    expect(only(net('MaxPooling2D(14)', 'Conv2D(8, 3x3)'))).toEqual([
      'Conv2D(8, 3x3)',
      '`conv2d`: the kernel is 3x3, larger than its input of 2x2',
      'padding: same would do, or a smaller kernel',
      'f32[N, 2, 2, 1] comes from `max_pooling2d` in line 4',
      'inside `Conv2D` of the prelude',
    ]);
  });

  it('name the layer where its op was called', () => {
    expect(only(net('conv2d(8, 3)'))[2]).toBe('the layer, which has weights of its own, is `Conv2D`');
  });

  it('point at the user, not at the prelude', () => {
    const text = net('Flatten', 'MaxPooling2D(2)');
    const [diagnostic] = diagnose(text);
    expect(diagnostic?.span.file).toBe('model.cnn');
    expect(only(text).slice(0, 2)).toEqual([
      'MaxPooling2D(2)',
      '`MaxPooling2D` takes `x: f32[N, h, w, c]`, got f32[N, 784]',
    ]);
  });

  const trained = (stages: readonly string[], entries: string): string =>
    `${net(...stages)}train Net {\n  label truth: i32\n  optimizer: SGD\n  ${entries}\n}\n`;

  it.each([
    [
      'a word in quotes',
      net('Conv2D(8, 3x3, padding: "same")', 'Flatten'),
      ['`padding` of `Conv2D` is a word, which stands without quotes: `same`'],
    ],
    ['no filters', net('Conv2D(0, 3x3)'), ['`Conv2D` requires `filters >= 1`, got `filters` = 0']],
    [
      'no Flatten',
      trained(['Dense(10, activation: softmax)'], 'loss: sparse_categorical_crossentropy(truth, y)'),
      ['the axes `...s` are [] in what came before', '`Flatten` before the last `Dense`'],
    ],
    [
      'a setting of the optimizer',
      trained(
        ['Flatten', 'Dense(10, activation: softmax)'],
        'learning_rate: 0.1\n  loss: sparse_categorical_crossentropy(truth, y)',
      ),
      ['`train` has no setting `learning_rate`', '`learning_rate` goes to the optimizer'],
    ],
    [
      'no softmax',
      trained(['Flatten', 'Dense(10)'], 'loss: sparse_categorical_crossentropy(truth, y)'),
      [
        'the loss takes the logarithm of `y`, which may be negative',
        '`activation: softmax` in the last layer',
      ],
    ],
    [
      'no sigmoid',
      trained(['Flatten', 'Dense(1, use_bias: false)'], 'loss: binary_crossentropy(truth, y)').replace(
        'truth: i32',
        'truth: f32[1]',
      ),
      ['the loss takes the logarithm of `y`', '`activation: sigmoid` in the last layer'],
    ],
    [
      'the label in the place of the prediction',
      trained(['Flatten', 'Dense(1, activation: sigmoid)'], 'loss: binary_crossentropy(y, truth)').replace(
        'truth: i32',
        'truth: f32[1]',
      ),
      ['the loss takes the logarithm of the label', 'losses take the truth first'],
    ],
    ['a model like a variable', 'model = Sequential([])\n', ['a model is `model Name { input']],
    [
      'for as a statement',
      'model Net {\n  input x: f32[4]\n  for i in 3 { x -> Dense(4) }\n}\n',
      ['`for` is a stage'],
    ],
    [
      'if as a stage',
      'model Net {\n  input x: f32[4]\n  x -> if true then relu else tanh -> output y\n}\n',
      ['`if` chooses between values'],
    ],
    ['a path of Windows', 'import A from ".\\\\a.cnn"\n', ['folders are separated by `/`']],
  ])('say what to do: %s', (_name, text, expected) => {
    const found = diagnose(text).flatMap((diagnostic) => shown(text, diagnostic));
    for (const words of expected) expect(found.join('\n')).toContain(words);
  });

  it('say nothing of logarithms where numbers are positive', () => {
    for (const last of ['Dense(3, activation: softmax)', 'Dense(3) -> exp', 'Dense(3) -> softmax']) {
      expect(diagnose(trained(['Flatten', last], 'loss: sparse_categorical_crossentropy(truth, y)'))).toEqual(
        [],
      );
    }
  });

  it('point into the innermost layer of the user, with the way there', () => {
    const text = `layer Block(n: int)(x: f32[N, h, w, c]) {
  return x + (x -> Conv2D(n, 3x3))
}
${net('Block(1)', 'Block(1)')}`;
    const found = diagnose(text);
    expect(found).toHaveLength(1);
    const [span, message, ...notes] = only(text);
    expect(span).toBe('x + (x -> Conv2D(n, 3x3))');
    expect(message).toContain('[N, 28, 28, 1]');
    expect(message).toContain('[N, 26, 26, 1]');
    expect(notes.at(-1)).toBe('in `block`, which is used here');
    const outer = found[0]?.notes.at(-1)?.span;
    expect(outer && text.slice(outer.start, outer.end)).toBe('Block(1)');
  });

  it.each([
    ['Conv2d(8, 3x3)', 'did you mean `Conv2D`?'],
    ['Convd2D(8, 3x3)', 'did you mean `Conv2D`?'],
    ['MaxPool2D(2)', 'did you mean `MaxPooling2D`?'],
    ['BatchNorm2d', 'did you mean `BatchNormalization`?'],
    ['Linear(3)', 'did you mean `Dense`?'],
    ['reluu', 'did you mean `relu`?'],
    ['GELU', 'cnnc has no `GELU`; its ops may make one as a layer of your own, see docs/add-a-layer.md'],
    ['Dense(3, actvation: relu)', 'did you mean `activation`?'],
    ['Dense(out_features: 3)', 'did you mean `units`?'],
    ['Conv2D(3, 3, stride: 2)', 'did you mean `strides`?'],
    ['Conv2D(3, 3, padding: some)', 'did you mean `same`?'],
    ['Dense(3, activation: "relu")', 'names are written without quotes: `relu`'],
    [
      'Dense(3, input_shape: (28, 28))',
      'the shape is declared once: `input image: u8[28, 28, 1]`; layers take theirs from what comes before',
    ],
    ['Dense(3, name: "head")', 'a layer is named with `as`: `-> Dense(10) as head`'],
    ['leaky_relu(0.1)', 'attributes are given by name: `leaky_relu(x, negative_slope: …)`'],
    ['max(1)', 'of two tensors: `maximum(a, b)`'],
    ['Dense(7 / 2)', '`floor(…)` and `ceil(…)` make whole numbers'],
  ])('%s: %s', (stage, hint) => {
    const found = diagnose(net(stage));
    expect(found.flatMap(({ notes }) => notes.map(({ message }) => message))).toContain(hint);
  });

  it('come one by one for independent mistakes', () => {
    const text = `model Net {
  input image: f32[28, 28, 1]
  a = image -> Conv2D(8)
  b = image -> Dense(2.5)
  c = image -> Nothing
  d = a -> Conv2D(100, 3x3) -> Dense("3")
  image -> Flatten -> output y(classes: ["one"])
}
`;
    expect(
      diagnose(text)
        .map(({ code }) => code)
        .sort(),
    ).toEqual(['E0201', 'E0301', 'E0303', 'E0306', 'E0506']);
  });
});

describe('habits from elsewhere', () => {
  const notesOf = (text: string, options: Parameters<typeof analyze>[1] = {}) =>
    analyze({ entry: 'model.cnn', read: () => text }, options).diagnostics.map(({ code, notes }) => [
      code,
      ...notes.map(({ message }) => message),
    ]);

  it.each([
    ['float32', 'f32'],
    ['int64', 'i32'],
    ['uint8', 'u8'],
  ])('%s is an element type of others', (name, meant) => {
    const text = `model M {\n  input x: ${name}[3]\n  x -> Dense(1) -> output y\n}\n`;
    expect(notesOf(text)).toEqual([['E0321', `did you mean \`${meant}\`?`]]);
  });

  it('the number of a class, where one number for each is expected', () => {
    const text = `model M {
  input x: f32[3]
  x -> Dense(3, activation: softmax) -> output y
}
train M {
  label truth: i32
  loss: categorical_crossentropy(truth, y)
  optimizer: SGD(learning_rate: 0.1)
}
`;
    expect(notesOf(text)).toEqual([
      [
        'E0505',
        expect.stringMatching(/^a label is/),
        '`sparse_categorical_crossentropy` takes the index of a class',
      ],
    ]);
    expect(notesOf(text.replace('categorical', 'binary'))).toEqual([
      ['E0505', expect.stringMatching(/^a label is/)],
    ]);
  });

  it('a model that is not in the file', () => {
    const text = 'model One {\n  input x: f32[3]\n  x -> Dense(1) -> output y\n}\n';
    expect(notesOf(text, { model: 'Two' })).toEqual([['E0207', 'there is `One`']]);
  });
});

describe('every fix', () => {
  const fixable = [
    ...Object.values(codes).map((page) => page.wrong),
    net(
      'Conv2d(8, 3x3)',
      'Dense(3, actvation: relu)',
      'Dense(3, activation: "relu")',
      'Conv2D(3, 3, padding: "same")',
    ),
  ].flatMap((text) =>
    diagnose(text).flatMap((diagnostic) =>
      diagnostic.fix ? [{ text, diagnostic, fix: diagnostic.fix }] : [],
    ),
  );

  it('is called what it does, in the same words', () => {
    const titles = fixable.map(({ fix }) => fix.title);
    const wording = /^(write `[^`]+`|remove `[^`]+`|add parentheses|join the lines)$/u;
    expect(titles.filter((title) => !wording.test(title))).toEqual([]);
  });

  it('removes its cause', () => {
    expect(fixable.length).toBeGreaterThan(5);
    for (const { text, diagnostic, fix } of fixable) {
      const edits = [...fix.edits].sort((a, b) => b.span.start - a.span.start);
      const mended = edits.reduce(
        (changed, { span, text: to }) => changed.slice(0, span.start) + to + changed.slice(span.end),
        text,
      );
      const left = diagnose(mended).filter(
        ({ code, span }) => code === diagnostic.code && span.start === diagnostic.span.start,
      );
      expect(left).toEqual([]);
    }
  });
});
