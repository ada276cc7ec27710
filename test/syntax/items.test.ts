import { describe, expect, it } from 'vitest';
import type { Item } from '../../compiler/syntax/index.ts';
import { codesOf, examples, exampleNames, parsed, show, showStage, withoutSpans } from './support.ts';

const only = (text: string): Item => {
  const { items } = parsed(text);
  expect(items).toHaveLength(1);
  return items[0] as Item;
};

describe('the four files of the language', () => {
  it.each(exampleNames.map((name, i) => [name, examples[i] as string]))('%s parses', (_, text) => {
    expect(codesOf(text)).toEqual([]);
  });

  it('have the items they show', () => {
    const kinds = examples.map((text) => parsed(text).items.map(({ kind }) => kind));
    expect(kinds).toEqual([
      ['model', 'train'],
      ['layer', 'model'],
      ['import', 'layer', 'model', 'train'],
      ['layer', 'layer'],
    ]);
  });

  it('become the tree one would draw', () => {
    const [model, train] = parsed(examples[0] as string).items;
    if (model?.kind !== 'model' || train?.kind !== 'train') throw new Error('other items');
    expect(model.doc).toMatch(/^Handwritten digits\./);
    const [, chain] = model.body;
    expect(chain?.kind === 'expression' && show(chain.value)).toBe(
      '{image > Rescaling((1 / 255)) > Conv2D(width, 3x3, activation: relu) > MaxPooling2D(2x2) > ' +
        'Conv2D((2 * width), 3x3, activation: leaky_relu(negative_slope: 0.1f)) as features > MaxPooling2D(2x2) > Flatten > ' +
        'Dense(10, activation: softmax) as head > ' +
        'output digit(classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])}',
    );
    expect(train.model.text).toBe('Digits');
    expect(
      train.entries.map((entry) => (entry.kind === 'augment' ? entry.names[0] : entry.name)?.text),
    ).toEqual([...['truth', 'image', 'loss', 'metrics', 'optimizer', 'batch_size', 'epochs']]);
  });
});

it('imports', () => {
  expect(withoutSpans(only('import A, b from "./x.cnn"'))).toEqual({
    kind: 'import',
    names: [{ text: 'A' }, { text: 'b' }],
    from: { value: './x.cnn' },
  });
});

it('parameters have words, types and defaults', () => {
  const item = only('model A(width: int = 2 * 3, padding: valid | same | size = valid, norm: stage) {}');
  if (item.kind !== 'model') throw new Error(item.kind);
  const shown = item.parameters.map(({ name, types, default: initial }) => [
    ...[name.text, types.map((type) => type.text).join('|'), initial && show(initial)],
  ]);
  expect(shown).toEqual([
    ['width', 'int', '(2 * 3)'],
    ['padding', 'valid|same|size', 'valid'],
    ['norm', 'stage', undefined],
  ]);
});

it('operands and types', () => {
  const item = only(
    'layer A()(x: f32[N, ..., c], ...rest: f32[...s], plain, y: i32, z: u8[], e: f32[2 * k + 1]) {}',
  );
  if (item.kind !== 'layer') throw new Error(item.kind);
  expect(withoutSpans(item.operands.map(({ name, variadic }) => [name.text, variadic]))).toEqual([
    ...[
      ['x', false],
      ['rest', true],
      ['plain', false],
      ['y', false],
      ['z', false],
      ['e', false],
    ],
  ]);
  const dims = item.operands.map(({ type }) =>
    type?.dims?.map((dim) => (dim.kind === 'extent' ? show(dim.value) : `...${dim.name?.text ?? ''}`)),
  );
  expect(dims).toEqual([['N', '...', 'c'], ['...s'], undefined, undefined, [], ['((2 * k) + 1)']]);
});

it('statements', () => {
  const item = only(`layer A()(x) {
  param w: f32[3] = ones
  state s: f32[] = 0
  shared f = Dense(3) as g
  set s = s + 1
  a, b = split(x)
  x -> f
  return a, b -> f
}`);
  if (item.kind !== 'layer') throw new Error(item.kind);
  const shown = item.body.map((statement) => {
    switch (statement.kind) {
      case 'input':
        return [statement.kind, statement.name.text];
      case 'param':
      case 'state':
        return [statement.kind, statement.name.text, show(statement.initializer)];
      case 'shared':
        return [statement.kind, statement.name.text, showStage(statement.stage)];
      case 'set':
        return [statement.kind, statement.name.text, show(statement.value)];
      case 'let':
        return [statement.kind, ...statement.names.map((name) => name.text), show(statement.value)];
      case 'return':
        return [statement.kind, ...statement.values.map(show)];
      case 'expression':
        return [statement.kind, show(statement.value)];
    }
  });
  expect(shown).toEqual([
    ['param', 'w', 'ones'],
    ['state', 's', '0'],
    ['shared', 'f', 'Dense(3) as g'],
    ['set', 's', '(s + 1)'],
    ['let', 'a', 'b', 'split(x)'],
    ['expression', '{x > f}'],
    ['return', 'a', '{b > f}'],
  ]);
});

