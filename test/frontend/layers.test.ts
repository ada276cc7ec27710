import { describe, expect, it } from 'vitest';
import { chain, codesOf, diagnosticsOf, modelOf, opsOf, typeAfter } from './support.ts';

describe('shapes by hand', () => {
  it.each([
    // floor((28 - 3) / 1) + 1 = 26
    ['f32[28, 28, 1]', 'Conv2D(8, 3x3)', 'f32[26, 26, 8]'],
    ['f32[28, 30, 1]', 'Conv2D(8, 3x5)', 'f32[26, 26, 8]'],
    ['f32[28, 28, 1]', 'Conv2D(8, (3, 3), strides: 2)', 'f32[13, 13, 8]'],
    // ceil(29 / 2) = 15
    ['f32[29, 29, 1]', 'Conv2D(8, 3x3, strides: 2, padding: same)', 'f32[15, 15, 8]'],
    // (4 + 2 - 2) / 2 + 1 = 3
    ['f32[4, 4, 1]', 'Conv2D(1, 2x2, strides: 2, padding: 1x1)', 'f32[3, 3, 1]'],
    ['f32[4, 4, 1]', 'Conv2D(1, 2x2, padding: (1, 0))', 'f32[5, 3, 1]'],
    ['f32[28, 28, 3]', 'MaxPooling2D', 'f32[14, 14, 3]'],
    ['f32[29, 29, 3]', 'MaxPooling2D(2x2, padding: same)', 'f32[15, 15, 3]'],
    ['f32[28, 28, 3]', 'MaxPooling2D(3x3, strides: 1)', 'f32[26, 26, 3]'],
    ['f32[28, 28, 3]', 'AveragePooling2D(2x4)', 'f32[14, 7, 3]'],
    ['f32[28, 28, 3]', 'GlobalAveragePooling2D', 'f32[3]'],
    ['u8[4, 5, 3]', 'Flatten', 'u8[60]'],
    ['f32[4, 5, 3]', 'Dense(7)', 'f32[4, 5, 7]'],
    ['f32[4]', 'Dense(7)', 'f32[7]'],
    ['f32[4, 5, 3]', 'BatchNormalization', 'f32[4, 5, 3]'],
    ['u8[4]', 'Rescaling(1 / 255)', 'f32[4]'],
    ['u8[4]', 'Rescaling(2, offset: -1)', 'f32[4]'],
    ['u8[4, 5, 3]', 'RandomTranslation(0.1, 0.1)', 'u8[4, 5, 3]'],
    ['f32[4]', 'Dropout(0.5) -> ReLU -> LeakyReLU(0.1) -> Softmax -> Activation(tanh)', 'f32[4]'],
    ['f32[4]', 'softmax -> log_softmax -> linear -> relu -> sigmoid', 'f32[4]'],
    ['f32[2, 3]', 'reshape(shape: [N, 6])', 'f32[6]'],
    ['f32[2, 3]', 'reshape(shape: [6])', 'f32[6]'],
    ['f32', 'reshape(shape: [1])', 'f32[1]'],
  ])('%s -> %s is %s', (from, stages, to) => expect(typeAfter(from, stages)).toBe(to));

  it('of several inputs', () => {
    const text = (head: string) => `model Net {
  input a: f32[4, 4, 2]
  input b: f32[4, 4, 3]
  ${head} -> output y
}
`;
    const shape = (head: string) => modelOf(text(head)).outputs[0]?.type.shape;
    expect(shape('[a, b] -> Concatenate')).toEqual([4, 4, 5]);
    expect(shape('(a, b) -> Concatenate')).toEqual([4, 4, 5]);
    expect(shape('concatenate(a, b)')).toEqual([4, 4, 5]);
    expect(shape('[a, a] -> Concatenate(axis: 1)')).toEqual([8, 4, 2]);
    expect(shape('Concatenate(axis: 2)(a, a)')).toEqual([4, 8, 2]);
    expect(codesOf(text('[a, b] -> Concatenate(axis: 1)'))).toEqual(['E0406']);
    expect(codesOf(text('a + b'))).toEqual(['E0401']);
    expect(codesOf(text('[a, b] -> relu'))).toEqual(['E0309']);
  });
});

