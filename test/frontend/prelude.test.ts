/** The prelude against formulas written down independently, evaluated in f64. */
import { describe, expect, it } from 'vitest';
import { elementCount } from '../../compiler/base/types.ts';
import type { Model } from '../../compiler/frontend/model.ts';
import { checkNames } from '../../compiler/frontend/resolve.ts';
import { Reporter } from '../../compiler/frontend/report.ts';
import { preludeUnits } from '../../compiler/frontend/unit.ts';
import type { Graph, Value } from '../../compiler/graph/ir.ts';
import { evaluate, tensorOf, type Tensor } from '../support/evaluate.ts';
import { chain, modelOf, opsOf } from './support.ts';

/** What a graph returns and updates, from values of its parameters by name. */
function results(graph: Graph, given: Readonly<Record<string, readonly number[]>>, n: number) {
  const known = new Map<Value, Tensor>();
  for (const parameter of graph.parameters) {
    const data = given[parameter.name];
    if (data) known.set(parameter, tensorOf(parameter.type, n, data));
  }
  // Gradients are given by the test: `gradient` has no definition of its own.
  for (const node of graph.nodes) {
    const [, target] = node.operands;
    if (node.op.name !== 'gradient' || target?.kind !== 'parameter') continue;
    known.set(node, tensorOf(node.type, n, given[`gradient ${target.name}`] ?? [0]));
  }
  return (name: string): readonly number[] => {
    const end =
      graph.returns.find((result) => result.name === name)?.value ??
      graph.updates.find(({ target }) => target === name)?.value;
    if (!end) throw new Error(`no ${name}`);
    return evaluate(end, known, n).data;
  };
}

const infer = (model: Model, given: Readonly<Record<string, readonly number[]>>, n: number) =>
  results(model.graphs.infer, given, n)('y');

function step(model: Model, given: Readonly<Record<string, readonly number[]>>, n: number) {
  if (!model.graphs.step) throw new Error('no step');
  return results(model.graphs.step, given, n);
}

const close = (actual: readonly number[], expected: readonly number[]) => {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 9));
};
const trained = (type: string, stages: string, loss: string, label: string, optimizer = 'SGD') =>
  `${chain(type, stages)}train Net {
  label t: ${label}
  loss: ${loss}
  optimizer: ${optimizer}
}
`;
const sum = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0);
const average = (xs: readonly number[]) => sum(xs) / xs.length;

describe('every layer of the prelude', () => {
  it('has names that mean something, and a description', () => {
    for (const { unit, diagnostics } of preludeUnits()) {
      const reporter = new Reporter();
      expect(checkNames(unit, reporter)).toBe(true);
      expect([...diagnostics, ...reporter.diagnostics]).toEqual([]);
      for (const item of unit.file.items) expect(item.kind === 'layer' ? item.doc : '').toBeTruthy();
    }
  });
});

describe('activations', () => {
  const x = [1, 2, 3, -1, 0, 5];
  const softmax = (row: readonly number[]) => row.map((v) => Math.exp(v) / sum(row.map(Math.exp)));

  it('softmax and its logarithm', () => {
    const expected = [...softmax(x.slice(0, 3)), ...softmax(x.slice(3))];
    close(infer(modelOf(chain('f32[3]', 'softmax')), { x }, 2), expected);
    close(infer(modelOf(chain('f32[3]', 'Softmax')), { x }, 2), expected);
    close(infer(modelOf(chain('f32[3]', 'log_softmax')), { x }, 2), expected.map(Math.log));
  });

  it('as layers', () => {
    close(infer(modelOf(chain('f32[3]', 'LeakyReLU(0.1)')), { x }, 2), [1, 2, 3, -0.1, 0, 5]);
    close(infer(modelOf(chain('f32[3]', 'ReLU')), { x }, 2), [1, 2, 3, 0, 0, 5]);
    close(infer(modelOf(chain('f32[3]', 'Rescaling(2) -> ReLU6')), { x }, 2), [2, 4, 6, 0, 0, 6]);
    close(infer(modelOf(chain('f32[1, 3, 1]', 'GlobalMaxPooling2D')), { x }, 2), [3, 5]);
    close(infer(modelOf(chain('f32[3]', 'Activation(tanh)')), { x }, 2), x.map(Math.tanh));
    close(infer(modelOf(chain('f32[3]', 'linear')), { x }, 2), x);
  });
});

