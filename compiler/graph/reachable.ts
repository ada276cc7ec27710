import type { Node, Value } from './ir.ts';

/** The roots and everything they are computed from. `through` can stop at a node, `wanted` at an operand. */
export function reachable(
  roots: readonly Value[],
  through: (node: Node) => boolean = () => true,
  wanted: (operand: Value) => boolean = () => true,
): ReadonlySet<Value> {
  const seen = new Set<Value>(roots);
  const stack = [...seen];
  for (let value = stack.pop(); value; value = stack.pop()) {
    if (value.kind !== 'node' || !through(value)) continue;
    for (const operand of value.operands) {
      if (seen.has(operand) || !wanted(operand)) continue;
      seen.add(operand);
      stack.push(operand);
    }
  }
  return seen;
}
