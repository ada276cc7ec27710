/**
 * Fusion: which nodes become one kernel. Decided by traits only.
 *
 * - A contraction, window, reduction or gather takes the elementwise chain behind it.
 * - Elementwise nodes of one shape join each other; several values of a group may be stored. One that only reads what is stored
 *   in any case goes where it is used.
 * - A reduction takes the elementwise chain before it when nothing else uses that chain.
 * - Groups that go through the same rows, one of them a reduction of these, become one (`rows.ts`).
 * - Groups with more operands than a kernel of the target may have are divided (`limit.ts`).
 *
 * All nodes of a group have one iteration space, so nothing is ever computed twice: an operand of smaller shape, which
 * would be computed again for each element, stays outside. Groups are ordered; a group reads only earlier ones, which
 * makes every group convex.
 */
import { invariant } from '../base/invariant.ts';
import { bytesPerElement, sameShape } from '../base/types.ts';
import type { Constant, Graph, Node, Value } from '../graph/ir.ts';
import { hasTrait } from '../graph/op.ts';
import type { TargetInfo } from '../program/target.ts';
import { limitOperands } from './limit.ts';
import { joinRows } from './rows.ts';
import type { Uses } from './uses.ts';
import { usesOf } from './uses.ts';

export interface Group {
  /** `concatenation`: no kernel of its own; its operands are windows of the result or are copied there. */
  readonly kind: 'kernel' | 'concatenation';
  /** In graph order. */
  readonly nodes: readonly Node[];
  /** The node the group is built around: its reduction if it has one. */
  readonly root: Node;
  /** What it reads, in order of first use; constants of one value are literals and no inputs. */
  readonly inputs: readonly Value[];
  /** What is used outside of the group, returned, or stored by an update. */
  readonly outputs: readonly Node[];
  /** Feeds updates only: may run after everything else of the graph and write persistent memory directly. */
  readonly commit: boolean;
  /** Of a row-wise group: the groups it was made of, in order, the first a reduction over the last axis. */
  readonly parts?: readonly Group[];
}

/** Groups in launch order, those with `commit` last. Views belong to no group; nodes that nothing uses are dropped. */
export function groupNodes(
  graph: Graph,
  target: Pick<TargetInfo, 'maxOperands' | 'joinsChannels'>,
): readonly Group[] {
  const { maxOperands } = target;
  const uses = usesOf(graph);
  const fusion = new Fusion(uses, maxOperands);
  for (const node of graph.nodes) if (uses.live.has(node)) fusion.place(node);
  const groups = fusion.groups().map((group) => groupOf(group, uses));
  return limitOperands(joinRows(groups, uses, target), uses, maxOperands);
}

/** A constant that fills its shape with one value: a literal inside kernels. */
export const isLiteral = (value: Value): value is Constant =>
  value.kind === 'constant' && value.data.length === 1;

/** A group while it grows. Merged groups point to what they became part of. */
interface Draft {
  merged: Draft | undefined;
  position: number;
  nodes: Node[];
  /** The node that reads at other places than it writes; a group has at most one. */
  anchor: Node | undefined;
  readonly shape: Node['type']['shape'];
  readonly commit: boolean;
  /** Groups that read this one. May hold merged ones and this one itself. */
  users: Set<Draft>;
  /** Those of them that read it at other places than they write. */
  gatherers: Set<Draft>;
}

function current(draft: Draft): Draft {
  let root = draft;
  while (root.merged !== undefined) root = root.merged;
  let at = draft;
  while (at.merged !== undefined) {
    const next: Draft = at.merged;
    at.merged = root;
    at = next;
  }
  return at;
}

class Fusion {
  readonly #uses: Uses;
  readonly #drafts: Draft[] = [];
  readonly #draftOf = new Map<Value, Draft>();
  /** Elementwise nodes that a later reduction computes while it reads. */
  readonly #claims: ReadonlyMap<Node, readonly Node[]>;
  readonly #claimed: ReadonlySet<Node>;
  /** Nodes that go where their only user goes. */
  readonly #late: ReadonlyMap<Node, readonly Node[]>;
  readonly #waiting: ReadonlySet<Node>;
  #clock = 0;

  constructor(uses: Uses, maxOperands: number) {
    this.#uses = uses;
    this.#claims = claimsOf(uses, maxOperands);
    this.#claimed = new Set([...this.#claims.values()].flat());
    this.#late = lateNodes(uses, this.#claimed);
    this.#waiting = new Set([...this.#late.values()].flat());
  }

