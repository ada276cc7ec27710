/** Contractions that threads do one after the other without waiting in between. */
import { expect, test } from 'vitest';
import type { Graph } from '../../compiler/graph/ir.ts';
import type { Group } from '../../compiler/lower/index.ts';
import * as ops from '../../compiler/ops/index.ts';
import type { RoutinePlan } from '../../compiler/plan/index.ts';
import { difference, f32, numbersFor, results, Sketch } from '../passes/support.ts';
import { execute, planOf } from './execute.ts';

/** The groups in launch order, each with the bytes that it reads and writes; `beside`: with the launch before. */
function launchesOf({ launches, layoutOf, storages, offsets, beside }: RoutinePlan<Group>) {
  const placeOf = (value: Group['inputs'][number]) => {
    const { storage } = layoutOf(value);
    const from = offsets[storage];
    return from === undefined ? [] : [{ from, to: from + storages[storage]!.bytes }];
  };
  return launches.flatMap((launch) => {
    if (launch.kind !== 'group') return [];
    const { group } = launch;
    const reads = group.inputs.flatMap(placeOf);
    return [{ group, beside: beside.has(group), reads, writes: group.outputs.flatMap(placeOf) }];
  });
}

type Places = ReturnType<typeof launchesOf>[number]['reads'];
const overlap = (a: Places, b: Places): boolean =>
  a.some((one) => b.some((other) => one.from < other.to && other.from < one.to));

/** Computes the same as the graph; what runs at once has memory of its own. Gives the order. */
function check(graph: Graph) {
  const numbers = numbersFor(graph, 3);
  expect(difference(results(graph, numbers, 3), execute(graph, 3, numbers, 3).results)).toBeLessThan(1e-5);
  const launches = launchesOf(planOf(graph, 3));
  launches.forEach(({ beside, reads, writes }, i) => {
    const before = launches[i - 1];
    if (!beside || !before) return;
    expect(overlap(writes, [...before.reads, ...before.writes])).toBe(false);
    expect(overlap(reads, before.writes)).toBe(false);
  });
  return launches;
}

/** Takes more memory than all else, and is done first. */
const large = (s: Sketch) =>
  s.on(ops.sum, [s.on(ops.exp, [s.input('large', f32('N', 1000))])], { axes: [1] });

test('what is read late goes first, and is not written over while it runs', () => {
  const s = new Sketch();
  const first = large(s);
  const x = s.on(ops.exp, [s.input('x', f32('N', 8))]);
  const dy = s.on(ops.square, [x]);
  const soon = s.on(ops.multiply, [s.on(ops.matmul, [dy, s.param('w', f32(8, 8))]), x]);
  const late = s.on(ops.matmulKernelGradient, [x, dy]);
  const next = s.on(ops.matmul, [soon, s.param('v', f32(8, 8))]);
  const launches = check(s.returning({ first, next, late }).graph());
  const names = new Map<unknown, string>(
    Object.entries({ soon, late, next }).map(([name, value]) => [value, name]),
  );
  expect(launches.map(({ group }) => names.get(group.outputs[0])).slice(-3)).toEqual([
    'late',
    'soon',
    'next',
  ]);
  expect(launches.map(({ beside }) => beside).slice(-3)).toEqual([false, true, false]);
});

test('what the first is the last to read is not written over by the second', () => {
  const s = new Sketch();
  const first = large(s);
  const [x, dy] = ['x', 'dy'].map((name) => s.on(ops.exp, [s.input(name, f32('N', 8))]));
  const late = s.on(ops.matmulKernelGradient, [x!, dy!]);
  const soon = s.on(ops.matmul, [dy!, s.param('w', f32(8, 8))]);
  const next = s.on(ops.matmul, [soon, s.param('v', f32(8, 8))]);
  const launches = check(s.returning({ first, next, late }).graph());
  expect(launches.filter(({ beside }) => beside).map(({ group }) => group.root)).toEqual([soon]);
});

test('each goes with one other at most', () => {
  const s = new Sketch();
  const first = large(s);
  const x = s.on(ops.exp, [s.input('x', f32('N', 8))]);
  const of = (name: string) => s.on(ops.matmul, [x, s.param(name, f32(8, 8))]);
  const [a, b, c, d] = [of('a'), of('b'), of('c'), of('d')];
  const sums = [d, c, b, a].map((value) => s.on(ops.sum, [value], { axes: [1] }));
  const returned = { first, ...Object.fromEntries(sums.map((sum, i) => [`y${i}`, sum])) };
  const contractions = check(s.returning(returned).graph()).filter(
    ({ group }) => group.root.op === ops.matmul,
  );
  expect(new Set(contractions.map(({ group }) => group.outputs[0]))).toEqual(new Set([a, b, c, d]));
  expect(contractions).toHaveLength(4);
  expect(contractions.map(({ beside }) => beside)).toEqual([false, true, false, true]);
});
