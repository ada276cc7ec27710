/** Small graphs for the tests of passes, and what they compute according to the independent evaluator. */
import type { TensorType } from '../../compiler/base/types.ts';
import { elementCount } from '../../compiler/base/types.ts';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type {
  Attributes,
  Graph,
  NamedValue,
  Node,
  Parameter,
  Update,
  Value,
} from '../../compiler/graph/ir.ts';
import type { Op } from '../../compiler/graph/op.ts';
import { verifyGraph } from '../../compiler/graph/verify.ts';
import { typescript } from '../../compiler/program/target.ts';
import type { Pass } from '../../compiler/passes/pass.ts';
import type { Tensor } from '../support/evaluate.ts';
import { evaluate, tensorOf } from '../support/evaluate.ts';
import { generator } from '../support/samples.ts';

export const f32 = (...shape: TensorType['shape']): TensorType => ({ dtype: 'f32', shape });

/** Declares parameters and emits nodes with little ceremony. */
export class Sketch {
  readonly g = new GraphBuilder();
  readonly parameters: Parameter[] = [];
  readonly returns: NamedValue[] = [];
  readonly updates: Update[] = [];

  #declare(role: Parameter['role'], name: string, type: TensorType): Parameter {
    const parameter: Parameter = { kind: 'parameter', role, name, type };
    this.parameters.push(parameter);
    return parameter;
  }
  input = (name: string, type: TensorType): Parameter => this.#declare('input', name, type);
  param = (name: string, type: TensorType): Parameter => this.#declare('param', name, type);
  state = (name: string, type: TensorType): Parameter => this.#declare('state', name, type);

  /** Numbers are f32 scalars; trailing attributes are an object that is no value. */
  on(op: Op, operands: readonly (Value | number)[], attributes: Attributes = {}): Node {
    const values = operands.map((value) => (typeof value === 'number' ? this.g.constant(value) : value));
    return this.g.node(op, values, attributes);
  }

  returning(named: Readonly<Record<string, Value>>): this {
    for (const [name, value] of Object.entries(named)) this.returns.push({ name, value });
    return this;
  }
  updating(named: Readonly<Record<string, Value>>): this {
    for (const [target, value] of Object.entries(named)) this.updates.push({ target, value });
    return this;
  }

  graph(name = 'test'): Graph {
    const { parameters, returns, updates } = this;
    const graph: Graph = { name, parameters, nodes: [...this.g.nodes], returns, updates };
    verifyGraph(graph);
    return graph;
  }
}

export const run = (pass: Pass, graph: Graph): Graph => {
  const after = pass.run(graph, typescript);
  verifyGraph(after);
  return after;
};

export type Known = Readonly<Record<string, readonly number[]>>;

/** Numbers for every parameter by name: given ones, else drawn evenly from [low, high). */
export function numbersFor(
  graph: Graph,
  n: number,
  {
    seed = 1,
    low = -1,
    high = 1,
    given = {} as Known,
  }: { seed?: number; low?: number; high?: number; given?: Known } = {},
): Known {
  const random = generator(seed);
  return Object.fromEntries(
    graph.parameters.map(({ name, type }) => {
      const count = elementCount(type.shape, n);
      const whole = type.dtype !== 'f32';
      const draw = (): number => (whole ? Math.floor(random() * 2) : low + (high - low) * random());
      return [name, given[name] ?? Array.from({ length: count }, draw)];
    }),
  );
}

/** Every return and update by name, in f64. */
export function results(graph: Graph, numbers: Known, n: number): Record<string, Tensor> {
  const known = new Map<Value, Tensor>(
    graph.parameters.map((parameter) => [
      parameter,
      tensorOf(parameter.type, n, numbers[parameter.name] ?? []),
    ]),
  );
  // In order, so that the evaluator's recursion stays shallow.
  for (const node of graph.nodes)
    if (node.op.lower !== 'none' || node.operands.length > 0) evaluate(node, known, n);
  return Object.fromEntries([
    ...graph.returns.map(({ name, value }): [string, Tensor] => [name, evaluate(value, known, n)]),
    ...graph.updates.map(({ target, value }): [string, Tensor] => [
      `update ${target}`,
      evaluate(value, known, n),
    ]),
  ]);
}

/** The largest difference over all results, relative to 1 or the larger value. */
export function difference(a: Readonly<Record<string, Tensor>>, b: Readonly<Record<string, Tensor>>): number {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  let most = 0;
  for (const name of names) {
    const [x, y] = [a[name]?.data ?? [], b[name]?.data ?? []];
    if (x.length !== y.length) return Infinity;
    x.forEach((value, i) => {
      const other = y[i] as number;
      const gap = Object.is(value, other) ? 0 : Math.abs(value - other) / Math.max(1, Math.abs(value));
      most = Math.max(most, Number.isNaN(gap) ? Infinity : gap);
    });
  }
  return most;
}

export const opNames = (graph: Graph): string[] => graph.nodes.map(({ op }) => op.name);
