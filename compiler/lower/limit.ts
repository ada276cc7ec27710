/** Divides groups that read and write more buffers than a kernel of the target may have. */
import { invariant } from '../base/invariant.ts';
import type { Node, Value } from '../graph/ir.ts';
import { hasTrait } from '../graph/op.ts';
import { reachable } from '../graph/reachable.ts';
import type { Group } from './group.ts';
import { groupOf } from './group.ts';
import { joinParts } from './rows.ts';
import type { Uses } from './uses.ts';

/** The groups, each with at most so many inputs and outputs, in an order in which they can be launched. */
export function limitOperands(groups: readonly Group[], uses: Uses, most: number): readonly Group[] {
  const fits = ({ kind, inputs, outputs }: Group): boolean =>
    kind === 'concatenation' || inputs.length + outputs.length <= most;
  return groups.flatMap((group) => {
    if (fits(group)) return [group];
    return group.parts === undefined
      ? dividedNodes(group, uses, fits)
      : dividedParts(group.parts, uses, fits).flatMap((part) => limitOperands([part], uses, most));
  });
}

type Fits = (group: Group) => boolean;

/** As many nodes as fit, then as many of the rest. What a reduction computes while it reads stays with it. */
function dividedNodes({ nodes, root, commit }: Group, uses: Uses, fits: Fits): readonly Group[] {
  const anchor = hasTrait(root.op, 'elementwise') ? undefined : root;
  const pieces: Group[] = [];
  for (let rest = unitsOf(nodes, anchor); rest.length > 0;) {
    let count = rest.length;
    const piece = (): Group => {
      const some = rest.slice(0, count).flat();
      return groupOf({ nodes: some.sort((a, b) => uses.order(a) - uses.order(b)), anchor, commit }, uses);
    };
    while (count > 1 && !fits(piece())) count--;
    invariant(fits(piece()), `${rest[0]?.at(-1)?.op.name ?? ''} has more operands than a kernel may have`);
    pieces.push(piece());
    rest = rest.slice(count);
  }
  return pieces;
}

/** Nodes that stay together, in an order in which they can be computed. */
function unitsOf(nodes: readonly Node[], anchor: Node | undefined): readonly (readonly Node[])[] {
  if (anchor === undefined) return nodes.map((node) => [node]);
  const members = new Set<Value>(nodes);
  const needed = reachable([anchor], undefined, (operand) => members.has(operand));
  const reduced = nodes.filter((node) => needed.has(node));
  // Nothing else reads what is computed for a reduction.
  return nodes.flatMap((node) => (node === anchor ? [reduced] : needed.has(node) ? [] : [[node]]));
}

/** As many parts as fit, then as many of the rest; rows begin with a reduction of them. */
function dividedParts(parts: readonly Group[], uses: Uses, fits: Fits): readonly Group[] {
  const pieces: Group[] = [];
  for (let rest = parts; rest.length > 0;) {
    let count = 1;
    if (!hasTrait(rest[0]!.root.op, 'elementwise'))
      for (let more = 2; more <= rest.length; more++)
        if (fits(joinParts(rest.slice(0, more), uses))) count = more;
    pieces.push(joinParts(rest.slice(0, count), uses));
    rest = rest.slice(count);
  }
  return pieces;
}
