/**
 * Row-wise groups: a reduction over the last axis, what is computed of its result for each element or row, further
 * reductions of that … become one kernel, which runs through the rows once. So softmax is one kernel, not four.
 *
 * Where threads that go through one row share memory, that is also done with reductions to the last axis: the mean and the
 * variance of a channel, or the sums that its gradients need.
 *
 * A group of them keeps its parts: each was a group of its own, is lowered as one, and does in each row what it would have
 * done alone, so no bit changes. A number per row stays in a register; what a later part reads of every element is stored.
 */
import type { Extent } from '../base/types.ts';
import { sameShape } from '../base/types.ts';
import type { Node, Value } from '../graph/ir.ts';
import { hasTrait } from '../graph/op.ts';
import type { TargetInfo } from '../program/target.ts';
import { DefinitionBuilder, denseBuffer, readerOf } from '../loop/builder.ts';
import { visitExpr } from '../loop/rewrite.ts';
import type { Group } from './group.ts';
import { inputsOf } from './group.ts';
import type { Uses } from './uses.ts';

/**
 * What a group reduces and what has one number per row. `last`: `[...rows, length]` to `[...rows, 1]` or `[...rows]`.
 * `others`: `[..., rows]` to `[1, ..., rows]` or `[rows]`; there is only room for numbers per row in such a group.
 */
interface Rows {
  readonly reduced: 'last' | 'others';
  readonly whole: readonly Extent[];
  readonly kept: readonly Extent[];
  readonly dropped: readonly Extent[];
}

interface Draft {
  readonly parts: Group[];
  /** Of drafts that begin with a reduction of rows. */
  readonly rows: Rows | undefined;
  position: number;
  /** Other drafts that read this one. */
  readonly readers: Set<Draft>;
}

/** The groups in launch order, with those that go through the same rows put together. */
export function joinRows(
  groups: readonly Group[],
  uses: Uses,
  { joinsChannels, maxOperands }: Pick<TargetInfo, 'joinsChannels' | 'maxOperands'>,
): readonly Group[] {
  const all = groups.map((group) => {
    const rows = reducedRows(group, 'last') ?? (joinsChannels ? reducedRows(group, 'others') : undefined);
    return { group, rows };
  });
  if (all.every(({ rows }) => rows === undefined)) return groups;
  const makers = new Map<Value, Draft>();
  const drafts = new Set<Draft>();
  all.forEach(({ group, rows }, position) => {
    const sources = new Set(group.inputs.flatMap((input) => makers.get(ownerOf(input)) ?? []));
    const peers = rows?.reduced === 'others' ? [...drafts].filter((draft) => readsTheSame(draft, group)) : [];
    const host = [...new Set([...sources, ...peers])]
      .sort((a, b) => b.position - a.position)
      .find((draft) => {
        if (!accepts(draft, group, rows, makers)) return false;
        if (rows?.reduced === 'others' || draft.rows?.reduced === 'others') {
          const { inputs, outputs } = joinParts([...draft.parts, group], uses);
          if (inputs.length + outputs.length > maxOperands) return false;
        }
        return makeRoom(draft, sources, position);
      });
    const draft = host ?? { parts: [], rows, position, readers: new Set() };
    draft.parts.push(group);
    drafts.add(draft);
    for (const node of group.nodes) makers.set(node, draft);
    for (const source of sources) if (source !== draft) source.readers.add(draft);
  });
  return [...drafts].sort((a, b) => a.position - b.position).map(({ parts }) => joinParts(parts, uses));
}

/** What lies behind views. */
function ownerOf(value: Value): Value {
  let owner = value;
  while (owner.kind === 'node' && hasTrait(owner.op, 'view')) owner = owner.operands[0]!;
  return owner;
}

/** Whether a group reduces a tensor that the draft reduces, too. */
const readsTheSame = ({ parts }: Draft, { inputs }: Group): boolean => {
  const whole = parts[0]?.root.operands[0]?.type.shape ?? [];
  const shared = inputs.filter(({ type }) => sameShape(type.shape, whole));
  return parts.some((part) => shared.some((input) => part.inputs.includes(input)));
};

