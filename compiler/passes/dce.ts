import type { Graph, Value } from '../graph/ir.ts';
import type { Pass } from './pass.ts';

export const dce: Pass = {
  name: 'dce',
  doc: 'Drops nodes that no result and no update needs. Parameters stay: they are the interface.',
  run: withoutDeadNodes,
};

export function withoutDeadNodes(graph: Graph): Graph {
  const needed = new Set<Value>([...graph.returns, ...graph.updates].map(({ value }) => value));
  for (const node of graph.nodes.toReversed())
    if (needed.has(node)) for (const operand of node.operands) needed.add(operand);
  const nodes = graph.nodes.filter((node) => needed.has(node));
  return nodes.length === graph.nodes.length ? graph : { ...graph, nodes };
}