describe('operand types', () => {
  const taking = (operands: string, stages = 'L') =>
    chain(
      'f32[6, 7, 3]',
      `${stages} -> GlobalAveragePooling2D`,
      `layer L(k: int = 3)(${operands}) {\n  return x\n}\n`,
    );

  it.each([
    'x',
    'x: f32',
    'x: any',
    'x: f32[N, h, w, c]',
    'x: f32[N, ..., c]',
    'x: f32[N, ...]',
    'x: f32[...s]',
    'x: f32[N, ...s, k]',
    'x: f32[N, 2 * k, w, k]',
    'x: f32[N, h, h + 1, c]',
    'x: f32[N, 6, 7, 3]',
  ])('%s takes an image of 6 by 7', (operands) => expect(codesOf(taking(operands))).toEqual([]));

  it.each([
    ['x: u8[N, h, w, c]', 'E0313'],
    ['x: f32[N, h, w]', 'E0450'],
    ['x: f32[N, a, b, c, d, ...]', 'E0450'],
    ['x: f32[h, h, w, c]', 'E0451'],
    ['x: f32[N, h, h, c]', 'E0451'],
    ['x: f32[N, h, w, k + 1]', 'E0451'],
    ['x: f32[N, N, w, c]', 'E0451'],
    ['x: f64[N, h, w, c]', 'E0321'],
    ['x: f32[N, ...a, ...b]', 'E0452'],
    ['x: f32[N, h, w, c], y', 'E0309'],
    ['', 'E0309'],
  ])('%s: %s', (operands, code) => {
    expect(
      codesOf(taking(operands).replace('return x', operands.startsWith('x') ? 'return x' : 'return 1')),
    ).toEqual([code]);
  });

  it('bind names over all operands', () => {
    const layer = `layer Same()(a: f32[N, ...s], b: f32[N, ...s]) {
  return a + b
}
`;
    const text = (b: string) => `${layer}model Net {
  input a: f32[2, 3]
  input b: ${b}
  Same()(a, b) -> output y
}
`;
    expect(codesOf(text('f32[2, 3]'))).toEqual([]);
    expect(codesOf(text('f32[3, 3]'))).toEqual(['E0451']);
    expect(codesOf(text('f32[6]'))).toEqual(['E0451']);
  });
});

describe('element types', () => {
  const ops = (type: string, stages: string) => opsOf(modelOf(chain(type, stages)).graphs.infer);
  const text = (a: string, b: string, expression: string) => `model Net {
  input a: ${a}
  input b: ${b}
  ${expression} -> output y
}
`;
  const output = (a: string, b: string, expression: string) => {
    const { graphs } = modelOf(text(a, b, expression));
    return [graphs.infer.returns[0]?.value.type.dtype, ...opsOf(graphs.infer)];
  };

  it('become f32 where they meet f32', () => {
    expect(output('u8[4]', 'f32[4]', 'a + b')).toEqual(['f32', 'cast', 'add']);
    expect(output('f32[4]', 'i32[4]', 'a * b')).toEqual(['f32', 'cast', 'multiply']);
    expect(output('f32[4]', 'f32[4]', 'a * (a > b)')).toEqual(['f32', 'greater', 'cast', 'multiply']);
    expect(output('u8[4]', 'i32[4]', 'a + b')).toEqual(['f32', 'cast', 'cast', 'add']);
  });

  it('stay whole among whole numbers', () => {
    expect(output('i32[4]', 'i32[4]', 'a + b')).toEqual(['i32', 'add']);
    expect(output('i32[4]', 'i32[4]', 'a + 1')).toEqual(['i32', 'add']);
    expect(output('i32[4]', 'i32[4]', 'a + 0.5')).toEqual(['f32', 'cast', 'add']);
    expect(output('i32[4]', 'i32[4]', 'where(a == b, a, 0)')).toEqual(['i32', 'equal', 'where']);
    // One kind of number: 1 / 2 is not 0.
    expect(output('i32[4]', 'i32[4]', 'a / b')).toEqual(['f32', 'cast', 'cast', 'divide']);
  });

  it('are made f32 by functions and reductions', () => {
    expect(ops('u8[4]', 'exp')).toEqual(['cast', 'exp']);
    expect(ops('u8[4]', 'mean(keep: [0])')).toEqual(['cast', 'mean']);
  });

  it('are not changed silently for layers', () => {
    expect(codesOf(chain('u8[8, 8, 1]', 'Conv2D(1, 3x3)'))).toEqual(['E0313']);
    const [diagnostic] = diagnosticsOf(chain('u8[8, 8, 1]', 'Conv2D(1, 3x3)'));
    expect(diagnostic?.notes[0]?.message).toContain('Rescaling(1 / 255)');
  });

  it('make constants of lists', () => {
    const { graphs } = modelOf(chain('f32[2, 2]', 'add([[1, 2], [3, 4]]) -> multiply(0.5)'));
    const constants = graphs.infer.nodes.flatMap(({ operands }) =>
      operands.filter(({ kind }) => kind === 'constant'),
    );
    expect(constants).toMatchObject([
      { type: { dtype: 'f32', shape: [2, 2] }, data: [1, 2, 3, 4] },
      { type: { dtype: 'f32', shape: [] }, data: [0.5] },
    ]);
    expect(codesOf(chain('f32[2, 2]', 'add([[1, 2], [3]])'))).toEqual(['E0312']);
  });
});

