import { describe, expect, it } from 'vitest';
import { chain, codesOf, modelOf, opsOf, run } from './support.ts';

/** What an expression is at compile time, through the number of units it makes. */
function valueOf(expression: string): number {
  const model = modelOf(`layer L(word: left | right = right, size: size = 2x5)(x: f32[N, h, w, c]) {
  n = ${expression}
  return x -> GlobalAveragePooling2D -> Dense(n, use_bias: false)
}
${chain('f32[6, 7, 3]', 'L')}`);
  return Number(model.outputs[0]?.type.shape[0]);
}

describe('compile-time expressions', () => {
  it.each([
    ['2 + 3 * 4', 2 + 3 * 4],
    ['(2 + 3) * 4 / 2 - 1', ((2 + 3) * 4) / 2 - 1],
    ['10 - 3 - 2', 10 - 3 - 2],
    ['-(-5)', 5],
    ['floor(7 / 2)', 3],
    ['ceil(7 / 2)', 4],
    ['round(2.5)', 2],
    ['round(3.5)', 4],
    ['round(2.6)', 3],
    ['min(3, 4, 9)', 3],
    ['max(3, 4, 9)', 9],
    ['min(size)', 2],
    ['max([3, 9, 4]) + max(size)', 14],
    ['len([(4, 5)])', 1],
    ['abs(-3)', 3],
    ['sqrt(16)', 4],
    ['exp(0)', 1],
    ['log(1) + 2', 2],
    ['len([1, 2, 3])', 3],
    ['len(size)', 2],
    ['range(5)[4]', 4],
    ['range(2, 9, 3)[2]', 8],
    ['len(range(0))+ 1', 1],
    ['[1, 2, 3][-1]', 3],
    ['[[1, 2], [3, 4]][1, 0]', 3],
    ['([4, 5] + [6])[2]', 6],
    ['size[1]', 5],
    ['(3x4)[1]', 4],
    ['if 1 < 2 then 3 else 4', 3],
    ['if 1 > 2 then 3 else if 2 == 2 then 5 else 4', 5],
    ['if not (1 == 2) and (true or false) then 3 else 4', 3],
    ['if word == right then 3 else 4', 3],
    ['if word != left then 3 else 4', 3],
    ['if size == 2 then 3 else 4', 4],
    ['if size == [2, 5] then 3 else 4', 3],
    ['if "a" == "a" then 3 else 4', 3],
    ['if x.dtype == f32 then 3 else 4', 3],
    ['if x.shape[0] == N then 3 else 4', 3],
    ['x.rank', 4],
    ['len(x.shape)', 4],
    ['h * w + c', 6 * 7 + 3],
    ['x.shape[-1]', 3],
  ])('%s', (expression, expected) => expect(valueOf(expression)).toBe(expected));

  it('stop at what decides', () => {
    expect(valueOf('if true or 1 / 0 == 1 then 3 else 4')).toBe(3);
    expect(valueOf('if false and 1 / 0 == 1 then 3 else 4')).toBe(4);
  });

  it.each([
    ['1 / 0', 'E0314'],
    ['log(0)', 'E0314'],
    ['sqrt(-1)', 'E0314'],
    ['[1, 2][2]', 'E0315'],
    ['[1, 2][0.5]', 'E0315'],
    ['x[0]', 'E0315'],
    ['1 + "a"', 'E0310'],
    ['not 1', 'E0310'],
    ['-"a"', 'E0310'],
    ['[1] == [[1]]', 'E0310'],
    ['len(3)', 'E0310'],
    ['range(0.5)', 'E0310'],
    ['range(1000000)', 'E0310'],
    ['if 1 then 2 else 3', 'E0311'],
    ['if x > 0 then 2 else 3', 'E0311'],
    ['1.5', 'E0306'],
    ['true', 'E0301'],
    ['x.size', 'E0213'],
    ['3(4)', 'E0316'],
    ['x', 'E0322'],
  ])('%s is %s', (expression, code) => {
    const text = `layer L()(x: f32[N, k]) {
  return x -> Dense(${expression})
}
${chain('f32[4]', 'L')}`;
    expect(codesOf(text)).toEqual([code]);
  });
});