/** The rows that a group reduces: its reduction is over the last axis, or all but that, of all it reads, and nothing else. */
function reducedRows({ root, kind }: Group, reduced: Rows['reduced']): Rows | undefined {
  const whole = root.operands[0]?.type.shape ?? [];
  const last = whole.length - 1;
  const isReduced = (axis: number): boolean => (axis === last) === (reduced === 'last');
  const dropped = whole.filter((_, axis) => !isReduced(axis));
  const kept = whole.map((extent, axis) => (isReduced(axis) ? 1 : extent));
  if (kind !== 'kernel' || !hasTrait(root.op, 'reduction') || root.op.lower === 'none') return undefined;
  if (reduced === 'last' ? typeof whole[last] !== 'number' || whole[last] === 1 : last < 1) return undefined;
  if (dropped.every((extent) => extent === 1)) return undefined;
  if (!sameShape(root.type.shape, kept) && !sameShape(root.type.shape, dropped)) return undefined;
  if (!root.operands.every(({ type }) => sameShape(type.shape, whole))) return undefined;
  const placeholders = root.operands.map(({ type }, i) => denseBuffer(`x${i}`, type.dtype, type.shape));
  const { axes, index, reduce } = root.op.lower(
    new DefinitionBuilder(),
    placeholders.map(readerOf),
    root.attributes,
    root.type,
  );
  if (!reduce || reduce.more || index || reduce.where.length > 0) return undefined;
  const inner = [...reduce.axes];
  const outer = axes.length === whole.length ? axes.filter((_, axis) => !isReduced(axis)) : [...axes];
  const expected = whole.map((_, axis) => (isReduced(axis) ? inner : outer).shift());
  const all = inner.length === 0 && expected.every((axis, i) => axis?.extent === whole[i]);
  if (!all) return undefined;
  let fits = true;
  visitExpr(reduce.body, (e) => {
    if (e.kind !== 'load') return;
    fits &&= e.index.every((place, i) => {
      if ('clamped' in place || place.constant !== 0) return false;
      const [term, other] = place.terms;
      return term === undefined ? whole[i] === 1 : !other && term.axis === expected[i] && term.factor === 1;
    });
  });
  return fits ? { reduced, whole, kept, dropped } : undefined;
}

/** Whether a group goes through the rows of a draft and reads there what the draft makes. */
function accepts(
  draft: Draft,
  group: Group,
  own: Rows | undefined,
  makers: ReadonlyMap<Value, Draft>,
): boolean {
  const { rows, parts } = draft;
  const { root, kind, commit, nodes } = group;
  if (rows === undefined || kind !== 'kernel' || parts[0]?.commit !== commit) return false;
  if (own !== undefined ? !sameRows(own, rows) : !hasTrait(root.op, 'elementwise')) return false;
  if (rows.reduced === 'others' && own === undefined && sameShape(root.type.shape, rows.whole)) return false;
  return nodes.every((node) =>
    node.operands.every((operand) => {
      if (makers.get(ownerOf(operand)) !== draft) return true;
      return operand === ownerOf(operand) && readsItsRow(node, operand, rows);
    }),
  );
}

const sameRows = (a: Rows, b: Rows): boolean => a.reduced === b.reduced && sameShape(a.whole, b.whole);

/** Whether a node reads of an operand only what stands in the row, or at the element, that it computes. */
function readsItsRow(node: Node, { type }: Value, { reduced, whole, kept, dropped }: Rows): boolean {
  const is = (shape: readonly Extent[]): boolean => sameShape(type.shape, shape);
  if (!hasTrait(node.op, 'elementwise')) return is(whole);
  // The last axis is where broadcasting puts it.
  if (reduced === 'others') return is(kept) || is(dropped);
  if (sameShape(node.type.shape, whole)) return is(whole) || is(kept);
  if (sameShape(node.type.shape, kept)) return is(kept);
  return sameShape(node.type.shape, dropped) && is(dropped);
}

/** Whether what reads all `sources` can be launched with the draft: there, or the draft here. Moves it here if need be. */
function makeRoom(draft: Draft, sources: ReadonlySet<Draft>, position: number): boolean {
  if ([...sources].every((source) => source === draft || source.position < draft.position)) return true;
  if (draft.readers.size > 0) return false;
  draft.position = position;
  return true;
}

/** One group of these, the first of which reduces rows; of a single one that group. */
export function joinParts(parts: readonly Group[], uses: Uses): Group {
  const [first, second] = parts;
  if (first === undefined || second === undefined) return first as Group;
  const nodes = parts.flatMap((part) => part.nodes).sort((a, b) => uses.order(a) - uses.order(b));
  const members = new Set<Value>(nodes);
  const { whole } = (reducedRows(first, 'last') ?? reducedRows(first, 'others')) as Rows;
  const isOutput = (node: Node): boolean =>
    sameShape(node.type.shape, whole) ||
    uses.escapes(node) ||
    uses.of(node).some((user) => !members.has(user));
  return {
    kind: 'kernel',
    nodes,
    root: first.root,
    inputs: inputsOf({ nodes }),
    outputs: nodes.filter((node) => parts.some((part) => part.outputs.includes(node)) && isOutput(node)),
    commit: first.commit,
    parts,
  };
}
