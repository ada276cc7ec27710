/** What does not change from call to call as long as the weights stay. */
import type { Graph, Value } from '../graph/ir.ts';
import { hasTrait } from '../graph/op.ts';

/**
 * Parameters that are no inputs, constants, and the nodes that depend on nothing else. Nodes with a batch are not among
 * them: their size is only known at the call.
 */
export function fixedValues(graph: Graph): { readonly has: (value: Value) => boolean } {
  const nodes = new Set<Value>();
  const has = (value: Value): boolean =>
    value.kind === 'node' ? nodes.has(value) : value.kind === 'constant' || value.role !== 'input';
  for (const node of graph.nodes)
    if (node.operands.every(has) && !node.type.shape.includes('N') && !hasTrait(node.op, 'pseudo'))
      nodes.add(node);
  return { has };
}