  place(node: Node): void {
    invariant(!hasTrait(node.op, 'pseudo'), `${node.op.name} must be gone before lowering`);
    if (hasTrait(node.op, 'view')) {
      const draft = this.#draftOf.get(node.operands[0]!);
      if (draft !== undefined) this.#draftOf.set(node, draft);
    } else if (!this.#claimed.has(node) && !this.#waiting.has(node)) {
      const late = [...(this.#late.get(node) ?? []), node];
      const host = hasTrait(node.op, 'elementwise') ? this.#hostOf(late) : undefined;
      this.#add([...(this.#claims.get(node) ?? []), ...late], host ?? this.#open(node));
    }
  }

  groups(): readonly Draft[] {
    const drafts = this.#drafts.filter((draft) => draft.merged === undefined);
    drafts.sort((a, b) => Number(a.commit) - Number(b.commit) || a.position - b.position);
    for (const draft of drafts) draft.nodes.sort((a, b) => this.#uses.order(a) - this.#uses.order(b));
    return drafts;
  }

  #open(node: Node): Draft {
    const draft: Draft = {
      merged: undefined,
      position: this.#clock++,
      nodes: [],
      anchor: hasTrait(node.op, 'elementwise') ? undefined : node,
      shape: node.type.shape,
      commit: this.#uses.commits(node),
      users: new Set(),
      gatherers: new Set(),
    };
    this.#drafts.push(draft);
    return draft;
  }

  #add(nodes: readonly Node[], draft: Draft): void {
    draft.nodes.push(...nodes);
    for (const node of nodes) {
      this.#draftOf.set(node, draft);
      for (const operand of node.operands) {
        const producer = this.#currentOf(operand);
        if (producer === undefined) continue;
        producer.users.add(draft);
        if (!readsInPlace(node, operand) || this.#claimed.has(node)) producer.gatherers.add(draft);
      }
    }
  }

  /** The group that elementwise nodes join, merged from those of their operands that can be; undefined: a new one. */
  #hostOf(nodes: readonly Node[]): Draft | undefined {
    const node = nodes.at(-1)!;
    const sources = this.#sourcesOf(nodes.flatMap(({ operands }) => operands));
    const gathered = nodes.flatMap((each) => each.operands.filter((operand) => !readsInPlace(each, operand)));
    const elsewhere = this.#sourcesOf(gathered);
    const joinable = [...sources].filter((draft) => !elsewhere.has(draft) && this.#accepts(draft, node));
    const latestFirst = joinable.sort((a, b) => b.position - a.position);
    const host = latestFirst.find((draft) => this.#placeAfter(draft, sources));
    if (host === undefined) return undefined;
    return latestFirst.reduce((all, draft) => this.#merge(draft, all), host);
  }

  #sourcesOf(values: readonly Value[]): ReadonlySet<Draft> {
    return new Set(values.map((value) => this.#currentOf(value)).filter((draft) => draft !== undefined));
  }

  #currentOf(value: Value): Draft | undefined {
    const draft = this.#draftOf.get(value);
    return draft === undefined ? undefined : current(draft);
  }

  #accepts(draft: Draft, node: Node): boolean {
    return (
      sameShape(draft.shape, node.type.shape) &&
      draft.commit === this.#uses.commits(node) &&
      !(draft.anchor !== undefined && hasTrait(draft.anchor.op, 'concatenation'))
    );
  }

  /** Makes `draft` the last of `sources`, if it is not and nothing reads it yet; says whether it is. */
  #placeAfter(draft: Draft, sources: ReadonlySet<Draft>): boolean {
    if ([...sources].every((source) => source.position <= draft.position)) return true;
    if (firstUser(draft) !== Infinity) return false;
    draft.position = this.#clock++;
    return true;
  }

  /** `into` with the nodes of `draft`, unless that would put `draft` behind one of its readers or join two anchors. */
  #merge(draft: Draft, into: Draft): Draft {
    if (draft === into || (draft.anchor !== undefined && into.anchor !== undefined)) return into;
    if (draft.position > into.position || firstUser(draft, into) < into.position) return into;
    for (const reader of draft.gatherers) if (current(reader) === into) return into;
    const [small, large] = draft.nodes.length < into.nodes.length ? [draft, into] : [into, draft];
    large.position = into.position;
    large.anchor = draft.anchor ?? into.anchor;
    large.nodes.push(...small.nodes);
    for (const user of small.users) large.users.add(user);
    for (const user of small.gatherers) large.gatherers.add(user);
    small.merged = large;
    return large;
  }
}

/** Whether an elementwise node reads `operand` at the places that it writes. */
function readsInPlace(node: Node, operand: Value): boolean {
  return (
    hasTrait(node.op, 'elementwise') &&
    !(operand.kind === 'node' && hasTrait(operand.op, 'view')) &&
    sameShape(node.type.shape, operand.type.shape)
  );
}

/** The position of the first other group that reads `draft`. */
function firstUser(draft: Draft, except: Draft = draft): number {
  let first = Infinity;
  for (const user of draft.users) {
    const now = current(user);
    if (now !== draft && now !== except) first = Math.min(first, now.position);
  }
  return first;
}

/**
 * For each reduction the elementwise nodes that it computes while it reads: those of the operand's whole shape whose
 * every use is inside. None where the kernel would read too many buffers.
 */
function claimsOf(uses: Uses, maxOperands: number): ReadonlyMap<Node, readonly Node[]> {
  const owner = new Map<Node, Node>();
  const claims = new Map<Node, Node[]>();
  const live = [...uses.live];
  for (const reduction of live.reverse()) {
    if (!hasTrait(reduction.op, 'reduction') || owner.has(reduction)) continue;
    const domain = reduction.operands[0]?.type.shape ?? [];
    const claimed: Node[] = [];
    const pending: Value[] = [...reduction.operands];
    for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
      if (value.kind !== 'node' || owner.has(value) || uses.escapes(value)) continue;
      if (!hasTrait(value.op, 'elementwise') || !sameShape(value.type.shape, domain)) continue;
      if (!uses.of(value).every((user) => user === reduction || owner.get(user) === reduction)) continue;
      owner.set(value, reduction);
      claimed.push(value);
      pending.push(...value.operands);
    }
    claimed.sort((a, b) => uses.order(a) - uses.order(b));
    if (inputsOf({ nodes: [...claimed, reduction] }).length >= maxOperands)
      for (const node of claimed) owner.delete(node);
    else if (claimed.length > 0) claims.set(reduction, claimed);
  }
  return claims;
}

