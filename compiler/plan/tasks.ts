/** The steps of a routine before they are ordered: one per group, and the copies and fills that no group does. */
import { invariant } from '../base/invariant.ts';
import { append } from '../base/multimap.ts';
import type { Location } from '../base/source.ts';
import type { Graph, Node, Value } from '../graph/ir.ts';
import { hasTrait } from '../graph/op.ts';
import { isLiteral } from '../lower/index.ts';
import type { PendingCopy, Root, Roots, Window } from './roots.ts';
import { denseWindow } from './roots.ts';
import type { LaunchGroup } from './types.ts';

/** Between windows or, from a number, a fill. */
export interface Transfer {
  readonly kind: 'transfer';
  readonly from: number | { readonly value: Value; readonly window: Window };
  readonly to: Window;
  readonly type: Value['type'];
  readonly location: Location | undefined;
  readonly purpose: string;
}

export interface Task<G extends LaunchGroup = LaunchGroup> {
  /** Position in the order the tasks were made: ties are broken by it. */
  readonly index: number;
  /** `join` does nothing: it stands where all members of a concatenation are in place. */
  readonly step: { readonly kind: 'group'; readonly group: G } | Transfer | { readonly kind: 'join' };
  /** Values that must be there before: owners, so that views need no step. */
  readonly needs: readonly Value[];
  /** Owners that are there once this task, and all others that make them, are done. */
  readonly makes: readonly Value[];
  readonly after: readonly Task<G>[];
  readonly reads: readonly Root[];
  readonly writes: readonly Root[];
}

const unique = <T>(values: readonly T[]): readonly T[] => [...new Set(values)];

export class TaskList<G extends LaunchGroup> {
  readonly tasks: Task<G>[] = [];
  readonly #roots: Roots;
  readonly #makers = new Map<Value, Task<G>>();

  constructor(roots: Roots) {
    this.#roots = roots;
  }

  makerOf(owner: Value): Task<G> | undefined {
    return this.#makers.get(owner);
  }

  #push(
    step: Task<G>['step'],
    needs: readonly Value[],
    makes: readonly Value[],
    reads: readonly Root[],
    writes: readonly Root[],
    after: readonly Task<G>[],
  ): Task<G> {
    const task: Task<G> = {
      index: this.tasks.length,
      step,
      needs: unique(needs),
      makes,
      reads: unique(reads),
      writes: unique(writes),
      after: unique(after),
    };
    this.tasks.push(task);
    for (const value of makes) this.#makers.set(value, task);
    return task;
  }

  #makersOf(values: readonly Value[]): readonly Task<G>[] {
    return values.flatMap((value) => this.#makers.get(value) ?? []);
  }

  group(group: G): Task<G> {
    const { ownerOf, windowOf } = this.#roots;
    const inputs = group.inputs.map(ownerOf);
    for (const value of inputs) {
      if (value.kind !== 'node') continue;
      invariant(!group.outputs.includes(value), `plan: a group reads ${value.op.name} that it writes itself`);
      invariant(this.#makers.has(value), `plan: a group reads ${value.op.name} before it is there`);
    }
    return this.#push(
      { kind: 'group', group },
      inputs,
      group.outputs,
      group.inputs.map((value) => windowOf(value).root),
      group.outputs.map((value) => windowOf(value).root),
      this.#makersOf(inputs),
    );
  }

  /** Waits for the other makers of `to` only through `after`. */
  transfer(transfer: Transfer, after: readonly Task<G>[] = []): Task<G> {
    const { from, to } = transfer;
    if (typeof from === 'number') return this.#push(transfer, [], [], [], [to.root], after);
    const owner = this.#roots.ownerOf(from.value);
    return this.#push(
      transfer,
      [owner],
      [],
      [from.window.root],
      [to.root],
      [...this.#makersOf([owner]), ...after],
    );
  }

  concatenation(node: Node, copies: readonly PendingCopy[]): Task<G> {
    const placed = node.operands.filter((operand) => copies.every((copy) => copy.operand !== operand));
    const makers = this.#makersOf(placed);
    const done = copies.map(({ operand, window }) =>
      this.transfer(
        {
          kind: 'transfer',
          from: isLiteral(operand)
            ? (operand.data[0] ?? 0)
            : { value: operand, window: this.#roots.windowOf(operand) },
          to: window,
          type: operand.type,
          location: node.location,
          purpose: node.op.name,
        },
        // What is there from the start is copied once the concatenation has begun, not before: it needs no memory until then.
        operand.kind === 'node' ? [] : makers.slice(0, 1),
      ),
    );
    const needs = placed.map(this.#roots.ownerOf);
    return this.#push({ kind: 'join' }, needs, [node], [], [], [...makers, ...done]);
  }
}

/** Tasks for all groups and concatenations of a graph, in an order that respects their dependencies. */
export function makeTasks<G extends LaunchGroup>(
  graph: Graph,
  groups: readonly G[],
  roots: Roots,
): TaskList<G> {
  const list = new TaskList<G>(roots);
  const copies = new Map<Node, PendingCopy[]>();
  for (const copy of roots.copies) append(copies, copy.node, copy);
  const joins = graph.nodes.filter((node) => hasTrait(node.op, 'concatenation'));
  const waiting = new Map<Value, Node[]>();
  const missing = new Map<Node, number>();
  const ready: Node[] = [];
  for (const node of joins) {
    const owners = unique(node.operands.map(roots.ownerOf)).filter((owner) => owner.kind === 'node');
    for (const owner of owners) append(waiting, owner, node);
    missing.set(node, owners.length);
    if (owners.length === 0) ready.push(node);
  }
  // A concatenation goes in as soon as the last of its operands is made.
  const made = (owners: readonly Value[]): void => {
    for (const owner of owners)
      for (const node of waiting.get(owner) ?? []) {
        const rest = (missing.get(node) ?? 0) - 1;
        missing.set(node, rest);
        if (rest === 0) ready.push(node);
      }
  };
  const join = (): void => {
    for (let node = ready.shift(); node !== undefined; node = ready.shift())
      made(list.concatenation(node, copies.get(node) ?? []).makes);
  };
  join();
  for (const group of groups) {
    made(list.group(group).makes);
    join();
  }
  invariant(
    joins.every((node) => list.makerOf(node) !== undefined),
    'plan: a concatenation has an operand that no group stores',
  );
  return list;
}

/** The window of a fresh dense piece of memory. */
export function temporary(name: string, type: Value['type']): Window {
  return denseWindow({ kind: 'temporary', name, type });
}