it('training', () => {
  const item = only(`train A {
  label truth: f32[1]
  augment a, b
    -> Translate(0.1)
    -> Flip
  label: 3
  loss: mse(truth, y) + 2 * penalty
}`);
  if (item.kind !== 'train') throw new Error(item.kind);
  const shown = item.entries.map((entry) =>
    entry.kind === 'augment'
      ? [entry.names.map((name) => name.text).join(' '), ...entry.stages.map(showStage)]
      : [entry.kind, entry.name.text, entry.kind === 'setting' ? show(entry.value) : entry.type.dtype.text],
  );
  expect(shown).toEqual([
    ['label', 'truth', 'f32'],
    ['a b', 'Translate(0.1f)', 'Flip'],
    ['setting', 'label', '3'],
    ['setting', 'loss', '(mse(truth, y) + (2 * penalty))'],
  ]);
});

describe('documentation', () => {
  const docs = (text: string): readonly (string | undefined)[] =>
    parsed(text).items.map((item) => (item.kind === 'model' || item.kind === 'layer' ? item.doc : item.kind));

  it('is what stands in `///` comments before an item', () => {
    expect(docs('/// One.\n///  two\n// no\nmodel A {}\n\n///Three.\nlayer B()(x) {}\nmodel C {}')).toEqual([
      'One.\n two',
      'Three.',
      undefined,
    ]);
  });

  it('inside of an item belongs to nothing', () => {
    expect(docs('model A {\n  /// inner\n}\nmodel B {}\n/// end')).toEqual([undefined, undefined]);
  });

  it('is no comment of four slashes', () => {
    expect(docs('//// line\nmodel A {}')).toEqual([undefined]);
  });
});

describe('graph text', () => {
  const text = `graph step(
  input image: f32[N, 28, 28, 1],
  input $seed: u32[],
  param conv2d.kernel: f32[3, 3, 1, 32],
  state momentum@a.b.conv2d.kernel: f32[3], // a comment
  state prepared.0: f32[]
) {
  %0: f32[] = const(-0.5)
  %1: f32[3] = const(1, -2.5, 3e-7)
  %2: bool[2] = const(true, 0)
  %3: f32[3] = const(hash: "3fa91c", x: -inf, y: nan)
  %4: f32[N, 26, 26, 32] = conv2d(image, conv2d.kernel, strides: [1, 1], padding: valid, size: 2x2) @ digits.cnn:6:5 in conv2d.a
  %5: f32[3] = add(momentum@a.b.conv2d.kernel, prepared.0) @ "a path.cnn":7:15
  update momentum@a.b.conv2d.kernel = %5
  update conv2d.kernel = prepared.0
  return digit: %4, $finite: %2, a.b: $seed
}
`;
  const item = only(text);
  if (item.kind !== 'graph') throw new Error(item.kind);

  it('has parameters with dotted names', () => {
    expect(item.name.text).toBe('step');
    expect(item.parameters.map(({ role, name }) => [role, name.text])).toEqual([
      ['input', 'image'],
      ['input', '$seed'],
      ['param', 'conv2d.kernel'],
      ['state', 'momentum@a.b.conv2d.kernel'],
      ['state', 'prepared.0'],
    ]);
  });

  it('has nodes that are calls', () => {
    expect(item.nodes.map(({ id, value }) => `%${id} = ${show(value)}`)).toEqual([
      '%0 = const((- 0.5f))',
      '%1 = const(1, (- 2.5f), 3e-7f)',
      '%2 = const(true, 0)',
      '%3 = const(hash: "3fa91c", x: (- inf), y: nan)',
      '%4 = conv2d(image, conv2d.kernel, strides: [1, 1], padding: valid, size: 2x2)',
      '%5 = add(momentum@a.b.conv2d.kernel, prepared.0)',
    ]);
  });

  it('has locations, updates and results', () => {
    expect(item.nodes.map(({ location }) => location).slice(3)).toEqual([
      undefined,
      { file: 'digits.cnn', line: 6, column: 5, scope: 'conv2d.a' },
      { file: 'a path.cnn', line: 7, column: 15 },
    ]);
    expect(item.updates.map(({ target, value }) => `${target.text} = ${show(value)}`)).toEqual([
      'momentum@a.b.conv2d.kernel = %5',
      'conv2d.kernel = prepared.0',
    ]);
    expect(item.returns.map(({ name, value }) => `${name?.text}: ${show(value)}`)).toEqual([
      ...['digit: %4', '$finite: %2', 'a.b: $seed'],
    ]);
  });

  it('may be empty, and may have several graphs', () => {
    expect(codesOf('graph a() {}\ngraph b() {\n  return\n}')).toEqual(['E0115']);
    expect(parsed('graph a() {}\ngraph b() {}\n').items).toHaveLength(2);
  });

  it('keeps its names out of models', () => {
    for (const value of ['$seed', '%0', 'a@b', 'a.0']) {
      const known = value === '%0'; // left to the frontend, which knows no such value
      expect(codesOf(`model A {\n  y = ${value}\n}`).length > 0).toBe(!known);
    }
  });
});
