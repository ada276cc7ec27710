import { describe, expect, it } from 'vitest';
import { analyze } from '../../compiler/frontend/index.ts';
import type { Model } from '../../compiler/frontend/model.ts';
import type { Graph, Value } from '../../compiler/graph/ir.ts';
import { hasTrait } from '../../compiler/graph/op.ts';
import { printGraph } from '../../compiler/graph/print.ts';
import { verifyGraph } from '../../compiler/graph/verify.ts';
import { groupNodes } from '../../compiler/lower/index.ts';
import * as ops from '../../compiler/ops/index.ts';
import { foldNormalization } from '../../compiler/passes/fold-normalization.ts';
import { hoist, pipeline, runPipeline, selectPasses } from '../../compiler/passes/index.ts';
import { typescript } from '../../compiler/program/target.ts';
import { difference, f32, numbersFor, opNames, results, run, Sketch } from './support.ts';
import type { Known } from './support.ts';

function modelOf(text: string): Model {
  const source = { entry: 'test.cnn', read: (path: string) => (path === 'test.cnn' ? text : undefined) };
  const { model, diagnostics } = analyze(source);
  if (model === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return model;
}

/** The graph behind `prepare`: what both compute together, from the canonical weights. */
function hoistedResults(graph: Graph, numbers: Known, n: number) {
  const { prepare, graphs } = hoist([graph]);
  const [after] = graphs as [Graph];
  verifyGraph(after);
  if (prepare === undefined) return { prepare, after, found: results(after, numbers, n) };
  verifyGraph(prepare);
  const prepared = results(prepare, { ...numbersFor(prepare, 1), ...numbers }, 1);
  const all = Object.fromEntries(
    Object.entries(prepared).map(([name, { data }]) => [name.replace('update ', ''), data]),
  );
  return { prepare, after, found: results(after, { ...numbers, ...all }, n) };
}

const norm = `
model Net {
  input image: f32[6, 6, 2]
  image
    -> Conv2D(3, 3x3) -> BatchNormalization -> relu
    -> Conv2D(3, 1x1, use_bias: false) -> BatchNormalization
    -> Flatten -> Dropout(0.5) -> Dense(4) -> BatchNormalization -> output y
}`;

describe('inference', () => {
  it('has no Dropout, and BatchNormalization is in the kernels that prepare makes', () => {
    const { infer } = modelOf(norm).graphs;
    expect(opNames(infer)).not.toContain('random_uniform');
    expect(opNames(infer)).not.toContain('where');
    const numbers = numbersFor(infer, 2, { low: 0.2, high: 1.5 });
    const folded = runPipeline(infer, typescript);
    expect(difference(results(infer, numbers, 2), results(folded, numbers, 2))).toBeLessThan(1e-9);
    const { prepare, after, found } = hoistedResults(folded, numbers, 2);
    expect(difference(results(infer, numbers, 2), found)).toBeLessThan(1e-9);
    expect(opNames(after)).toEqual(['conv2d', 'add', 'relu', 'conv2d', 'add', 'reshape', 'matmul', 'add']);
    expect(prepare?.updates).toHaveLength(6); // three kernels, three shifts
    expect(groupNodes(after, typescript).map(({ root }) => root.op.name)).toEqual([
      'conv2d',
      'conv2d',
      'matmul',
    ]);
    expect(after.parameters.map(({ name }) => name).sort()).toEqual(
      ['image', ...[0, 1, 2, 3, 4, 5].map((k) => `prepared.${k}`)].sort(),
    );
  });
});

describe('fold_normalization', () => {
  /** conv2d(x, k) with `steps` behind it. */
  const conv = (steps: (s: Sketch, y: Value, t: (name: string) => Value) => Value): Graph => {
    const s = new Sketch();
    const [x, k] = [s.input('x', f32('N', 4, 4, 2)), s.param('k', f32(3, 3, 2, 3))];
    const y = s.on(ops.conv2d, [x, k], { strides: [1, 1], padding: 'same' });
    return s.returning({ y: steps(s, y, (name) => s.param(name, f32(3))) }).graph();
  };
  const check = (graph: Graph): Graph => {
    const after = run(foldNormalization, graph);
    const numbers = numbersFor(graph, 2, { low: 0.5, high: 2 });
    expect(difference(results(graph, numbers, 2), results(after, numbers, 2))).toBeLessThan(1e-12);
    return after;
  };
  /** Nodes that run once per call: those with a batch. */
  const perCall = (graph: Graph): string[] =>
    graph.nodes.filter(({ type }) => type.shape.includes('N')).map(({ op }) => op.name);

  it('takes every mix of scales and shifts, from either side', () => {
    const after = check(
      conv((s, y, t) => {
        const centred = s.on(ops.subtract, [s.on(ops.add, [t('bias'), y]), t('mean')]);
        const scaled = s.on(ops.multiply, [t('gamma'), s.on(ops.divide, [centred, t('deviation')])]);
        return s.on(ops.add, [s.on(ops.multiply, [s.on(ops.subtract, [t('c'), scaled]), 2]), t('beta')]);
      }),
    );
    expect(perCall(after)).toEqual(['conv2d', 'add']);
  });

  it('needs no addition where nothing shifts, and reshapes vectors with leading ones', () => {
    const after = check(
      conv((s, y, t) => s.on(ops.multiply, [y, s.on(ops.reshape, [t('gamma')], { shape: [1, 1, 1, 3] })])),
    );
    expect(perCall(after)).toEqual(['conv2d']);
  });

  it('scales rows of a transposed matrix', () => {
    const s = new Sketch();
    const [x, w, g] = [s.input('x', f32('N', 4)), s.param('w', f32(3, 4)), s.param('g', f32(3))];
    const y = s.on(ops.multiply, [s.on(ops.matmul, [x, w], { transpose_b: true }), g]);
    expect(perCall(check(s.returning({ y }).graph()))).toEqual(['matmul']);
  });

  it('leaves alone: only shifts, several uses, scales per place, scales of the input, graphs that train', () => {
    const unchanged = (graph: Graph): void => expect(opNames(check(graph))).toEqual(opNames(graph));
    unchanged(conv((s, y, t) => s.on(ops.add, [y, t('bias')])));
    unchanged(conv((s, y, t) => s.on(ops.add, [s.on(ops.multiply, [y, t('g')]), y])));
    unchanged(conv((s, y) => s.on(ops.multiply, [y, s.param('g', f32(4, 4, 3))])));
    unchanged(conv((s, y) => s.on(ops.multiply, [y, s.input('g', f32(3))])));
    unchanged(conv((s, y, t) => s.on(ops.multiply, [s.on(ops.relu, [y]), t('g')])));
    const training = conv((s, y, t) => s.on(ops.multiply, [y, t('g')]));
    const k = training.parameters.find(({ name }) => name === 'k') as Value;
    const step: Graph = { ...training, updates: [{ target: 'k', value: k }] };
    expect(foldNormalization.run(step, typescript)).toBe(step);
  });
});

describe('hoist', () => {
  it('moves what depends on weights alone, but no view and nothing with a batch', () => {
    const s = new Sketch();
    const [x, w, v] = [s.input('x', f32('N', 4)), s.param('w', f32(2, 2)), s.state('v', f32(4))];
    const flat = s.on(ops.reshape, [w], { shape: [4] });
    const root = s.on(ops.sqrt, [s.on(ops.square, [v])]);
    const square = s.on(ops.reshape, [root], { shape: [2, 2] });
    const wide = s.on(ops.broadcastTo, [v], { shape: [4], batch: true });
    const graph = s
      .returning({
        y: s.on(ops.add, [s.on(ops.multiply, [x, flat]), wide]),
        z: s.on(ops.matmul, [s.on(ops.reshape, [x], { shape: [2, 2] }), square]),
        fixed: s.on(ops.exp, [w]),
        view: flat,
      })
      .graph();
    const numbers = numbersFor(graph, 2);
    const { prepare, after, found } = hoistedResults(graph, numbers, 2);
    expect(opNames(prepare as Graph)).toEqual(['square', 'sqrt', 'exp']);
    expect(opNames(after)).toEqual([
      'reshape',
      'reshape',
      'broadcast_to',
      'multiply',
      'add',
      'reshape',
      'matmul',
    ]);
    expect(difference(results(graph, numbers, 2), found)).toBe(0);
    expect(after.returns.find(({ name }) => name === 'fixed')?.value).toMatchObject({ name: 'prepared.1' });
  });

  it('prepares once what several graphs share', () => {
    const graph = (name: string, extra: boolean): Graph => {
      const s = new Sketch();
      const [x, w] = [s.input('x', f32('N', 3)), s.param('w', f32(3))];
      const e = s.on(ops.exp, [w]);
      s.returning({ y: s.on(ops.add, [x, e]) });
      if (extra) s.returning({ z: s.on(ops.subtract, [x, s.on(ops.log, [s.on(ops.add, [e, 1])])]) });
      return s.graph(name);
    };
    const { prepare, graphs } = hoist([graph('infer', false), graph('evaluate', true)]);
    verifyGraph(prepare as Graph);
    graphs.forEach((graph) => verifyGraph(graph));
    expect(opNames(prepare as Graph)).toEqual(['exp', 'add', 'log']);
    expect(graphs.map((g) => g.parameters.map(({ name }) => name))).toEqual([
      ['x', 'prepared.0'],
      ['x', 'prepared.0', 'prepared.1'],
    ]);
  });

  it('returns a graph as it is when there is nothing to prepare', () => {
    const s = new Sketch();
    const graph = s
      .returning({ y: s.on(ops.add, [s.input('x', f32('N', 3)), s.param('w', f32(3))]) })
      .graph();
    expect(hoist([graph])).toEqual({ graphs: [graph] });
  });
});

describe('the pipeline', () => {
  it('has passes with unique names and a sentence each', () => {
    const names = pipeline.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { doc } of pipeline) expect(doc).toMatch(/^[A-Z].*\.$/);
    expect(names.indexOf('stabilize')).toBeLessThan(names.indexOf('differentiate'));
  });

  it('tells of each pass in order, runs chosen ones, and those that are required in any case', () => {
    const s = new Sketch();
    const w = s.param('w', f32(2));
    const y = s.on(ops.sum, [s.on(ops.multiply, [w, w])]);
    const graph = s.returning({ y, dw: s.on(ops.gradient, [y, w]) }).graph();
    const told = (passes?: readonly string[]): string[] => {
      const names: string[] = [];
      const onPass = (name: string, after: Graph, milliseconds: number): void => {
        verifyGraph(after);
        expect(milliseconds).toBeGreaterThanOrEqual(0);
        names.push(name);
      };
      const after = runPipeline(graph, typescript, passes === undefined ? { onPass } : { onPass, passes });
      expect(after.nodes.some(({ op }) => hasTrait(op, 'pseudo'))).toBe(false);
      return names;
    };
    expect(told()).toEqual(pipeline.map(({ name }) => name));
    expect(told(['cse', 'dce'])).toEqual(['differentiate', 'cse', 'divide', 'dce']);
    expect(told(['dce', 'stabilize'])).toEqual(['dce', 'stabilize', 'differentiate', 'divide']);
    expect(selectPasses(['cse', 'nonsense'])).toEqual({ unknown: 'nonsense' });
  });

  it('stops at a pass that breaks the graph', () => {
    const s = new Sketch();
    const x = s.input('x', f32('N'));
    const graph = s.returning({ y: s.on(ops.exp, [x]) }).graph();
    const broken: Graph = { ...graph, nodes: [] };
    expect(() => runPipeline(broken, typescript)).toThrow(/not defined/);
  });

  it('is deterministic, and prints the same graph twice', () => {
    const { infer } = modelOf(norm).graphs;
    const print = (): string => printGraph(runPipeline(infer, typescript));
    expect(print()).toBe(print());
  });
});
