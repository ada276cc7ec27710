import { describe, expect, it } from 'vitest';
import type { Graph, Parameter, Value } from '../../compiler/graph/ir.ts';
import * as ops from '../../compiler/ops/index.ts';
import { differentiate } from '../../compiler/passes/differentiate.ts';
import { stabilize } from '../../compiler/passes/simplify.ts';
import { runPipeline } from '../../compiler/passes/pipeline.ts';
import { typescript } from '../../compiler/program/target.ts';
import { difference, f32, numbersFor, opNames, results, run, Sketch } from './support.ts';
import type { Known } from './support.ts';

/** Returns the objective and its gradient by every param of the sketch. */
function withGradients(s: Sketch, objective: Value): Graph {
  const params = s.parameters.filter(({ role }) => role === 'param');
  s.returning({ objective });
  for (const param of params) s.returning({ [`d ${param.name}`]: s.on(ops.gradient, [objective, param]) });
  return s.graph();
}

/** Compares every entry of every gradient with central differences of the objective, in f64. */
function checkGradients(graph: Graph, n: number, numbers: Known = numbersFor(graph, n)): void {
  const after = run(differentiate, graph);
  expect(opNames(after)).not.toContain('gradient');
  const computed = results(after, numbers, n);
  const forward: Graph = { ...after, returns: after.returns.filter(({ name }) => name === 'objective') };
  const objective = (changed: Known): number => results(forward, changed, n)['objective']?.data[0] as number;
  const step = 1e-5;
  for (const { name } of graph.parameters.filter(({ role }) => role === 'param')) {
    const values = numbers[name] as readonly number[];
    const expected = values.map((value, i) => {
      const at = (x: number): number => objective({ ...numbers, [name]: values.with(i, x) });
      return (at(value + step) - at(value - step)) / (2 * step);
    });
    const got = computed[`d ${name}`]?.data ?? [];
    expect(got.length).toBe(expected.length);
    expected.forEach((value, i) =>
      expect(Math.abs(value - (got[i] as number)), `d ${name} [${i}]`).toBeLessThan(
        1e-7 + 1e-6 * Math.abs(value),
      ),
    );
  }
}

const softmax = (s: Sketch, x: Value): Value => {
  const peak = s.on(ops.stopGradient, [s.on(ops.max, [x], { axes: [-1], keepdims: true })]);
  const e = s.on(ops.exp, [s.on(ops.subtract, [x, peak])]);
  return s.on(ops.divide, [e, s.on(ops.sum, [e], { axes: [-1], keepdims: true })]);
};

const crossEntropy = (s: Sketch, truth: Value, p: Value): Value =>
  s.on(ops.negative, [s.on(ops.sum, [s.on(ops.multiply, [truth, s.on(ops.log, [p])])], { axes: [-1] })]);

const batchNorm = (s: Sketch, x: Value, name: string, channels: number): Value => {
  const mean = s.on(ops.mean, [x], { keep: [-1] });
  const centred = s.on(ops.subtract, [x, mean]);
  const variance = s.on(ops.mean, [s.on(ops.square, [centred])], { keep: [-1] });
  const scaled = s.on(ops.divide, [centred, s.on(ops.sqrt, [s.on(ops.add, [variance, 0.001])])]);
  const [gamma, beta] = ['gamma', 'beta'].map((p) => s.param(`${name}.${p}`, f32(channels)));
  return s.on(ops.add, [s.on(ops.multiply, [scaled, gamma as Value]), beta as Value]);
};

