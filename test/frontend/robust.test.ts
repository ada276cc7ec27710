/** Any text gives diagnostics or a model: never an exception, never a hang. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasErrors } from '../../compiler/base/diagnostic.ts';
import { codes } from '../../compiler/frontend/codes.ts';
import { verifyGraph } from '../../compiler/graph/verify.ts';
import { parseGraph } from '../../compiler/frontend/index.ts';
import { printGraph } from '../../compiler/graph/print.ts';
import { codes as ops } from '../../compiler/ops/codes.ts';
import { codesOf, modelOf, run } from './support.ts';

const example =
  `layer Residual(filters: int, strides: size = 1, norm: stage = BatchNormalization)(x: f32[N, h, w, c]) {
  main = x -> Conv2D(filters, 3x3, strides: strides, padding: same) -> norm -> relu
  skip = if strides == 1 and c == filters then x else x -> Conv2D(filters, 1x1, strides: strides)
  state count: f32[] = zeros
  set count = count + 1
  return main + skip * 0.5 -> relu
}
model Net(width: int = 4, list: list = [1, 2]) {
  input image: u8[12, 12, 3]
  shared twice = Dense(8)
  image -> Rescaling(1 / 255) -> for w in [width, 2 * width] { -> Residual(w, strides: 2) } as body
  a, b = [body -> Flatten, body -> GlobalAveragePooling2D]
  b -> Dense(8, kernel_initializer: he_normal) -> twice -> twice -> Dense(3, activation: softmax) as head
    -> output kind(classes: ["a", "b", "c"])
}
train Net {
  label truth: i32
  augment image -> RandomTranslation(0.1, 0.1)
  loss: sparse_categorical_crossentropy(truth, kind) + 0.01 * mean(square(head.kernel))
  metrics: [accuracy(truth, kind)]
  optimizer: SGD(momentum: 0.9)
  batch_size: 8
}
`
    .replace(' as body\n', '\n')
    .replace('  image ->', '  body = image ->');

/** The pieces of the examples, to put together anew. */
const tokens = [
  ...new Set(
    [example, ...Object.values({ ...codes, ...ops }).map((page) => page.wrong)]
      .join(' ')
      .match(/[A-Za-z_]\w*|\d+x\d+|[\d.]+|"[^"\n]*"|->|\.\.\.|==|[^\s\w]/g),
  ),
];
const token = fc.constantFrom(...tokens);

/** Replaces, removes, repeats or moves pieces of a text. */
const mutated = (text: string) => {
  const pieces = text.split(/(?<=\W)|(?=\W)/);
  const edit = fc.record({
    at: fc.nat(pieces.length - 1),
    kind: fc.constantFrom('replace', 'remove', 'repeat', 'swap', 'insert'),
    token,
    other: fc.nat(pieces.length - 1),
  });
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => {
    const changed = [...pieces];
    for (const { at, kind, token: piece, other } of edits) {
      const [a = '', b = ''] = [changed[at], changed[other]];
      if (kind === 'replace') changed[at] = piece;
      else if (kind === 'remove') changed[at] = '';
      else if (kind === 'repeat') changed[at] = a + a;
      else if (kind === 'insert') changed[at] = `${a} ${piece} `;
      else [changed[at], changed[other]] = [b, a];
    }
    return changed.join('');
  });
};

function check(text: string): void {
  const { model, diagnostics } = run(text);
  expect(model !== undefined).toBe(!hasErrors(diagnostics));
  for (const { span } of diagnostics) {
    expect(span.file).toBe('model.cnn');
    expect(span.start).toBeLessThanOrEqual(span.end);
    expect(span.end).toBeLessThanOrEqual(text.length);
  }
  for (const graph of Object.values(model?.graphs ?? {})) verifyGraph(graph);
}