describe('convolutions in groups', () => {
  const [height, width, c] = [3, 2, 2];
  const x = Array.from({ length: height * width * c }, (_, i) => Math.sin(i + 1));
  const numbers = (count: number, phase: number) =>
    Array.from({ length: count }, (_, i) => Math.cos(phase + i));
  const [kernel, bias] = [numbers(3 * 3 * c * 2, 1), numbers(4, 2)];
  /** Keras's: y[h, w, 2 c + m] of a 3x3 kernel [3, 3, c, m] with a zero on each side. */
  const depthwise = Array.from({ length: height * width * c * 2 }, (_, at) => {
    const [h, w] = [Math.floor(at / (width * 4)), Math.floor(at / 4) % width];
    const [channel, m] = [Math.floor((at % 4) / 2), at % 2];
    let total = 0;
    for (let kh = 0; kh < 3; kh++)
      for (let kw = 0; kw < 3; kw++) {
        const [row, column] = [h + kh - 1, w + kw - 1];
        if (row < 0 || row >= height || column < 0 || column >= width) continue;
        const tap = ((kh * 3 + kw) * c + channel) * 2 + m;
        total += (x[(row * width + column) * c + channel] ?? NaN) * (kernel[tap] ?? NaN);
      }
    return total;
  });

  it('DepthwiseConv2D', () => {
    const model = modelOf(chain('f32[3, 2, 2]', 'DepthwiseConv2D(3x3, padding: 1, depth_multiplier: 2)'));
    const y = infer(model, { x, 'depthwise_conv2d.kernel': kernel, 'depthwise_conv2d.bias': bias }, 1);
    close(
      y,
      depthwise.map((value, i) => value + (bias[i % 4] ?? NaN)),
    );
  });

  it('SeparableConv2D', () => {
    const stage = 'SeparableConv2D(3, 3x3, padding: same, depth_multiplier: 2, use_bias: false)';
    const mix = numbers(4 * 3, 3);
    const y = infer(
      modelOf(chain('f32[3, 2, 2]', stage)),
      { x, 'separable_conv2d.depthwise_kernel': kernel, 'separable_conv2d.pointwise_kernel': mix },
      1,
    );
    const mixed = Array.from({ length: height * width * 3 }, (_, at) => {
      const from = Math.floor(at / 3) * 4;
      return sum([0, 1, 2, 3].map((i) => (depthwise[from + i] ?? NaN) * (mix[i * 3 + (at % 3)] ?? NaN)));
    });
    close(y, mixed);
  });

  it('Conv2D with as many groups as channels is a DepthwiseConv2D', () => {
    const model = modelOf(chain('f32[3, 2, 2]', 'Conv2D(4, 3x3, padding: 1, groups: 2, use_bias: false)'));
    close(infer(model, { x, 'conv2d.kernel': kernel }, 1), depthwise);
  });
});