describe('stages as values', () => {
  it('go through lists, defaults and `if`', () => {
    const layer = `layer Twice(first: stage = relu, second: stage = first)(x) {
  return x -> for s in [first, second] { -> s }
}
`;
    const { graphs } = modelOf(
      chain('f32[4]', 'Twice(tanh) -> Twice(second: if true then sigmoid else tanh)', layer),
    );
    expect(graphs.infer.nodes.map((node) => node.op.name)).toEqual(['tanh', 'tanh', 'relu', 'sigmoid']);
  });

  it('keep the arguments they were bound with', () => {
    const text = `model Net(slope: float = 0.25) {
  input x: f32[4]
  a = leaky_relu(negative_slope: slope)
  x -> a -> output y
}
`;
    const [node] = modelOf(text, { set: { slope: '0.75' } }).graphs.infer.nodes;
    expect(node?.attributes).toEqual({ negative_slope: 0.75 });
    expect(codesOf(text.replace('x -> a ->', 'x -> a(negative_slope: 1) ->'))).toEqual(['E0316']);
  });

  it('take tensors in second parentheses', () => {
    const text = `model Net {
  input x: f32[4]
  y = Dense(3)(x)
  a = Dense(3)
  a(y) + y -> output z
}
`;
    expect(modelOf(text).outputs[0]?.type.shape).toEqual([3]);
  });
});

describe('`--set`', () => {
  const text = `model Net(units: int = 2, rate: float = 0.5, mode: small | large = small, kernel: size = 3, name: string = "a", bias: bool = true) {
  input x: f32[8, 8, 1]
  x -> Conv2D(units, kernel, use_bias: bias) -> Dropout(rate) -> Flatten -> Dense(if mode == small then 1 else 100) -> output y
}
`;
  it('reads each type', () => {
    const model = modelOf(text, {
      set: { units: '4', rate: '1e-1', mode: 'large', kernel: '2x4', name: 'b', bias: 'false' },
    });
    expect(model.persistent[0]?.type.shape).toEqual([2, 4, 1, 4]);
    expect(model.persistent[1]?.name).toBe('dense.kernel');
    expect(model.outputs[0]?.type.shape).toEqual([100]);
  });

  it('reads lists, also for sizes and initializers', () => {
    const listed = `model Net(widths: list = [1], kernel: size = 3, start: initializer = zeros, names: list = ["a", "b"]) {
  input x: f32[8, 8, 1]
  x -> for width in widths { -> Conv2D(width, kernel, bias_initializer: start) } -> GlobalAveragePooling2D -> output y(classes: names)
}
`;
    const shapes = (set: Readonly<Record<string, string>>) =>
      modelOf(listed, { set }).persistent.flatMap(({ name, type }) =>
        name.endsWith('kernel') ? [type.shape] : [],
      );
    expect(shapes({ widths: '[4, 2]' })).toEqual([[3, 3, 1, 4], [3, 3, 4, 2]]); // prettier-ignore
    expect(shapes({ widths: '[ 3,5,2, ]', kernel: '(1, 2)' })).toEqual([[1, 2, 1, 3], [1, 2, 3, 5], [1, 2, 5, 2]]); // prettier-ignore
    expect(shapes({ widths: '[2]', start: '[0.5, -1]' })).toHaveLength(1);
    const named = modelOf(listed, { set: { widths: '(2)', names: '["x, (y", "z"]' } });
    expect(named.outputs[0]?.classes).toEqual(['x, (y', 'z']);
    // A shell makes brackets a nuisance: a list may stand without.
    expect(shapes({ widths: '4, 2' })).toEqual(shapes({ widths: '[4, 2]' }));
    expect(shapes({ widths: '2' })).toEqual(shapes({ widths: '[2]' }));
    for (const widths of ['[[2]]', 'two', '[', '[2,,3]', ']['])
      expect(run(listed, { set: { widths } }).diagnostics.length, widths).toBeGreaterThan(0);
  });

  it('takes the name of a layer or op for a stage', () => {
    const staged = text
      .replace('units: int', 'act: stage = relu, units: int')
      .replace(' -> Flatten', ' -> act$&');
    const ops = (act: string) => opsOf(modelOf(staged, { set: { act } }).graphs.infer);
    expect(ops('tanh')).toContain('tanh');
    expect(ops('GlobalAveragePooling2D')).toContain('mean');
    expect(run(staged, { set: { act: 'Dense' } }).diagnostics.map(({ code }) => code)).toEqual(['E0303']);
    expect(run(staged, { set: { act: 'nix' } }).diagnostics.map(({ code }) => code)).toEqual(['E0301']);
  });

  it.each([
    [{ units: 'four' }, 'E0301'],
    [{ units: '2.5' }, 'E0306'],
    [{ mode: 'huge' }, 'E0308'],
    [{ width: '3' }, 'E0302'],
    [{ epochs: '3' }, 'E0302'],
    [{ __proto__: '3', constructor: '4' }, 'E0302'],
  ])('%o is %s', (set, code) => {
    expect(run(text, { set }).diagnostics.map((diagnostic) => diagnostic.code)).toEqual([code]);
  });

  it('asks for a parameter without a default', () => {
    const needed = chain('f32[4]', 'Dense(width)').replace('model Net', 'model Net(width: int)');
    expect(codesOf(needed)).toEqual(['E0303']);
    expect(run(needed, { set: { width: '3' } }).diagnostics).toEqual([]);
  });
});
