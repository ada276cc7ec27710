import { invariant } from '../base/invariant.ts';
import { append } from '../base/multimap.ts';
import { sameType } from '../base/types.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import type { Graph, Node, Value } from '../graph/ir.ts';
import { add, gradient } from '../ops/index.ts';
import { withoutDeadNodes } from './dce.ts';
import type { Pass } from './pass.ts';
import { rebuild } from './rewrite.ts';

/**
 * Reverse mode: from the objective back, each node hands the gradients of its operands on, and a value that is used several
 * times adds up what it gets. All gradients of one objective come from one sweep.
 */
export const differentiate: Pass = {
  name: 'differentiate',
  doc: 'Replaces gradient(of, with_respect_to) by the nodes that compute it, in one reverse sweep per objective.',
  required: true,
  run: (graph) => {
    const wanted = objectives(graph);
    if (wanted.size === 0) return graph;
    const sweeps = new Map<Value, ReadonlyMap<Value, Value>>();
    const now = new Map<Value, Value>();
    const expanded = rebuild(graph, (node, g, original) => {
      if (node.op !== gradient) {
        const value = g.append(node);
        now.set(original, value);
        return value;
      }
      const [of, target] = node.operands;
      invariant(of !== undefined && target !== undefined, 'gradient has two operands');
      let gradients = sweeps.get(of);
      if (gradients === undefined) {
        const targets = wanted.get(original.operands[0]!) ?? [];
        gradients = sweep(g, of, new Set(targets.map((value) => now.get(value) ?? value)));
        sweeps.set(of, gradients);
      }
      const value = gradients.get(target) ?? g.filled(0, target.type);
      now.set(original, value);
      return value;
    });
    return withoutDeadNodes(expanded);
  },
};

/** By objective: what it is differentiated by. */
function objectives(graph: Graph): ReadonlyMap<Value, readonly Value[]> {
  const wanted = new Map<Value, Value[]>();
  for (const { op, operands } of graph.nodes) {
    const [of, target] = operands;
    if (op === gradient && of !== undefined && target !== undefined) append(wanted, of, target);
  }
  return wanted;
}

/** The gradient of `of` by every value on the way from `targets` to it, as far as it is not zero. */
function sweep(g: GraphBuilder, of: Value, targets: ReadonlySet<Value>): ReadonlyMap<Value, Value> {
  const forward = [...g.nodes];
  const active = dependents(forward, targets);
  const gradients = new Map<Value, Value>();
  if (!active.has(of)) return gradients;
  gradients.set(of, g.filled(1, of.type));
  const outside = g.location;
  for (const node of forward.reverse()) {
    const dy = gradients.get(node);
    if (dy === undefined || !node.operands.some((operand) => active.has(operand))) continue;
    invariant(node.op.gradient !== 'none', `${node.op.name} cannot be differentiated`);
    g.location = node.location;
    const parts = node.op.gradient(g, node.operands, node.attributes, node, dy);
    node.operands.forEach((operand, i) => {
      const part = parts[i];
      if (part === undefined || !active.has(operand)) return;
      invariant(
        sameType(part.type, operand.type),
        `${node.op.name}: the gradient of operand ${i} has another type than the operand`,
      );
      const before = gradients.get(operand);
      gradients.set(operand, before === undefined ? part : g.emit(add, { a: before, b: part }));
    });
  }
  g.location = outside;
  return gradients;
}

/** The targets and every real-valued node that depends on them: integers and booleans have no gradient. */
function dependents(nodes: readonly Node[], targets: ReadonlySet<Value>): ReadonlySet<Value> {
  const active = new Set<Value>([...targets].filter(({ type }) => type.dtype === 'f32'));
  for (const node of nodes)
    if (node.type.dtype === 'f32' && node.operands.some((operand) => active.has(operand))) active.add(node);
  return active;
}
