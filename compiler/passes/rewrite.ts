/** The one way passes change a graph: rebuild it in order, with a map from old values to new ones. */
import { InvariantError } from '../base/invariant.ts';
import { formatType, sameType } from '../base/types.ts';
import { GraphBuilder } from '../graph/builder.ts';
import type { Graph, Node, Value } from '../graph/ir.ts';

/**
 * `visit` gets each node with its operands already replaced, and returns the value that stands for it from now on: the
 * node itself appended with `g.append(node)`, or another value of the same type. Nodes it emits before lie before.
 * `original` is the node of the old graph.
 */
type Visit = (node: Node, g: GraphBuilder, original: Node) => Value;

/** The graph itself where every node stays. */
export function rebuild(graph: Graph, visit: Visit): Graph {
  const g = new GraphBuilder();
  const replaced = new Map<Value, Value>();
  const now = (value: Value): Value => replaced.get(value) ?? value;
  for (const original of graph.nodes) {
    const same = original.operands.every((operand) => !replaced.has(operand));
    const node = same ? original : { ...original, operands: original.operands.map(now) };
    g.location = original.location;
    const value = visit(node, g, original);
    if (value === original) continue;
    if (!sameType(value.type, original.type)) {
      const types = `${formatType(original.type)} became ${formatType(value.type)}`;
      throw new InvariantError(`${original.op.name}: ${types}`);
    }
    replaced.set(original, value);
  }
  if (replaced.size === 0 && g.nodes.length === graph.nodes.length) return graph;
  return {
    ...graph,
    nodes: g.nodes,
    returns: graph.returns.map(({ name, value }) => ({ name, value: now(value) })),
    updates: graph.updates.map(({ target, value }) => ({ target, value: now(value) })),
  };
}