describe('any text', () => {
  it('of the example is fine as it stands', () => expect(codesOf(example)).toEqual([]));

  it('made from a mutated example', () => {
    fc.assert(fc.property(mutated(example), check), { numRuns: 150, seed: 1 });
  });

  it('made from the examples of the pages', () => {
    const pages = Object.values({ ...codes, ...ops }).filter(
      ({ wrong }) => /^(model|layer)/.test(wrong) && !wrong.includes('100000'),
    );
    const page = fc.constantFrom(...pages.flatMap(({ wrong, right }) => [wrong, right])).chain(mutated);
    fc.assert(fc.property(page, check), { numRuns: 250, seed: 2 });
  });

  it('made of random expressions', () => {
    const text = fc.array(token, { maxLength: 12 }).map(
      (pieces) => `layer L(n: int = 2, s: stage = relu)(x: f32[N, h, w, c]) {
  y = ${pieces.join(' ')}
  return x
}
model Net {
  input x: f32[4, 4, 2]
  x -> L -> output y
}
`,
    );
    fc.assert(fc.property(text, check), { numRuns: 300, seed: 3 });
  });

  it('of a graph', () => {
    const { infer } = modelOf(example).graphs;
    const read = (text: string) => {
      const { graph, diagnostics } = parseGraph('model.cnn', text);
      expect(graph !== undefined).toBe(!hasErrors(diagnostics));
      if (graph) verifyGraph(graph);
    };
    fc.assert(fc.property(mutated(printGraph(infer)), read), { numRuns: 100, seed: 4 });
  });
});

describe('names like those of JavaScript', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'prototype', 'then'])('%s', (name) => {
    const text = `layer ${name}(${name}_1: int = 1)(valueOf: f32[N, k]) {
  param ${name}_2: f32[k] = ones
  state __defineGetter__: f32[k] = zeros
  set __defineGetter__ = __defineGetter__ + 1
  return valueOf * ${name}_2 + __defineGetter__
}
model Net {
  input propertyIsEnumerable: f32[4]
  propertyIsEnumerable -> ${name}() as toLocaleString -> output isPrototypeOf
}
train Net {
  label valueOf: f32[4]
  loss: mean_squared_error(valueOf, isPrototypeOf)
  optimizer: Adam
}
`;
    const found = codesOf(text);
    // `then` is reserved; the others are names like any other.
    expect(found.length > 0).toBe(name === 'then');
  });
});

describe('sizes', () => {
  const net = (stages: string) => `model Net {\n  input x: f32[4]\n  x ${stages} -> output y\n}\n`;

  it('of a chain of a thousand layers', () => {
    const text = `${net('-> Dense(4, activation: relu)\n'.repeat(1000))}train Net {
  label t: f32[4]
  loss: mean_squared_error(t, y)
  optimizer: Adam
}
`;
    const model = modelOf(text);
    expect(model.persistent.filter(({ role }) => role === 'param')).toHaveLength(2000);
    expect(model.persistent.at(-1)?.name).toBe('velocity@dense_999.bias');
  });

  it.each([
    ['a hundred thousand arrows', net('-> relu'.repeat(100_000)), ['E0602']],
    ['thirty thousand unknown layers', net('-> rulu'.repeat(30_000)), undefined],
    ['a long list', net(`-> add([${'1, '.repeat(50_000)}1])`), ['E0401']],
    [
      'layers that double',
      `${Array.from({ length: 30 }, (_, i) => `layer L${i}()(x) { return x -> ${i === 0 ? 'relu' : `L${i - 1} -> L${i - 1}`} }\n`).join('')}${net('-> L29')}`,
      ['E0602'],
    ],
    [
      'a long ladder of layers',
      `${Array.from({ length: 2000 }, (_, i) => `layer L${i}()(x) { return x -> ${i === 0 ? 'relu' : `L${i - 1}`} }\n`).join('')}${net('-> L1999')}`,
      ['E0603'],
    ],
    ['an endless `for`', net('-> for i in 1000000000 { -> for j in 0 { -> relu } }'), ['E0602']],
    [
      'lists that double',
      `model Net {\n  input x: f32[4]\n  a0 = [1, 2]\n${Array.from({ length: 50 }, (_, i) => `  a${i + 1} = [a${i}, a${i}]\n`).join('')}  x + a50 -> output y\n}\n`,
      ['E0312'],
    ],
    [
      'lists that grow',
      `model Net {\n  input x: f32[4]\n  a0 = [1, 2]\n${Array.from({ length: 50 }, (_, i) => `  a${i + 1} = a${i} + a${i}\n`).join('')}  x + a50 -> output y\n}\n`,
      ['E0602'],
    ],
  ])('of %s', (_what, text, expected) => {
    const found = codesOf(text);
    if (expected) expect([...new Set(found)]).toEqual(expected);
    else expect(found.length).toBeGreaterThan(0);
  });
});
