import { append } from '../base/multimap.ts';
import type { Graph, Node, Value } from '../graph/ir.ts';
import { reachable } from '../graph/reachable.ts';

/** Who uses what in a graph. */
export interface Uses {
  /** Nodes that a result or an update needs, in graph order. */
  readonly live: ReadonlySet<Node>;
  /** The live nodes that read `node`. */
  of(node: Node): readonly Node[];
  /** Returned or stored by an update. */
  escapes(node: Node): boolean;
  /** Needed by updates only. */
  commits(node: Node): boolean;
  /** Place in the graph. */
  order(node: Node): number;
}

export function usesOf(graph: Graph): Uses {
  const returned = graph.returns.map(({ value }) => value);
  const updated = graph.updates.map(({ value }) => value);
  const needed = reachable(returned);
  const wanted = reachable([...returned, ...updated]);
  const live = new Set(graph.nodes.filter((node) => wanted.has(node)));
  const escaping = new Set<Value>([...returned, ...updated]);
  const users = new Map<Value, Node[]>();
  const order = new Map<Node, number>();
  graph.nodes.forEach((node, i) => {
    order.set(node, i);
    if (!live.has(node)) return;
    for (const operand of new Set(node.operands)) append(users, operand, node);
  });
  return {
    live,
    of: (node) => users.get(node) ?? [],
    escapes: (node) => escaping.has(node),
    commits: (node) => !needed.has(node),
    order: (node) => order.get(node) ?? -1,
  };
}
