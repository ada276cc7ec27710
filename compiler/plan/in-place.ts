/** Which results of a group may be written over one of its inputs. */
import { append } from '../base/multimap.ts';
import { sameShape, sameType } from '../base/types.ts';
import type { Node, Value } from '../graph/ir.ts';
import { hasTrait } from '../graph/op.ts';
import type { LaunchGroup } from './types.ts';

export interface InPlacePair {
  readonly output: Value;
  readonly input: Value;
}

/**
 * Pairs of an output and an input of the same type such that the kernel reads the input only at the place it then writes.
 * That holds when every reader of the input in the group is elementwise, runs over the places of the output and stands
 * behind the root: what a reduction, window, gather or broadcast reads, directly or through the nodes before it, it reads
 * at other places too.
 */
export function inPlaceCandidates(group: LaunchGroup): readonly InPlacePair[] {
  // A part may write where a later one still reads.
  if (group.parts !== undefined) return [];
  const elsewhere = readElsewhere(group.nodes);
  const readers = new Map<Value, Node[]>();
  for (const node of group.nodes) for (const operand of node.operands) append(readers, operand, node);
  const candidates = group.inputs.filter((input) => input.kind !== 'constant' && !elsewhere.has(input));
  return group.outputs.flatMap((output) =>
    candidates
      .filter(
        (input) =>
          sameType(input.type, output.type) &&
          (readers.get(input) ?? []).every((node) => sameShape(node.type.shape, output.type.shape)),
      )
      .map((input) => ({ output, input })),
  );
}

/** Values that some node of the group reads at places other than its own. */
function readElsewhere(nodes: readonly Node[]): ReadonlySet<Value> {
  const elsewhere = new Set<Value>();
  for (const node of nodes.toReversed()) {
    const everywhere = elsewhere.has(node) || !hasTrait(node.op, 'elementwise');
    for (const operand of node.operands)
      if (everywhere || !sameShape(operand.type.shape, node.type.shape)) elsewhere.add(operand);
  }
  return elsewhere;
}
