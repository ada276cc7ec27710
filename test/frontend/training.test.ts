import { describe, expect, it } from 'vitest';
import { formatType } from '../../compiler/base/types.ts';
import { codesOf, diagnosticsOf, modelOf, opsOf, paramNames, run } from './support.ts';

const net = (
  train: string,
  body = 'x -> Dense(3, activation: softmax) as head -> output kind(classes: ["a", "b", "c"])',
) => `model Net {
  input x: f32[4]
  ${body}
}
train Net {
  ${train}
}
`;
const usual = `label truth: i32
  loss: sparse_categorical_crossentropy(truth, kind)
  optimizer: Adam`;

describe('a train block', () => {
  it('has 32 and 10 for what is left out', () => {
    expect(modelOf(net(usual)).training).toEqual({
      labels: [{ name: 'truth', type: { dtype: 'i32', shape: [] } }],
      metrics: [],
      batchSize: 32,
      epochs: 10,
      classLabels: [{ label: 'truth', output: 'kind' }],
      classCounts: [{ label: 'truth', classes: 3 }],
    });
  });

  it.each([
    [usual.replace('label truth: i32', 'label truth: f32[3]'), ['E0505']],
    [usual.replace('label truth: i32', 'label truth: i32[2]'), ['E0505']],
    [usual.replace('label truth: i32', 'label truth: i32[N]'), ['E0452']],
    [usual.replace('label truth: i32', 'label x: i32'), ['E0202', 'E0201']],
    [usual.replace('label truth: i32', 'label truth: bool'), ['E0321']],
    [usual.replace('label truth: i32', ''), ['E0201']],
    [usual.replace('sparse_', ''), ['E0505']],
    [usual.replace('truth, kind', 'kind, truth'), ['E0505']],
    [usual.replace('Adam', 'relu'), ['E0309']],
    [usual.replace('Adam', '"adam"'), ['E0504']],
    [usual.replace('Adam', 'adam'), ['E0201']],
    [usual.replace('Adam', 'Adam(lr: 0.1)'), ['E0302']],
    [usual.replace('Adam', 'Adam(1, 2, 3, 4, 5)'), ['E0304']],
    [`${usual}\n  metrics: [accuracy(truth)]`, ['E0309']],
    [`${usual}\n  metrics: kind`, ['E0503']],
    [`${usual}\n  epochs: 0`, ['E0307']],
    [`${usual}\n  batch_size: 1.5`, ['E0306']],
    [`${usual}\n  batch_size: 2000000000`, ['E0601']],
    [`${usual}\n  batch_size: x`, ['E0201']],
    [`${usual}\n  epochs: 3\n  epochs: 4`, ['E0202']],
    [`${usual}\n  epoch: 3`, ['E0508']],
    [`${usual}\n  augment y -> relu`, ['E0507']],
    [`${usual}\n  augment x -> Flatten -> Dense(2)`, ['E0507']],
    [`${usual}\n  augment x -> relu -> output z`, ['E0210']],
    ['label truth: i32', ['E0501']],
  ])('%s', (train, codes) => {
    expect([...new Set(codesOf(net(train)))].sort()).toEqual([...codes].sort());
  });

  it('reports everything that is wrong, not the first only', () => {
    const text = net(`label truth: f32[3]
  loss: sparse_categorical_crossentropy(truth, kind)
  metrics: [acuracy(truth, kind)]
  optimizer: SGD(lr: 0.1)
  epochs: 0`);
    expect(new Set(codesOf(text))).toEqual(new Set(['E0505', 'E0201', 'E0302', 'E0307']));
  });

  it('belongs to a model', () => {
    expect(codesOf(`${net(usual)}train Nett {\n  loss: 1\n  optimizer: SGD\n}\n`)).toEqual(['E0201']);
    expect(codesOf(`${net(usual)}train Net {\n  loss: 1\n  optimizer: SGD\n}\n`)).toEqual(['E0202']);
  });
});

