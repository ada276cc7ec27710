import { describe, expect, it } from 'vitest';
import type { Graph, Value } from '../../compiler/graph/ir.ts';
import * as ops from '../../compiler/ops/index.ts';
import { runPipeline } from '../../compiler/passes/index.ts';
import { typescript } from '../../compiler/program/target.ts';
import { difference, f32, numbersFor, results, Sketch } from '../passes/support.ts';
import type { Known } from '../passes/support.ts';
import { planRoutine } from '../../compiler/plan/index.ts';
import { groupNodes } from '../../compiler/lower/index.ts';
import { execute, planOf } from './execute.ts';

/** The planned routine computes what the graph says, at full and at smaller batches, and touches no weight before the commit. */
function check(graph: Graph, maxBatch = 3, given: Known = {}): void {
  for (const n of [maxBatch, 1]) {
    const numbers = numbersFor(graph, n, { given });
    const { results: got, beforeCommit } = execute(graph, maxBatch, numbers, n);
    expect(difference(results(graph, numbers, n), got)).toBeLessThan(1e-5);
    for (const [name, values] of Object.entries(beforeCommit))
      if (name in numbers && !name.startsWith('unset'))
        expect(values).toEqual((numbers[name] ?? []).map(Math.fround));
  }
}

const launchesOf = (graph: Graph) => {
  const plan = planOf(graph, 3);
  const kinds = (list: typeof plan.launches) =>
    list.map((launch) => (launch.kind === 'group' ? launch.group.root.op.name : launch.kind));
  return { plan, compute: kinds(plan.launches), commit: kinds(plan.commit) };
};

describe('planRoutine', () => {
  it('makes views of reshape, and writes elementwise results over what dies', () => {
    const s = new Sketch();
    const x = s.input('x', f32('N', 4, 4, 2));
    const pooled = s.on(ops.maxPool2d, [x], { pool_size: [2, 2], strides: [2, 2], padding: 'valid' });
    const flat = s.on(ops.reshape, [pooled], { shape: [8] });
    const y = s.on(ops.matmul, [flat, s.param('w', f32(8, 8))]);
    const back = s.on(ops.reshape, [y], { shape: [2, 2, 2] });
    const z = s.on(ops.relu, [s.on(ops.subtract, [pooled, back])]);
    const graph = s.returning({ z }).graph();
    const { plan } = launchesOf(graph);
    expect(plan.inPlace).toHaveLength(1);
    expect(plan.memory.planned).toBe(plan.memory.bound);
    check(graph);
  });

  it('writes members of a concatenation straight into it, also of nested ones', () => {
    const s = new Sketch();
    const x = s.input('x', f32('N', 3));
    const [a, b, c] = [
      s.on(ops.exp, [x]),
      s.on(ops.mean, [x], { axes: [-1], keepdims: true }),
      s.on(ops.square, [x]),
    ];
    const inner = s.on(ops.concatenate, [a, b]);
    const outer = s.on(ops.concatenate, [c, inner]);
    const graph = s
      .returning({ y: s.on(ops.max, [outer], { axes: [-1] }), z: s.on(ops.sum, [inner]) })
      .graph();
    const { compute, plan } = launchesOf(graph);
    expect(compute).not.toContain('copy');
    const strides = [a, b, c].map((value) => plan.layoutOf(value));
    expect(strides.map((layout) => [layout.strides, layout.offset])).toEqual([
      [[7, 1], 3],
      [[7, 1], 6],
      [[7, 1], 0],
    ]);
    expect(new Set(strides.map(({ storage }) => storage)).size).toBe(1);
    check(graph);
  });

  it('copies members that cannot lie in the concatenation', () => {
    const s = new Sketch();
    const x = s.input('x', f32('N', 3));
    const w = s.param('w', f32(2, 3));
    const twice = s.on(ops.exp, [x]);
    const both = s.on(ops.concatenate, [twice, x, twice]);
    const viewed = s.on(ops.square, [x]);
    const other = s.on(ops.concatenate, [viewed, both, s.g.filled(7, f32('N', 2))]);
    const fixed = s.on(ops.concatenate, [w, s.g.filled(5, f32(1, 3))], { axis: 0 });
    const graph = s
      .returning({
        a: s.on(ops.reshape, [viewed], { shape: [3, 1] }),
        b: s.on(ops.negative, [other]),
        c: fixed,
        d: other,
        e: s.on(ops.sum, [both]),
      })
      .graph();
    const { compute } = launchesOf(graph);
    expect(compute.filter((kind) => kind === 'copy')).toHaveLength(5);
    expect(compute.filter((kind) => kind === 'fill')).toHaveLength(2);
    check(graph);
  });

  it('reads members of a growing concatenation while it grows', () => {
    const s = new Sketch();
    let x: Value = s.input('x', f32('N', 2));
    for (let i = 0; i < 4; i++) {
      const w = s.param(`w${i}`, f32(2 + 2 * i, 2));
      x = s.on(ops.concatenate, [x, s.on(ops.tanh, [s.on(ops.matmul, [x, w])])]);
    }
    const graph = s.returning({ x }).graph();
    const { compute, plan } = launchesOf(graph);
    expect(compute.filter((kind) => kind === 'copy')).toHaveLength(1); // of the input
    expect(plan.memory.planned).toBe(plan.memory.bound);
    check(graph);
  });

  it('returns inputs, weights, constants and one value under two names', () => {
    const s = new Sketch();
    const x = s.input('x', f32('N', 3));
    const [w, v] = [s.param('w', f32(2)), s.param('v', f32(2))];
    const y = s.on(ops.exp, [x]);
    const literal = { kind: 'constant', type: f32(3), data: [1, 2, 3] } as const;
    s.returning({ x, w, v, y, again: y, ones: s.g.filled(1, f32('N', 2)), literal });
    s.returning({ more: s.on(ops.add, [x, literal]) });
    check(s.updating({ v: s.on(ops.square, [v]) }).graph());
  });
});