describe('arguments', () => {
  it.each([
    ['Conv2D(8, 3x3, 2)', 'f32[6, 6, 8]'],
    ['Conv2D(kernel_size: 3, filters: 8)', 'f32[12, 12, 8]'],
    ['Conv2D(8, kernel_size: (3, 5))', 'f32[12, 10, 8]'],
  ])('%s', (stages, type) => expect(typeAfter('f32[14, 14, 1]', stages)).toBe(type));

  it.each([
    ['Conv2D(8, 3x3x3)', 'E0301'],
    ['Conv2D(8, 2.5)', 'E0301'],
    ['Conv2D(8, 0)', 'E0323'],
    ['Conv2D(-1, 3)', 'E0323'],
    ['Conv2D(8, 3, strides: 0)', 'E0323'],
    ['MaxPooling2D(0)', 'E0323'],
    ['Conv2D(8, 3, padding: full)', 'E0201'],
    ['Conv2D(8, 3, padding: "full")', 'E0308'],
    ['Conv2D(8, 3, input_shape: (28, 28, 1))', 'E0302'],
    ['Conv2D(8, 3, activation: "relu")', 'E0301'],
    ['Conv2D(8, 15)', 'E0402'],
    ['MaxPooling2D(20)', 'E0402'],
    ['Conv2d(8, 3)', 'E0201'],
    ['Flatten -> Conv2D(8, 3)', 'E0450'],
    ['Conv2D(8, 3, use_bias: 1)', 'E0301'],
    ['Conv2D', 'E0303'],
    ['relu(negative_slope: 1)', 'E0302'],
    ['leaky_relu(negative_slope: 1, negative_slope: 2)', 'E0305'],
    ['Dense(constructor: 1)', 'E0302'],
    ['Dense(__proto__)', 'E0201'],
    ['reshape(shape: [7])', 'E0408'],
    ['Flatten -> Dense(20000) -> for i in 6 { -> Dense(20000) }', 'E0601'],
    ['Dense(100000) -> reshape(shape: [-1]) -> Dense(100000)', 'E0601'],
  ])('%s is %s', (stages, code) =>
    expect(new Set(codesOf(chain('f32[14, 14, 1]', stages)))).toEqual(new Set([code])),
  );

  it('leave out the bias when asked', () => {
    const names = modelOf(chain('f32[8, 8, 1]', 'Conv2D(1, 3, use_bias: false)')).persistent.map(
      ({ name }) => name,
    );
    expect(names).toEqual(['conv2d.kernel']);
  });
});

describe('initializers', () => {
  const layer = (type: string, initializer: string) => `layer L()(x) {
  param w: ${type} = ${initializer}
  return x * sum(w)
}
${chain('f32[4]', 'L')}`;
  const of = (type: string, initializer: string) =>
    modelOf(layer(type, initializer)).persistent[0]?.initializer;

  it('know their fans as Keras does', () => {
    expect(of('f32[3, 3, 8, 16]', 'glorot_uniform')).toEqual({
      kind: 'glorot_uniform',
      fanIn: 72,
      fanOut: 144,
    });
    expect(of('f32[5, 7]', 'glorot_uniform')).toEqual({ kind: 'glorot_uniform', fanIn: 5, fanOut: 7 });
    expect(of('f32[6]', 'glorot_uniform')).toEqual({ kind: 'glorot_uniform', fanIn: 6, fanOut: 6 });
    expect(of('f32[3, 3, 8, 16]', 'he_normal')).toEqual({ kind: 'he_normal', fanIn: 72 });
  });

  it('are numbers and lists, too', () => {
    expect(of('f32[2, 2]', 'constant(0.5)')).toEqual({ kind: 'constant', values: [0.5] });
    expect(of('f32[2, 2]', '0.5')).toEqual({ kind: 'constant', values: [0.5] });
    expect(of('f32[2, 2]', 'constant([1, 2, 3, 4])')).toEqual({ kind: 'constant', values: [1, 2, 3, 4] });
    expect(of('f32[2, 2]', '[[1, 2], [3, 4]]')).toEqual({ kind: 'constant', values: [1, 2, 3, 4] });
    expect(of('f32[2, 2]', 'zeros')).toEqual({ kind: 'zeros' });
    expect(of('f32[2, 2]', 'ones')).toEqual({ kind: 'ones' });
  });

  it.each([
    ['f32[2, 2]', '[1, 2, 3]', 'E0319'],
    ['f32[2, 3]', '[[1, 2], [3, 4], [5, 6]]', 'E0319'],
    ['f32[2, 2]', 'constant(zeros)', 'E0319'],
    ['f32[2, 2]', 'constant()', 'E0301'],
    ['f32[2, 2]', 'relu', 'E0301'],
    ['i32[2, 2]', 'zeros', 'E0321'],
    ['f32[0]', 'zeros', 'E0307'],
    ['f32[N]', 'zeros', 'E0452'],
    ['f32[1.5]', 'zeros', 'E0306'],
    ['f32[100000, 100000]', 'zeros', 'E0601'],
  ])('%s = %s is %s', (type, initializer, code) => expect(codesOf(layer(type, initializer))).toEqual([code]));
});
