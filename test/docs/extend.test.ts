/** The op and the pass of the documentation, run as they stand there. */
import { expect, it } from 'vitest';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { Graph, Parameter, Value } from '../../compiler/graph/ir.ts';
import type { Op } from '../../compiler/graph/op.ts';
import { verifyGraph } from '../../compiler/graph/verify.ts';
import { negative, relu, reshape } from '../../compiler/ops/index.ts';
import type { Pass } from '../../compiler/passes/pass.ts';
import { typescript } from '../../compiler/program/target.ts';
import type { Tensor } from '../support/evaluate.ts';
import { evaluate, tensorOf } from '../support/evaluate.ts';
import { importBlock, typeErrors, writeBlock } from './blocks.ts';

const input = (name: string): Parameter => ({
  kind: 'parameter',
  role: 'input',
  name,
  type: { dtype: 'f32', shape: [4] },
});

it('docs/add-an-op.md: softsign and its gradient', async () => {
  const softsign = (await importBlock('docs/add-an-op.md'))['softsign'] as Op;
  const values = [-3, -0.5, 0.25, 2];
  const x = input('x');
  const dy = input('dy');
  const g = new GraphBuilder();
  const y = g.node(softsign, [x], {});
  if (softsign.gradient === 'none') throw new Error('it has a gradient');
  const [dx] = softsign.gradient(g, [x], {}, y, dy);
  const known = (): Map<Value, Tensor> =>
    new Map<Value, Tensor>([
      [x, tensorOf(x.type, 1, values)],
      [dy, tensorOf(dy.type, 1, [2])],
    ]);
  expect(evaluate(y, known(), 1).data).toEqual(values.map((value) => value / (1 + Math.abs(value))));
  expect(evaluate(dx as Value, known(), 1).data).toEqual(
    values.map((value) => 2 / (1 + Math.abs(value)) ** 2),
  );
});

it('docs/add-a-pass.md: drop-repeats looks through views, and keeps what is no repetition', async () => {
  const dropRepeats = (await importBlock('docs/add-a-pass.md'))['dropRepeats'] as Pass;
  const x = input('x');
  const g = new GraphBuilder();
  const first = g.emit(relu, { x });
  const repeated = g.emit(relu, { x: g.emit(reshape, { x: first }, { shape: [2, 2] }) });
  const needed = g.emit(relu, { x: g.emit(negative, { x: first }) });
  const graph: Graph = {
    name: 'infer',
    parameters: [x],
    nodes: g.nodes,
    returns: [
      { name: 'a', value: repeated },
      { name: 'b', value: needed },
    ],
    updates: [],
  };
  const after = dropRepeats.run(graph, typescript);
  verifyGraph(after);
  expect(after.nodes.map(({ op }) => op.name)).toEqual(['relu', 'reshape', 'negative', 'relu']);
  expect(after.returns[0]?.value).toBe(after.nodes[1]);
});

it('both are right under the types of the repository', () => {
  expect(typeErrors(['docs/add-an-op.md', 'docs/add-a-pass.md'].map(writeBlock))).toEqual([]);
});
