import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { Graph, Value } from '../../compiler/graph/ir.ts';
import { hasTrait } from '../../compiler/graph/op.ts';
import type { Group } from '../../compiler/lower/index.ts';
import { groupNodes } from '../../compiler/lower/index.ts';
import * as ops from '../../compiler/ops/index.ts';
import { typescript } from '../../compiler/program/target.ts';
import { parameter, randomGraph } from './random-graph.ts';
import { bytesOf, drawn, graphOf, runGroups } from './run.ts';

const limited = (graph: Graph, maxOperands: number): readonly Group[] =>
  groupNodes(graph, { ...typescript, maxOperands });

const operandsOf = ({ inputs, outputs }: Group): number => inputs.length + outputs.length;
const namesOf = (groups: readonly Group[]): string[] =>
  groups.map(({ nodes }) => nodes.map(({ op }) => op.name).join(' + '));

/** sum over the last axis of (p0 + p1 + … + p7) * (p0 + p1 + … + p7) */
function wide(count: number): { g: GraphBuilder; parameters: ReturnType<typeof parameter>[]; sum: Value } {
  const g = new GraphBuilder();
  const parameters = Array.from({ length: count }, (_, i) => parameter(`p${i}`, 'N', 5));
  const sum = parameters.slice(1).reduce<Value>((a, b) => g.emit(ops.add, { a, b }), parameters[0] as Value);
  return { g, parameters, sum };
}

describe('limitOperands', () => {
  it('keeps every group of a random graph within any limit, and its bits', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1000), { minLength: 20, maxLength: 60 }),
        fc.integer({ min: 3, max: 8 }),
        (choices, most) => {
          const { graph, parameters } = randomGraph(choices);
          const known = new Map(parameters.map((p, i) => [p as Value, drawn(p, 2, i)]));
          const groups = limited(graph, most);
          for (const group of groups) expect(operandsOf(group)).toBeLessThanOrEqual(most);
          const nodes = groups.flatMap((group) => group.nodes);
          expect(new Set(nodes).size).toBe(nodes.length);
          const expected = runGroups(limited(graph, Infinity), known, { n: 2 });
          const actual = runGroups(groups, known, { n: 2 });
          for (const { value } of graph.returns)
            expect(bytesOf(actual.get(value)!)).toBe(bytesOf(expected.get(value)!));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('divides a chain where it must, and nowhere else', () => {
    const { g, sum } = wide(10);
    const graph = graphOf(g.nodes, sum);
    expect(limited(graph, 11)).toHaveLength(1);
    expect(limited(graph, 10).map(operandsOf)).toEqual([10, 3]);
    expect(limited(graph, 6).map(operandsOf)).toEqual([6, 6, 3]);
  });

  it('has a reduction compute less while it reads rather than read too many buffers', () => {
    const { g, sum } = wide(8);
    const total = g.emit(ops.sum, { x: sum }, { axes: [-1] });
    expect(namesOf(limited(graphOf(g.nodes, total), 9))).toHaveLength(1);
    const divided = limited(graphOf(g.nodes, total), 8);
    expect(Math.max(...divided.map(operandsOf))).toBeLessThanOrEqual(8);
    expect(divided.at(-1)?.nodes.map(({ op }) => op.name)).toEqual(['sum']);
  });

  it('divides rows between their parts', () => {
    const g = new GraphBuilder();
    const x = parameter('x', 'N', 6);
    const max = g.emit(ops.max, { x }, { axes: [-1], keepdims: true });
    const e = g.emit(ops.exp, { x: g.emit(ops.subtract, { a: x, b: max }) });
    const total = g.emit(ops.sum, { x: e }, { axes: [-1], keepdims: true });
    const y = g.emit(ops.divide, { a: e, b: total });
    const z = g.emit(ops.multiply, { a: y, b: parameter('m', 'N', 6) });
    const graph = graphOf(g.nodes, y, z);
    const known = new Map<Value, ReturnType<typeof drawn>>(
      g.nodes
        .flatMap((node) => node.operands)
        .flatMap((p, i) => (p.kind === 'parameter' ? [[p, drawn(p, 2, i)] as const] : [])),
    );
    const whole = limited(graph, Infinity);
    expect(whole).toHaveLength(1);
    const expected = runGroups(whole, known, { n: 2 });
    for (const most of [3, 4]) {
      const groups = limited(graph, most);
      expect(groups.length).toBeGreaterThan(1);
      expect(Math.max(...groups.map(operandsOf))).toBeLessThanOrEqual(most);
      const actual = runGroups(groups, known, { n: 2 });
      for (const value of [y, z]) expect(bytesOf(actual.get(value)!)).toBe(bytesOf(expected.get(value)!));
    }
  });

  it('refuses an op that has more operands by itself', () => {
    const g = new GraphBuilder();
    const [condition, a] = [parameter('c', 'N'), parameter('a', 'N')];
    const flag = { ...condition, type: { dtype: 'bool', shape: ['N'] } } as const;
    const chosen = g.emit(ops.where, { condition: flag, a, b: parameter('b', 'N') });
    expect(hasTrait(chosen.op, 'elementwise')).toBe(true);
    expect(() => limited(graphOf(g.nodes, chosen), 3)).toThrow(/where has more operands/);
  });
});