describe('BatchNormalization', () => {
  const model = modelOf(trained('f32[2, 2]', 'BatchNormalization', 'mean_squared_error(t, y)', 'f32[2, 2]'));
  const x = [1, 10, 2, 20, 3, 60, 6, 30];
  const given = {
    x,
    t: [0],
    'batch_normalization.gamma': [2, 3],
    'batch_normalization.beta': [0.5, -0.5],
    'batch_normalization.moving_mean': [1, 2],
    'batch_normalization.moving_variance': [4, 9],
  };
  const channel = (c: number) => x.filter((_, i) => i % 2 === c);
  const mean = [0, 1].map((c) => average(channel(c)));
  const variance = [0, 1].map((c) => average(channel(c).map((v) => (v - (mean[c] ?? 0)) ** 2)));
  const normalised = (m: readonly number[], v: readonly number[]) =>
    x.map((value, i) => {
      const c = i % 2;
      return (
        ([2, 3][c] ?? 0) * ((value - (m[c] ?? 0)) / Math.sqrt((v[c] ?? 0) + 0.001)) + ([0.5, -0.5][c] ?? 0)
      );
    });

  it('takes the moving averages in inference', () => {
    close(infer(model, given, 2), normalised([1, 2], [4, 9]));
  });

  it('takes the batch in training', () => {
    const perSample = normalised(mean, variance).map((v) => v * v);
    close(step(model, given, 2)('loss'), [average(perSample.slice(0, 4)), average(perSample.slice(4))]);
  });

  it('moves the averages by one percent', () => {
    const after = step(model, given, 2);
    close(
      after('batch_normalization.moving_mean'),
      mean.map((m, c) => 0.99 * ([1, 2][c] ?? 0) + 0.01 * m),
    );
    close(
      after('batch_normalization.moving_variance'),
      variance.map((v, c) => 0.99 * ([4, 9][c] ?? 0) + 0.01 * v),
    );
  });
});

describe('a shared layer that is used twice', () => {
  it('moves its averages by the mean of both uses', () => {
    const model = modelOf(`model Net {
  input a: f32[1]
  input b: f32[1]
  shared norm = BatchNormalization(momentum: 0.5)
  (a -> norm) + (b -> norm) -> output y
}
train Net {
  label t: f32[1]
  loss: mean_squared_error(t, y)
  optimizer: SGD
}
`);
    const given = {
      a: [1, 3],
      b: [10, 30],
      t: [0],
      'norm.gamma': [1],
      'norm.beta': [0],
      'norm.moving_mean': [4],
    };
    close(step(model, { ...given, 'norm.moving_variance': [1] }, 2)('norm.moving_mean'), [
      0.5 * 4 + 0.5 * average([2, 20]),
    ]);
  });
});

describe('losses', () => {
  const lossOf = (loss: string, type: string, label: string, x: readonly number[], t: readonly number[]) =>
    step(
      modelOf(trained(type, 'multiply(1) -> Scale', loss, label).replace('\n', `${scale}\n`)),
      { x, t, 'scale.w': [1] },
      2,
    )('loss');
  const scale = `layer Scale()(x) {
  param w: f32[] = ones
  return x * w
}`;
  const x = [0.2, 0.7, 0.1, 0.5, 0.25, 0.25];
  const rows = (f: (i: number) => number) => [0, 1].map((n) => average([0, 1, 2].map((k) => f(3 * n + k))));

  it('mean_squared_error, mean_absolute_error', () => {
    const t = [0, 1, 0, 2, -1, 0];
    close(
      lossOf('mean_squared_error(t, y)', 'f32[3]', 'f32[3]', x, t),
      rows((i) => ((t[i] ?? 0) - (x[i] ?? 0)) ** 2),
    );
    close(
      lossOf('mean_absolute_error(t, y)', 'f32[3]', 'f32[3]', x, t),
      rows((i) => Math.abs((t[i] ?? 0) - (x[i] ?? 0))),
    );
  });

  it('binary_crossentropy', () => {
    const t = [0, 1, 0, 1, 1, 0];
    const each = (i: number) => -Math.log(t[i] === 1 ? (x[i] ?? 0) : 1 - (x[i] ?? 0));
    close(lossOf('binary_crossentropy(t, y)', 'f32[3]', 'f32[3]', x, t), rows(each));
  });

  it('categorical_crossentropy, from indices or one-hot', () => {
    const expected = [-Math.log(0.7), -Math.log(0.25)];
    close(lossOf('sparse_categorical_crossentropy(t, y)', 'f32[3]', 'i32', x, [1, 2]), expected);
    close(lossOf('categorical_crossentropy(t, y)', 'f32[3]', 'f32[3]', x, [0, 1, 0, 0, 0, 1]), expected);
  });

  it('categorical_crossentropy of several places per sample', () => {
    const expected = [average([-Math.log(0.2), -Math.log(0.9)]), average([-Math.log(0.5), -Math.log(0.4)])];
    const places = [0.2, 0.8, 0.1, 0.9, 0.5, 0.5, 0.6, 0.4];
    close(
      lossOf('sparse_categorical_crossentropy(t, y)', 'f32[2, 2]', 'i32[2]', places, [0, 1, 1, 1]),
      expected,
    );
  });
});

