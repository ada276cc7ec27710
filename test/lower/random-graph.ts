import type { Extent } from '../../compiler/base/types.ts';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { Graph, Node, Parameter, Value } from '../../compiler/graph/ir.ts';
import { isMismatch } from '../../compiler/graph/op.ts';
import * as ops from '../../compiler/ops/index.ts';
import { graphOf } from './run.ts';

export const parameter = (name: string, ...shape: readonly Extent[]): Parameter => ({
  kind: 'parameter',
  role: 'input',
  name,
  type: { dtype: 'f32', shape },
});

/** A random graph over a few shapes: elementwise ops with broadcasting, reductions, convolutions, matrices. */
export function randomGraph(choices: readonly number[]): { graph: Graph; parameters: readonly Parameter[] } {
  const g = new GraphBuilder();
  const parameters = [parameter('x', 'N', 3, 4, 2), parameter('k', 2, 2, 2, 2), parameter('b', 2)];
  const values: Value[] = [...parameters];
  const nodes: Node[] = [];
  let at = 0;
  const next = (limit: number): number => (choices[at++ % choices.length] as number) % limit;
  const pick = (fits: (value: Value) => boolean): Value => {
    const fitting = values.filter(fits);
    return fitting[fitting.length - 1 - next(Math.min(fitting.length, 4))] as Value;
  };
  const broadcasts = (a: Value) => (b: Value) => !isMismatch(ops.add.infer([a.type, b.type], {}));
  const makers: readonly (() => Node)[] = [
    () => g.emit(ops.relu, { x: pick(() => true) }),
    () => g.emit(ops.square, { x: pick(() => true) }),
    () => {
      const a = pick(() => true);
      return g.emit(ops.add, { a, b: pick(broadcasts(a)) });
    },
    () => {
      const a = pick(() => true);
      return g.emit(ops.multiply, { a: pick(broadcasts(a)), b: a });
    },
    () => g.emit(ops.sum, { x: pick((v) => v.type.shape.length > 1) }, { axes: [-1], keepdims: true }),
    () => g.emit(ops.mean, { x: pick((v) => v.type.shape.length > 1) }, { keep: [-1] }),
    () => {
      const x = pick((v) => v.type.shape.length === 4 && v.type.shape[0] === 'N' && v.type.shape[3] === 2);
      return g.emit(ops.conv2d, { x, kernel: parameters[1] as Value }, { padding: 'same' });
    },
    () => g.emit(ops.tanh, { x: pick(() => true) }),
  ];
  const count = 3 + next(12);
  for (let i = 0; i < count; i++) {
    const node = (makers[next(makers.length)] as () => Node)();
    nodes.push(node);
    values.push(node);
  }
  const results = nodes.filter((_, i) => i === nodes.length - 1 || next(4) === 0);
  return { graph: graphOf(g.nodes, ...results), parameters };
}