/**
 * By user: elementwise nodes that are computed where their only user is, not where their operand is. That operand is stored in
 * any case and no larger, and they read no other of their shape, so this saves a tensor.
 */
function lateNodes(uses: Uses, claimed: ReadonlySet<Node>): ReadonlyMap<Node, readonly Node[]> {
  const waiting = new Set<Value>();
  for (const node of uses.live) {
    const [user, more] = uses.of(node);
    if (user === undefined || more !== undefined || uses.escapes(node) || claimed.has(node)) continue;
    if (!hasTrait(node.op, 'elementwise') || claimed.has(user) || !readsInPlace(user, node)) continue;
    if (uses.commits(node) !== uses.commits(user)) continue;
    const [source, other] = node.operands.filter((operand) => {
      return !isLiteral(operand) && sameShape(operand.type.shape, node.type.shape);
    });
    if (source === undefined || other !== undefined) continue;
    if (bytesPerElement[source.type.dtype] > bytesPerElement[node.type.dtype]) continue;
    if (waiting.has(source) || isStored(source, node, uses)) waiting.add(node);
  }
  const hosts = new Map<Node, Node>();
  const late = new Map<Node, Node[]>();
  for (const node of [...uses.live].reverse()) {
    if (!waiting.has(node)) continue;
    const [user] = uses.of(node) as [Node];
    const host = hosts.get(user) ?? user;
    hosts.set(node, host);
    late.set(host, [node, ...(late.get(host) ?? [])]);
  }
  return late;
}

/** Whether a value is stored whatever `except` does: who else reads it can not do that where it is computed. */
function isStored(value: Value, except: Node, uses: Uses): boolean {
  if (value.kind !== 'node' || uses.escapes(value)) return true;
  return uses.of(value).some((user) => user !== except && !readsInPlace(user, value));
}

/** The values from outside that nodes read, in order of first use; literals are none. */
export function inputsOf({ nodes }: Pick<Group, 'nodes'>): readonly Value[] {
  const members = new Set<Value>(nodes);
  const operands = nodes.flatMap((node) => node.operands);
  return [...new Set(operands)].filter((operand) => !members.has(operand) && !isLiteral(operand));
}

/** The group of these nodes, which stand in graph order. `anchor`: if it is one of them, the root. */
export function groupOf(
  { nodes, anchor, commit }: Pick<Group, 'nodes' | 'commit'> & { readonly anchor: Node | undefined },
  uses: Uses,
): Group {
  const members = new Set<Value>(nodes);
  const root = anchor !== undefined && members.has(anchor) ? anchor : nodes.at(-1)!;
  return {
    kind: hasTrait(root.op, 'concatenation') ? 'concatenation' : 'kernel',
    nodes,
    root,
    inputs: inputsOf({ nodes }),
    outputs: nodes.filter((node) => uses.escapes(node) || uses.of(node).some((user) => !members.has(user))),
    commit,
  };
}