describe('differentiate', () => {
  it('softmax and cross-entropy behind a matmul', () => {
    const s = new Sketch();
    const [x, truth] = [s.input('x', f32('N', 4)), s.input('truth', f32('N', 3))];
    const y = s.on(ops.add, [s.on(ops.matmul, [x, s.param('w', f32(4, 3))]), s.param('b', f32(3))]);
    const loss = crossEntropy(s, truth, softmax(s, y));
    const graph = withGradients(s, s.on(ops.mean, [loss]));
    checkGradients(graph, 3);
    checkGradients(run(stabilize, graph), 3);
  });

  it('a residual block with batch normalization, pooling and two uses of one weight', () => {
    const s = new Sketch();
    const x = s.input('x', f32('N', 3, 3, 2));
    const k = s.param('k', f32(3, 3, 2, 2));
    const conv = (input: Value): Value => s.on(ops.conv2d, [input, k], { strides: [1, 1], padding: 'same' });
    const first = s.on(ops.tanh, [batchNorm(s, conv(x), 'a', 2)]);
    const main = batchNorm(s, conv(first), 'b', 2);
    const joined = s.on(ops.leakyRelu, [s.on(ops.add, [main, x])], { negative_slope: 0.1 });
    const pooled = s.on(ops.averagePool2d, [joined], {
      pool_size: [2, 2],
      strides: [1, 1],
      padding: 'valid',
    });
    const both = s.on(ops.concatenate, [pooled, s.on(ops.multiply, [pooled, pooled])]);
    const objective = s.on(ops.mean, [s.on(ops.multiply, [both, s.on(ops.sigmoid, [both])])]);
    checkGradients(withGradients(s, objective), 2);
  });

  it('one sweep for all parameters: the backward pass is there once', () => {
    const s = new Sketch();
    let x: Value = s.input('x', f32('N', 3));
    for (let i = 0; i < 6; i++) x = s.on(ops.tanh, [s.on(ops.matmul, [x, s.param(`w${i}`, f32(3, 3))])]);
    const after = run(differentiate, withGradients(s, s.on(ops.mean, [x])));
    const count = (name: string): number => opNames(after).filter((op) => op === name).length;
    expect(count('matmul_kernel_gradient')).toBe(6);
    expect(count('matmul')).toBe(6 + 5); // no gradient of the input, which nobody asked for
  });

  it('gives zeros where nothing depends on the value, and stops at stop_gradient and integers', () => {
    const s = new Sketch();
    const [p, q, r] = ['p', 'q', 'r'].map((name) => s.param(name, f32(2))) as [
      Parameter,
      Parameter,
      Parameter,
    ];
    const whole = s.on(ops.cast, [s.on(ops.cast, [q], { to: 'i32' })], { to: 'f32' });
    const sum = s.on(ops.add, [s.on(ops.multiply, [s.on(ops.stopGradient, [p]), p]), whole]);
    const graph = withGradients(s, s.on(ops.sum, [sum]));
    const after = run(differentiate, graph);
    const found = results(after, { p: [3, 4], q: [1.5, 2.5], r: [0, 0] }, 1);
    expect(found['d p']?.data).toEqual([3, 4]);
    expect(found['d q']?.data).toEqual([0, 0]);
    expect(found['d r']?.data).toEqual([0, 0]);
    expect(r.type).toEqual(after.returns.at(-1)?.value.type);
    expect(after.returns.at(-1)?.value.kind).toBe('constant');
  });

  it('differentiates a gradient, and by a value inside the graph', () => {
    const s = new Sketch();
    const x = s.param('x', f32());
    const inner = s.on(ops.multiply, [x, x]);
    const cube = s.on(ops.multiply, [inner, x]);
    const once = s.on(ops.gradient, [cube, x]);
    const graph = s
      .returning({ once, twice: s.on(ops.gradient, [once, x]), inside: s.on(ops.gradient, [cube, inner]) })
      .graph();
    const found = results(run(differentiate, graph), { x: [2] }, 1);
    expect(Object.fromEntries(Object.entries(found).map(([k, v]) => [k, v.data[0]]))).toEqual({
      once: 12,
      twice: 12,
      inside: 2,
    });
  });

  it('gives gradient nodes the location of the node they belong to', () => {
    const s = new Sketch();
    const w = s.param('w', f32(3));
    const place = (line: number) => ({ file: 'a.cnn', line, column: 1 });
    s.g.location = place(4);
    const e = s.on(ops.exp, [w]);
    s.g.location = place(7);
    const objective = s.on(ops.sum, [s.on(ops.tanh, [e])]);
    s.g.location = place(9);
    const after = run(differentiate, withGradients(s, objective));
    const lines = (from: number): unknown[] => after.nodes.slice(from).map(({ location }) => location?.line);
    expect(lines(0).slice(0, 3)).toEqual([4, 7, 7]);
    expect(new Set(lines(3))).toEqual(new Set([4, 7]));
    expect(lines(3).at(-1)).toBe(4);
  });

  it('needs no recursion: a chain of 20 000 nodes', () => {
    const s = new Sketch();
    const x = s.param('x', f32());
    let y: Value = x;
    for (let i = 0; i < 20_000; i++) y = s.on(ops.negative, [y]);
    const after = differentiate.run(withGradients(s, y), typescript);
    expect(after.nodes).toHaveLength(40_000);
  });

  it('keeps losses and gradients finite at logits of ±100 after the whole pipeline', () => {
    const s = new Sketch();
    const [w, v] = [s.param('w', f32(2, 3)), s.param('v', f32(2))];
    const [truth, yes] = [s.input('truth', f32(2, 3)), s.input('yes', f32(2))];
    const p = s.on(ops.sigmoid, [v]);
    const log = (x: Value): Value => s.on(ops.log, [x]);
    const one = (x: Value): Value => s.on(ops.subtract, [1, x]);
    const binary = s.on(ops.negative, [
      s.on(ops.add, [s.on(ops.multiply, [yes, log(p)]), s.on(ops.multiply, [one(yes), log(one(p))])]),
    ]);
    const objective = s.on(ops.add, [
      s.on(ops.mean, [crossEntropy(s, truth, softmax(s, w))]),
      s.on(ops.mean, [binary]),
    ]);
    const graph = withGradients(s, objective);
    const numbers = {
      w: [100, -100, 0, -100, 100, 50],
      v: [100, -100],
      truth: [0, 1, 0, 1, 0, 0],
      yes: [0, 1],
    };
    const found = results(runPipeline(graph, typescript), numbers, 1);
    expect(found['objective']?.data[0]).toBeCloseTo(200 + 100, 3);
    expect(found['d w']?.data.map((x) => x + 0)).toEqual(
      [0.5, -0.5, 0, -0.5, 0.5, 0].map((x) => expect.closeTo(x, 6)),
    );
    expect(found['d v']?.data).toEqual([expect.closeTo(0.5, 6), expect.closeTo(-0.5, 6)]);
    const plain = results(run(differentiate, graph), numbers, 1);
    expect(difference(found, plain)).toBe(Infinity);
  });
});