describe('losses and metrics', () => {
  const types = (train: string) =>
    modelOf(net(train)).graphs.evaluate?.returns.map(
      ({ name, value }) => `${name}: ${formatType(value.type)}`,
    );

  it('are one number per sample, whatever their type', () => {
    expect(
      types(`${usual}
  metrics: [equal(truth, argmax(kind)), argmax(kind), mean(kind), accuracy(truth, kind)]`),
    ).toEqual(['loss: f32[N]', 'equal: f32[N]', 'argmax: f32[N]', 'mean: f32[N]', 'accuracy: f32[N]']);
  });

  it('may add penalties on shared layers and on layers inside layers', () => {
    const pair = `layer Pair()(x: f32[N, k]) {
  wide = x -> Dense(5)
  return wide -> Dense(4)
}
`;
    const body = `shared eye = Dense(4)
  x -> eye -> eye -> Pair as pair -> Dense(3, activation: softmax) as head -> output kind`;
    const penalty = (name: string) =>
      pair + net(usual.replace('kind)', `kind) + 0.01 * sum(square(${name}))`), body);
    const learns = (name: string) =>
      opsOf(modelOf(penalty(name)).graphs.evaluate).filter((op) => op === 'square');
    expect(learns('eye.kernel')).toHaveLength(1);
    expect(learns('pair.wide.dense.kernel')).toHaveLength(1);
    const [wrong] = diagnosticsOf(penalty('pair.wide.dense.kernle'));
    expect(wrong).toMatchObject({
      code: 'E0213',
      notes: [{ message: 'did you mean `wide.dense.kernel`?' }],
    });
  });

  it.each([
    ['metrics: accuracy', 'E0503', 'accuracy(label, output)'],
    ['metrics: ["accuracy"]', 'E0503', 'accuracy(label, output)'],
    ['optimizer: "adam"', 'E0504', 'did you mean `Adam`'],
  ])('says how to write %s', (entry, code, note) => {
    const text = `${usual.replace(/optimizer.*/u, entry.startsWith('o') ? '' : '$&')}\n  ${entry}`;
    const [diagnostic] = diagnosticsOf(net(text));
    expect(diagnostic?.code).toBe(code);
    expect(diagnostic?.notes[0]?.message).toContain(note);
  });

  it('may add penalties', () => {
    expect(types(usual.replace('kind)', 'kind) + 0.01 * sum(square(head.kernel))'))).toEqual([
      'loss: f32[N]',
    ]);
  });

  it('have names of their own', () => {
    const text = `model Two {
  input x: f32[4]
  x -> Dense(3, activation: softmax) -> output kind
  x -> Dense(2, activation: softmax) -> output side
}
train Two {
  label a: i32
  label b: i32
  loss: sparse_categorical_crossentropy(a, kind) + sparse_categorical_crossentropy(b, side)
  metrics: [accuracy(a, kind), accuracy(b, side), accuracy(b, side), 1 - accuracy(a, kind), mean_absolute_error(kind, kind)]
  optimizer: SGD
}
`;
    expect(modelOf(text).training?.metrics).toEqual([
      'kind_accuracy',
      'side_accuracy',
      'side_accuracy_2',
      'metric',
      'mean_absolute_error',
    ]);
  });

  it('of one number per sample are not the mean of the batch', () => {
    const { graphs } = modelOf(net(usual));
    const gradient = graphs.step?.nodes.find(({ op }) => op.name === 'gradient');
    expect(gradient?.operands[0]).toMatchObject({ op: { name: 'mean' }, type: { shape: [] } });
    expect(graphs.evaluate?.returns[0]?.value.type.shape).toEqual(['N']);
  });
});

describe('class names', () => {
  const classes = (units: number, names: string) => `model Net {
  input x: f32[4]
  x -> Dense(${units}) -> output kind(classes: ${names})
}
`;
  it.each([
    [3, '["a", "b", "c"]', []],
    [1, '["no", "yes"]', []],
    [3, '"three.txt"', []],
    [3, '["a", "b"]', ['E0506']],
    [1, '["a"]', ['E0506']],
    [3, '["a", "b", "b"]', ['E0506']],
    [3, '["a", "b", 3]', ['E0301']],
    [3, '3', ['E0301']],
    [3, '"none.txt"', ['E0203']],
    [3, '"/etc/passwd"', ['E0203']],
    [2, '"three.txt"', ['E0506']],
  ])('%s numbers, %s', (units, names, codes) => {
    expect(codesOf(classes(units, names), { 'three.txt': 'a\n\nb  \r\nc\n' })).toEqual(codes);
  });

  it('may be anything, and stay strings', () => {
    const names = ['*/ alert(1) /*', '__proto__', '</script>', '`${1}`'];
    const text = classes(4, JSON.stringify(names));
    expect(modelOf(text).outputs[0]?.classes).toEqual(names);
  });
});

describe('what does not learn', () => {
  const warnings = (text: string) =>
    diagnosticsOf(text).map(({ code, severity, message }) => `${severity} ${code} ${message}`);

  it('is warned of', () => {
    const text = net(
      usual,
      'x -> Dense(3, activation: softmax) as head -> output kind\n  x -> Dense(1) as unused',
    );
    expect(warnings(text)).toEqual(['warning E0509 `unused.kernel` has no effect on any output']);
  });

  it('is left out where nothing depends on it', () => {
    const text = net(
      usual,
      'x -> Dense(3, activation: softmax) as head -> output kind\n  x -> Dense(1) as unused',
    );
    expect(paramNames(modelOf(text))).toEqual(['head.kernel', 'head.bias']);
  });

  it('is meant behind stop_gradient', () => {
    const body =
      'x -> Dense(5) as frozen -> stop_gradient -> Dense(3, activation: softmax) as head -> output kind';
    const model = modelOf(net(usual, body));
    expect(run(net(usual, body)).diagnostics).toEqual([]);
    const updates = model.graphs.step?.updates.map(({ target }) => target) ?? [];
    expect(updates).toContain('head.kernel');
    expect(updates).not.toContain('frozen.kernel');
    expect(updates).not.toContain('momentum@frozen.kernel');
    expect(paramNames(model)).toContain('frozen.kernel');
  });

  it('has neither gradient nor slot', () => {
    const body =
      'x -> Dense(5) as frozen -> stop_gradient -> Dense(3, activation: softmax) as head -> output kind';
    const { graphs } = modelOf(net(usual, body));
    expect(opsOf(graphs.step).filter((name) => name === 'gradient')).toHaveLength(2);
  });
});

