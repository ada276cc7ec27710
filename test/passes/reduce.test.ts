import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Graph, Node, Value } from '../../compiler/graph/ir.ts';
import { hasTrait } from '../../compiler/graph/op.ts';
import { printGraph } from '../../compiler/graph/print.ts';
import * as ops from '../../compiler/ops/index.ts';
import { cse } from '../../compiler/passes/cse.ts';
import { dce } from '../../compiler/passes/dce.ts';
import { foldConstants } from '../../compiler/passes/fold-constants.ts';
import { pipeline, runPipeline } from '../../compiler/passes/pipeline.ts';
import { typescript } from '../../compiler/program/target.ts';
import { calls, draw, generator } from '../support/samples.ts';
import { difference, f32, numbersFor, opNames, results, run, Sketch } from './support.ts';

/** A random graph of elementwise ops: each node draws an op and two earlier values. */
const drawn = fc
  .array(fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 1000 }), fc.nat({ max: 1000 })), {
    minLength: 1,
    maxLength: 30,
  })
  .map((steps): Graph => {
    const s = new Sketch();
    const values: Value[] = [
      s.input('x', f32('N', 2)),
      s.param('w', f32(2)),
      s.g.constant(0),
      s.g.constant(1),
    ];
    const two = [ops.add, ops.multiply, ops.subtract, ops.maximum];
    for (const [kind, i, j] of steps) {
      const [a, b] = [values[i % values.length] as Value, values[j % values.length] as Value];
      const op = two[kind];
      values.push(op === undefined ? s.on(kind === 4 ? ops.negative : ops.relu, [a]) : s.on(op, [a, b]));
    }
    return s.returning({ y: values.at(-1) as Value, z: values[values.length >> 1] as Value }).graph();
  });

describe('cse', () => {
  it('joins equal nodes, also commuted ones, and nothing else', () => {
    const s = new Sketch();
    const [x, y] = [s.input('x', f32('N', 2)), s.input('y', f32('N', 2))];
    const returned = {
      a: s.on(ops.add, [x, y]),
      b: s.on(ops.add, [y, x]),
      c: s.on(ops.subtract, [x, y]),
      d: s.on(ops.subtract, [y, x]),
      e: s.on(ops.leakyRelu, [x], { negative_slope: 0.1 }),
      f: s.on(ops.leakyRelu, [x], { negative_slope: 0.2 }),
      g: s.on(ops.add, [s.on(ops.exp, [x]), 1]),
      h: s.on(ops.add, [1, s.on(ops.exp, [x])]),
      plus: s.on(ops.divide, [x, s.g.constant(0)]),
      minus: s.on(ops.divide, [x, s.g.constant(-0)]),
    };
    const after = run(cse, s.returning(returned).graph());
    const same = (p: string, q: string): boolean => {
      const value = (name: string) => after.returns.find((entry) => entry.name === name)?.value;
      return value(p) === value(q);
    };
    expect([same('a', 'b'), same('g', 'h')]).toEqual([true, true]);
    expect([same('c', 'd'), same('e', 'f'), same('plus', 'minus')]).toEqual([false, false, false]);
  });

  it('joins random numbers of one stream and keeps those of others', () => {
    const s = new Sketch();
    const u32 = { dtype: 'u32', shape: [] } as const;
    const [seed, step] = [s.input('$seed', u32), s.input('$step', u32)];
    const random = (stream: string): Node =>
      s.on(ops.randomUniform, [seed, step], { stream, shape: [3], batch: false });
    const after = run(cse, s.returning({ a: random('a'), b: random('a'), c: random('b') }).graph());
    expect(after.nodes).toHaveLength(2);
  });
});

describe('work', () => {
  /** A chain of `length` ops whose every look at the op is counted. */
  const looksAt = (length: number, work: (graph: Graph) => void): number => {
    let looks = 0;
    const counted = new Proxy(ops.exp, {
      get: (op, key) => {
        looks++;
        return Reflect.get(op, key) as unknown;
      },
    });
    const s = new Sketch();
    let x: Value = s.input('x', f32('N'));
    const common = { kind: 'node', op: counted, attributes: {}, type: x.type, location: undefined } as const;
    for (let i = 0; i < length; i++) x = s.g.append({ ...common, operands: [x] });
    const { parameters, g } = s;
    const returns = [{ name: 'x', value: x }];
    work({ name: 'chain', parameters, nodes: g.nodes, returns, updates: [] });
    return looks;
  };

  it.each(pipeline)('$name looks at twice as many nodes about twice as often', (pass) => {
    const looks = (length: number): number => looksAt(length, (graph) => pass.run(graph, typescript));
    expect(looks(4000)).toBeLessThanOrEqual(2.1 * looks(2000));
  });

  it('so does the whole pipeline, with its verification', () => {
    const looks = (length: number): number => looksAt(length, (graph) => runPipeline(graph, typescript));
    expect(looks(2000)).toBeGreaterThan(2000);
    expect(looks(4000)).toBeLessThanOrEqual(2.1 * looks(2000));
  });
});