describe('the commit phase', () => {
  it('writes updates straight into their tensors where nothing reads the old value later', () => {
    const s = new Sketch();
    const x = s.input('x', f32('N', 3));
    const [w, m] = [s.param('w', f32(3)), s.state('m', f32(3))];
    const y = s.on(ops.multiply, [x, w]);
    const g = s.on(ops.sum, [s.on(ops.multiply, [y, x])], { axes: [0] });
    const moment = s.on(ops.add, [s.on(ops.multiply, [m, 0.9]), g]);
    const next = s.on(ops.subtract, [w, s.on(ops.multiply, [moment, 0.1])]);
    s.returning({ loss: s.on(ops.sum, [y], { axes: [-1] }), $finite: s.on(ops.allFinite, [g]) });
    const graph = s.updating({ m: moment, w: next }).graph();
    const { commit, plan } = launchesOf(graph);
    expect(commit).toHaveLength(1);
    expect(plan.finite).toBeDefined();
    expect(plan.results.map(({ name }) => name)).toEqual(['loss']);
    check(graph);
  });

  it('copies where a result needs the value, and where two tensors get it', () => {
    const s = new Sketch();
    const x = s.input('x', f32('N', 3));
    const names = ['a', 'b', 'c', 'd'] as const;
    const [a, , , d] = names.map((name) => s.state(name, f32(3)));
    const mean = s.on(ops.mean, [x], { axes: [0] });
    const other = s.on(ops.add, [a as Value, mean]);
    const viewed = s.on(
      ops.reshape,
      [s.on(ops.square, [s.on(ops.reshape, [d as Value], { shape: [3, 1] })])],
      {
        shape: [3],
      },
    );
    const graph = s.returning({ mean }).updating({ a: other, b: other, c: mean, d: viewed }).graph();
    const { commit } = launchesOf(graph);
    expect(commit).toEqual(['square', 'copy', 'copy', 'copy']);
    check(graph);
  });

  it('keeps old values that are exchanged, returned or read after their update', () => {
    const s = new Sketch();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => s.state(name, f32(4))) as [Value, Value, Value];
    const doubled = s.on(ops.add, [c, c]);
    const late = s.on(ops.sum, [s.on(ops.multiply, [c, s.on(ops.exp, [doubled])])]);
    s.state('t', f32());
    s.state('unread', f32(2));
    const graph = s
      .returning({ old: c })
      .updating({ a: b, b: a, c: doubled, t: late, unread: s.g.filled(3, f32(2)) })
      .graph();
    check(graph);
  });

  it('reads an old value at other places only before it is overwritten', () => {
    const s = new Sketch();
    const k = s.state('k', f32(3, 3));
    const turned = s.on(ops.transpose, [k], { permutation: [1, 0] });
    check(s.updating({ k: turned }).graph());
    const t = new Sketch();
    const j = t.state('j', f32(3, 3));
    check(t.updating({ j: t.on(ops.add, [j, t.on(ops.transpose, [j], { permutation: [1, 0] })]) }).graph());
  });
});

