import type { Graph } from '../graph/ir.ts';
import { reachable } from '../graph/reachable.ts';
import type { Pass } from './pass.ts';

export const dce: Pass = {
  name: 'dce',
  doc: 'Drops nodes that no result and no update needs. Parameters stay: they are the interface.',
  run: withoutDeadNodes,
};

export function withoutDeadNodes(graph: Graph): Graph {
  const needed = reachable([...graph.returns, ...graph.updates].map(({ value }) => value));
  const nodes = graph.nodes.filter((node) => needed.has(node));
  return nodes.length === graph.nodes.length ? graph : { ...graph, nodes };
}
