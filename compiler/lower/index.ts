/** From groups of nodes to kernels. */
import type { Trait } from '../base/trait.ts';
import { invariant } from '../base/invariant.ts';
import { sameShape } from '../base/types.ts';
import type { Node, Value } from '../graph/ir.ts';
import { loadsOf } from '../loop/accesses.ts';
import { sameAffine } from '../loop/affine.ts';
import type { Buffer, For, Kernel, Load, Stmt } from '../loop/ir.ts';
import { flatMapStmts } from '../loop/rewrite.ts';
import { inlineLets } from '../loop/transform/inline.ts';
import { lockstepProblem } from '../loop/transform/vectorize.ts';
import type { FusedDefinition, LayoutOf } from './fuse.ts';
import { fuse, fuseLoops } from './fuse.ts';
import type { Group } from './group.ts';
import { inputsOf } from './group.ts';
import { nestOf } from './nest.ts';
import { rowNest } from './row-kernel.ts';
import { structureOf } from './structure.ts';

export type { Group } from './group.ts';
export { groupNodes, isLiteral } from './group.ts';
export type { Layout, LayoutOf } from './fuse.ts';

interface LoweredGroup {
  readonly kernel: Kernel;
  /** The values behind `kernel.inputs`. */
  readonly inputs: readonly Value[];
  /** The values behind `kernel.outputs`. */
  readonly outputs: readonly Node[];
  /** An output that may share memory with an input: it is read only at the element that the same iteration writes. */
  readonly inPlace: readonly { readonly output: Node; readonly input: Value }[];
}

/**
 * The kernel of a group, before any schedule. Its reduction order, and with it every bit of the result, is final. `lanes`: of
 * the target's vectors, for ops that write their own loops.
 */
export function lowerGroup(group: Group, layoutOf: LayoutOf, lanes = 4): LoweredGroup {
  invariant(group.kind === 'kernel', `${group.root.op.name} has no kernel`);
  if (group.root.op.loops !== undefined) return lowerLoops(group, layoutOf, lanes);
  if (group.parts !== undefined) return lowerRows(group, group.parts, layoutOf);
  const fused = fuse(group, layoutOf);
  const kernel = nestOf(fused, nameOf(group), kindOf(group.root));
  return {
    kernel,
    inputs: fused.inputs.map(({ value }) => value),
    outputs: fused.outputs.map(({ value }) => value),
    inPlace: inPlacePairs(kernel, fused),
  };
}

function lowerRows(group: Group, parts: readonly Group[], layoutOf: LayoutOf): LoweredGroup {
  const nest = rowNest(group, parts, layoutOf);
  return {
    kernel: inlineLets({ name: nameOf(group), kind: kindOf(group.root), ...nest }),
    inputs: group.inputs,
    outputs: group.outputs,
    // A part may write where a later one still reads.
    inPlace: [],
  };
}

/** The kernel around an op that writes its own loops. Lanes that what was fused cannot keep to run one after the other. */
function lowerLoops(group: Group, layoutOf: LayoutOf, lanes: number): LoweredGroup {
  const { inputs, outputs, body, elsewhere } = fuseLoops(group, layoutOf, lanes);
  return {
    kernel: inlineLets({
      name: nameOf(group),
      kind: kindOf(group.root),
      built: true,
      inputs: inputs.map(({ buffer }) => buffer),
      outputs: outputs.map(({ buffer }) => buffer),
      body: flatMapStmts(body, (stmt) => [isRefused(stmt) ? { ...stmt, mode: 'serial' } : stmt]),
    }),
    inputs: inputs.map(({ value }) => value),
    outputs: outputs.map(({ value }) => value),
    inPlace: sharingPairs(inputs, outputs, elsewhere),
  };
}

const isRefused = (stmt: Stmt): stmt is For =>
  stmt.kind === 'for' && stmt.mode === 'vectorize' && lockstepProblem(stmt) !== undefined;

/**
 * `lowerGroup` that lowers groups of one structure once: they get the same kernel object. Deep models repeat their layers.
 */
export function lowering(lanes: number): (group: Group, layoutOf: LayoutOf) => LoweredGroup {
  const known = new Map<string, LoweredGroup>();
  const lower = (group: Group, layoutOf: LayoutOf): LoweredGroup => {
    const structure = structureOf(group, layoutOf);
    const found = known.get(structure);
    if (found !== undefined) return rebound(found, group);
    const lowered = lowerGroup(group, layoutOf, lanes);
    known.set(structure, lowered);
    return lowered;
  };
  // The plan asks for a group, its check and the launch do again.
  const asked = new Map<Group, { readonly layoutOf: LayoutOf; readonly lowered: LoweredGroup }>();
  return (group, layoutOf) => {
    const before = asked.get(group);
    if (before?.layoutOf === layoutOf) return before.lowered;
    const lowered = lower(group, layoutOf);
    asked.set(group, { layoutOf, lowered });
    return lowered;
  };
}

/** The kernel of another group of the same structure, bound to the values of this one. */
function rebound({ kernel, inputs, outputs, inPlace }: LoweredGroup, group: Group): LoweredGroup {
  const values = inputsOf(group);
  return {
    kernel,
    inputs: values,
    outputs: group.outputs,
    inPlace: inPlace.map((pair) => ({
      output: group.outputs[outputs.indexOf(pair.output)]!,
      input: values[inputs.indexOf(pair.input)]!,
    })),
  };
}

const kinds: readonly Trait[] = ['contraction', 'window', 'reduction', 'gather', 'elementwise'];

function kindOf({ op }: Node): Trait {
  const kind = kinds.find((trait) => op.traits.includes(trait));
  invariant(kind !== undefined, `${op.name} has no trait that a kernel can have`);
  return kind;
}

const longestName = 4;

/** `conv2d_add_relu`; repetitions once, at most four names, the root's always among them. */
function nameOf({ nodes, root }: Group): string {
  const names = nodes.map(({ op }) => op.name).filter((name, i, all) => name !== all[i - 1]);
  const unique = [...new Set(names)];
  const first = unique.slice(0, longestName);
  const kept = first.includes(root.op.name) ? first : [...first.slice(0, longestName - 1), root.op.name];
  return kept.join('_');
}

function inPlacePairs(kernel: Kernel, { inputs, outputs, index }: FusedDefinition): LoweredGroup['inPlace'] {
  const isInPlace = (load: Load): boolean =>
    load.index.every(
      (place, i) => !('clamped' in place) && index[i] !== undefined && sameAffine(place, index[i]),
    );
  const elsewhere = loadsOf(kernel.body).filter((load) => !isInPlace(load));
  return sharingPairs(inputs, outputs, new Set(elsewhere.map(({ buffer }) => buffer)));
}

function sharingPairs(
  inputs: FusedDefinition['inputs'],
  outputs: readonly { readonly value: Node; readonly buffer: Buffer }[],
  elsewhere: ReadonlySet<Buffer>,
): LoweredGroup['inPlace'] {
  return outputs.flatMap((output) =>
    inputs
      .filter(({ buffer }) => !elsewhere.has(buffer) && sameMemory(buffer, output.buffer))
      .map((input) => ({ output: output.value, input: input.value })),
  );
}

function sameMemory(a: Buffer, b: Buffer): boolean {
  return (
    a.dtype === b.dtype &&
    a.stored === b.stored &&
    a.offset === b.offset &&
    sameShape(a.shape, b.shape) &&
    a.strides.every((stride, i) => stride === b.strides[i])
  );
}