describe('dce', () => {
  it('keeps what results and updates need and all parameters', () => {
    const s = new Sketch();
    const [x, w] = [s.input('x', f32('N')), s.param('w', f32())];
    s.on(ops.log, [x]);
    const kept = s.on(ops.exp, [x]);
    const graph = s
      .returning({ y: s.on(ops.sqrt, [kept]) })
      .updating({ w: s.on(ops.square, [w]) })
      .graph();
    const after = run(dce, graph);
    expect(opNames(after)).toEqual(['exp', 'sqrt', 'square']);
    expect(after.parameters).toEqual(graph.parameters);
  });
});

describe('every pass', () => {
  it('keeps what a graph computes, and changes nothing the second time', () => {
    fc.assert(
      fc.property(drawn, fc.nat({ max: 3 }), (graph, which) => {
        const pass = [cse, dce, foldConstants, pipeline.find(({ name }) => name === 'simplify')].filter(
          (p) => p !== undefined,
        )[which];
        if (pass === undefined) throw new Error('four passes');
        const numbers = numbersFor(graph, 2);
        const once = run(dce, run(pass, graph));
        expect(difference(results(graph, numbers, 2), results(once, numbers, 2))).toBeLessThan(1e-6);
        expect(printGraph(run(dce, run(pass, once)))).toBe(printGraph(once));
        expect(once.nodes.length).toBeLessThanOrEqual(graph.nodes.length);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps what a graph computes when all run one after the other', () => {
    fc.assert(
      fc.property(drawn, (graph) => {
        const numbers = numbersFor(graph, 2);
        const after = runPipeline(graph, typescript);
        expect(difference(results(graph, numbers, 2), results(after, numbers, 2))).toBeLessThan(1e-5);
      }),
    );
  });
});

describe('fold_constants', () => {
  const fixed = calls.filter(
    ({ op, operands, attributes }) =>
      (op.lower !== 'none' || hasTrait(op, 'view')) &&
      operands.every(({ shape }) => !shape.includes('N')) &&
      attributes['batch'] !== true,
  );
  it.each(fixed)('$title has the value that the evaluator finds', ({ op, operands, attributes }) => {
    for (const filled of [false, true]) {
      const s = new Sketch();
      const random = generator(5);
      const constants = operands.map((operand): Value => {
        const { dtype, data } = draw(operand, 1, random);
        const values = data.map(dtype === 'f32' ? Math.fround : Number);
        return {
          kind: 'constant',
          type: { dtype, shape: operand.shape },
          data: filled ? values.slice(0, 1) : values,
        };
      });
      const before = s.returning({ y: s.on(op, constants, attributes) }).graph();
      const after = run(foldConstants, before);
      expect(opNames(after)).toEqual([]);
      expect(difference(results(before, {}, 1), results(after, {}, 1))).toBeLessThan(1e-5);
    }
  });

  it('folds one value for any shape, even with a batch, and leaves large literals and what is not finite', () => {
    const s = new Sketch();
    const wide = s.g.filled(2, f32('N', 100, 100));
    const large: Value = {
      kind: 'constant',
      type: f32(5000),
      data: Array.from({ length: 5000 }, (_, i) => i),
    };
    const graph = s
      .returning({
        square: s.on(ops.square, [wide]),
        spread: s.on(ops.broadcastTo, [s.g.constant(3)], { shape: [7], batch: true }),
        view: s.on(ops.reshape, [wide], { shape: [-1] }),
        large: s.on(ops.exp, [large]),
        infinite: s.on(ops.divide, [s.g.constant(1), s.g.constant(0)]),
        sum: s.on(ops.sum, [wide]),
      })
      .graph();
    const after = run(foldConstants, graph);
    expect(opNames(after)).toEqual(['exp', 'divide', 'sum']);
    const value = (name: string) => after.returns.find((entry) => entry.name === name)?.value;
    expect(value('square')).toMatchObject({ type: f32('N', 100, 100), data: [4] });
    expect(value('spread')).toMatchObject({ type: f32('N', 7), data: [3] });
    expect(value('view')).toMatchObject({ type: f32('N', 10_000), data: [2] });
  });
});