describe('a training step', () => {
  const graph = (): Graph => {
    const s = new Sketch();
    const x = s.input('x', f32('N', 6, 6, 1));
    const truth = s.input('truth', f32('N', 3));
    const params: Record<string, Value> = {
      k: s.param('k', f32(3, 3, 1, 2)),
      bias: s.param('bias', f32(2)),
      w: s.param('w', f32(8, 3)),
    };
    const conv = s.on(ops.conv2d, [x, params['k'] as Value], { strides: [1, 1], padding: 'valid' });
    const act = s.on(ops.relu, [s.on(ops.add, [conv, params['bias'] as Value])]);
    const pool = s.on(ops.maxPool2d, [act], { pool_size: [2, 2], strides: [2, 2], padding: 'valid' });
    const out = s.on(ops.matmul, [s.on(ops.reshape, [pool], { shape: [-1] }), params['w'] as Value]);
    const loss = s.on(ops.mean, [s.on(ops.square, [s.on(ops.subtract, [out, truth])])], { axes: [-1] });
    const objective = s.on(ops.mean, [loss]);
    let finite: Value = s.on(ops.allFinite, [loss]);
    for (const [name, param] of Object.entries(params)) {
      const g = s.on(ops.gradient, [objective, param]);
      finite = s.on(ops.logicalAnd, [finite, s.on(ops.allFinite, [g])]);
      const m = s.state(`m@${name}`, param.type);
      const v = s.state(`v@${name}`, param.type);
      const m1 = s.on(ops.add, [s.on(ops.multiply, [m, 0.9]), s.on(ops.multiply, [g, 0.1])]);
      const v1 = s.on(ops.add, [
        s.on(ops.multiply, [v, 0.99]),
        s.on(ops.multiply, [s.on(ops.square, [g]), 0.01]),
      ]);
      const step = s.on(ops.divide, [m1, s.on(ops.add, [s.on(ops.sqrt, [s.on(ops.abs, [v1])]), 1])]);
      s.updating({ [name]: s.on(ops.subtract, [param, step]), [`m@${name}`]: m1, [`v@${name}`]: v1 });
    }
    return runPipeline(s.returning({ loss, $finite: finite }).graph('step'), typescript);
  };

  it('computes the same in its plan as the graph does, with one launch per parameter in the commit phase', () => {
    const { commit, plan } = launchesOf(graph());
    expect(commit).toHaveLength(3);
    expect(plan.memory.planned).toBe(plan.memory.bound);
    expect(plan.memory.planned).toBeLessThan(plan.memory.naive);
    check(graph());
  });
});

describe('work', () => {
  it('grows with the number of groups, not with its square', () => {
    const looks = (length: number): number => {
      const s = new Sketch();
      let x: Value = s.input('x', f32('N', 4));
      for (let i = 0; i < length; i++) {
        const y = s.on(ops.matmul, [x, s.param(`w${i}`, f32(4, 4))]);
        x = i % 3 === 0 ? s.on(ops.add, [y, x]) : y;
      }
      const graph = s.returning({ x }).graph();
      let count = 0;
      const groups = groupNodes(graph, typescript).map(
        (group) =>
          new Proxy(group, {
            get: (target, key) => {
              count++;
              return Reflect.get(target, key) as unknown;
            },
          }),
      );
      const { memory } = planRoutine(graph, groups, { maxBatch: 2 });
      expect(memory.planned).toBe(memory.bound);
      return count;
    };
    expect(looks(1000)).toBeLessThanOrEqual(2.1 * looks(500));
  });
});