describe('accuracy', () => {
  const of = (type: string, label: string, x: readonly number[], t: readonly number[]) => {
    const text = trained(type, 'Dense(1) as unused', 'mean_squared_error(y, y)', label).replace(
      'x -> Dense(1) as unused -> output y',
      'x -> output p\n  x -> Dense(1) -> output y',
    );
    const model = modelOf(text.replace('optimizer', 'metrics: [accuracy(t, p)]\n  optimizer'));
    if (!model.graphs.evaluate) throw new Error('no evaluate');
    return results(model.graphs.evaluate, { x, t }, 3)('accuracy');
  };

  it('of class indices', () => {
    close(of('f32[3]', 'i32', [0.1, 0.7, 0.2, 0.5, 0.3, 0.2, 0, 0, 1], [1, 1, 2]), [1, 0, 1]);
  });

  it('of one-hot truths', () => {
    close(of('f32[2]', 'f32[2]', [0.1, 0.9, 0.5, 0.4, 0, 1], [0, 1, 0, 1, 1, 0]), [1, 0, 0]);
  });

  it('of 0 and 1', () => {
    close(of('f32[1]', 'f32[1]', [0.9, 0.4, 0.5], [1, 1, 0]), [1, 0, 1]);
    close(of('f32[1]', 'i32', [0.9, 0.4, 0.5], [1, 1, 0]), [1, 0, 1]);
  });

  it('of several places per sample', () => {
    close(of('f32[2, 2]', 'i32[2]', [1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1], [0, 1, 1, 1, 1, 0]), [1, 0.5, 0]);
  });
});

describe('optimizers', () => {
  const optimized = (optimizer: string) =>
    modelOf(trained('f32[2]', 'Dense(1, use_bias: false)', 'mean_squared_error(t, y)', 'f32[1]', optimizer));
  const given = { x: [1, 2], t: [0], 'dense.kernel': [0.5, -0.5], 'gradient dense.kernel': [0.2, -0.4] };

  it('SGD', () => {
    const model = optimized('SGD(learning_rate: 0.1)');
    close(step(model, given, 1)('dense.kernel'), [0.5 - 0.1 * 0.2, -0.5 + 0.1 * 0.4]);
    expect(model.persistent.map(({ name }) => name)).toEqual(['dense.kernel']);
  });

  it('SGD with momentum', () => {
    const model = optimized('SGD(learning_rate: 0.1, momentum: 0.9)');
    const after = step(model, { ...given, 'velocity@dense.kernel': [1, -1] }, 1);
    close(after('velocity@dense.kernel'), [0.9 - 0.02, -0.9 + 0.04]);
    close(after('dense.kernel'), [0.5 + 0.88, -0.5 - 0.86]);
  });

  it('Adam, over three steps', () => {
    const model = optimized('Adam(learning_rate: 0.01)');
    let [w, m, v] = [
      [0.5, -0.5],
      [0, 0],
      [0, 0],
    ];
    let state = { w, m, v };
    for (let t = 1; t <= 3; t++) {
      const g = [0.2 * t, -0.4 / t];
      m = m.map((old, i) => 0.9 * old + 0.1 * (g[i] ?? 0));
      v = v.map((old, i) => 0.999 * old + 0.001 * (g[i] ?? 0) ** 2);
      const rate = (0.01 * Math.sqrt(1 - 0.999 ** t)) / (1 - 0.9 ** t);
      w = w.map((old, i) => old - (rate * (m[i] ?? 0)) / (Math.sqrt(v[i] ?? 0) + 1e-7));
      const after = step(
        model,
        {
          ...given,
          $step: [t - 1],
          'dense.kernel': state.w,
          'gradient dense.kernel': g,
          'momentum@dense.kernel': state.m,
          'velocity@dense.kernel': state.v,
        },
        1,
      );
      state = {
        w: [...after('dense.kernel')],
        m: [...after('momentum@dense.kernel')],
        v: [...after('velocity@dense.kernel')],
      };
      close(state.w, w);
      close(state.m, m);
      close(state.v, v);
    }
  });
});