describe('`set`', () => {
  const counted = (statements: string, result = 'x') => `layer Counted()(x: f32[N, k]) {
  state count: f32[] = zeros
  ${statements}
  return ${result}
}
${net('label t: f32[1]\n  loss: mean_squared_error(t, y)\n  optimizer: SGD', 'x -> Counted -> Dense(1) -> output y')}`;

  it('keeps a state that only its own next value reads', () => {
    const model = modelOf(counted('set count = count + 1'));
    expect(model.persistent.map(({ name }) => name)).toContain('counted.count');
    expect(model.graphs.step?.updates.map(({ target }) => target)).toContain('counted.count');
  });

  it('is dropped for a state that nothing reads', () => {
    expect(modelOf(counted('set count = 1')).persistent.map(({ name }) => name)).not.toContain(
      'counted.count',
    );
  });

  it('writes for readers of other graphs', () => {
    const model = modelOf(counted('set count = mean(x)', 'if training then x else x + count'));
    expect(model.graphs.step?.updates.map(({ target }) => target)).toContain('counted.count');
    expect(model.graphs.step?.parameters.map(({ name }) => name)).toContain('counted.count');
  });

  it.each([
    ['set count = x', 'E0320'],
    ['set count = "a"', 'E0320'],
    ['set x = 1', 'E0320'],
    ['set counts = 1', 'E0201'],
  ])('%s is %s', (statement, code) => {
    expect(codesOf(counted(statement, 'x * count'))).toEqual([code]);
  });
});

describe('gradients', () => {
  const through = (expression: string) =>
    net(
      'label t: f32[3]\n  loss: mean_squared_error(t, y)\n  optimizer: SGD',
      `z = x -> Dense(3)\n  ${expression} -> output y`,
    );

  it('flow through masks and comparisons of values', () => {
    expect(codesOf(through('where(z > 0, z, 0.1 * z)'))).toEqual([]);
    expect(codesOf(through('z * (z > 0)'))).toEqual([]);
  });

  it('stop at whole numbers', () => {
    expect(codesOf(through('one_hot(argmax(z), depth: 3)'))).toEqual(['E0511']);
    expect(codesOf(through('z + one_hot(argmax(z), depth: 3)'))).toEqual([]);
  });
});

describe('an optimizer', () => {
  const with_ = (layer: string) => `${layer}
${net(usual.replace('Adam', 'Mine'))}`;

  it('knows the running step', () => {
    const model = modelOf(
      with_(`layer Mine()(w: f32[...s], g: f32[...s]) {
  return w - g / step
}`),
    );
    expect(
      model.graphs.step?.nodes.some(
        ({ op, operands }) =>
          op.name === 'cast' && operands[0]?.kind === 'parameter' && operands[0].name === '$step',
      ),
    ).toBe(true);
  });

  it('computes what is the same for all params once', () => {
    const { graphs } = modelOf(net(usual));
    expect(opsOf(graphs.step).filter((name) => name === 'power')).toHaveLength(2);
    expect(opsOf(graphs.step).filter((name) => name === 'sqrt')).toHaveLength(1 + 2);
  });

  it.each([
    ['layer Mine()(w: f32[...s]) {\n  return w\n}', 'E0309'],
    ['layer Mine()(w: f32[...s], g: f32[...s]) {\n  return sum(w)\n}', 'E0504'],
    ['layer Mine()(w: f32[...s], g: f32[...s]) {\n  param a: f32[] = zeros\n  return w * a\n}', 'E0504'],
    ['layer Mine(rate: float)(w: f32[...s], g: f32[...s]) {\n  return w\n}', 'E0303'],
  ])('%s is %s', (layer, code) => expect(codesOf(with_(layer))).toEqual([code]));

  it('may be made of layers that have states', () => {
    const model = modelOf(
      with_(`layer Average(rate: float)(x: f32[...s]) {
  state value: f32[...s] = zeros
  next = rate * value + (1 - rate) * x
  set value = next
  return next
}
layer Mine()(w: f32[...s], g: f32[...s]) {
  return w - (g -> Average(0.5)) - (g -> Average(0.9))
}`),
    );
    expect(model.persistent.filter(({ role }) => role === 'slot').map(({ name }) => name)).toEqual([
      'average.value@head.kernel',
      'average_1.value@head.kernel',
      'average.value@head.bias',
      'average_1.value@head.bias',
    ]);
  });
});