describe('what happens in training only', () => {
  const model = modelOf(
    trained('f32[4]', 'Dropout(0.25) -> Dense(4)', 'mean_squared_error(t, y)', 'f32[4]').replace(
      'loss:',
      'augment x -> Dropout(0.5)\n  loss:',
    ),
  );

  it('draws numbers from streams named by paths', () => {
    const streams = model.graphs.step?.nodes
      .filter(({ op }) => op.name === 'random_uniform')
      .map(({ attributes }) => attributes['stream']);
    expect(streams).toEqual(['augment.dropout.random', 'dropout.random']);
    expect(opsOf(model.graphs.infer)).toEqual(['matmul', 'add']);
    expect(opsOf(model.graphs.evaluate)).not.toContain('random_uniform');
  });

  it('drops with the given rate and keeps the mean', () => {
    const { graphs } = modelOf(
      trained('f32[1000]', 'Dropout(0.25) -> Dense(1)', 'mean_squared_error(t, y)', 'f32[1]'),
    );
    const where = graphs.step?.nodes.find(({ op }) => op.name === 'where');
    if (!graphs.step || !where) throw new Error('no dropout');
    const known = new Map<Value, Tensor>(
      graphs.step.parameters.map((p) => [p, tensorOf(p.type, 4, [p.name === '$seed' ? 7 : 1])]),
    );
    const { data } = evaluate(where, known, 4);
    const kept = data.filter((value) => value !== 0);
    for (const value of kept) expect(value).toBeCloseTo(4 / 3, 12);
    expect(kept.length / elementCount([4, 1000], 1)).toBeGreaterThan(0.72);
    expect(kept.length / elementCount([4, 1000], 1)).toBeLessThan(0.78);
  });

  it('shifts within the given part of the extents', () => {
    const { graphs } = modelOf(
      trained('f32[20, 50, 1]', 'Flatten -> Dense(1)', 'mean_squared_error(t, y)', 'f32[1]').replace(
        'loss:',
        'augment x -> RandomTranslation(0.1, 0.2)\n  loss:',
      ),
    );
    const translate = graphs.step?.nodes.find(({ op }) => op.name === 'translate');
    const offset = translate?.operands[1];
    if (!graphs.step || !offset) throw new Error('no translation');
    const known = new Map<Value, Tensor>(graphs.step.parameters.map((p) => [p, tensorOf(p.type, 500, [3])]));
    const { data } = evaluate(offset, known, 500);
    const down = data.filter((_, i) => i % 2 === 0).map(Math.abs);
    const right = data.filter((_, i) => i % 2 === 1).map(Math.abs);
    expect(Math.max(...down)).toBeLessThanOrEqual(2);
    expect(Math.max(...down)).toBeGreaterThan(1.9);
    expect(Math.max(...right)).toBeLessThanOrEqual(10);
    expect(Math.max(...right)).toBeGreaterThan(9.5);
  });
});
