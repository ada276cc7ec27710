/**
 * Which value's memory every value lies in. A view lies in its operand's, a member of a concatenation in the
 * concatenation's; what is left owns memory and is called a root.
 */
import { invariant } from '../base/invariant.ts';
import { sameShape } from '../base/types.ts';
import type { TensorType } from '../base/types.ts';
import type { Graph, Node, Value } from '../graph/ir.ts';
import { hasTrait } from '../graph/op.ts';
import { denseStrides } from '../loop/builder.ts';

/** Memory that no value of the graph names: the copy of a parameter that is returned and updated. */
interface Temporary {
  readonly kind: 'temporary';
  readonly name: string;
  readonly type: TensorType;
}

export type Root = Value | Temporary;

/** Where a value lies in the memory of its root; strides and offset in elements. */
export interface Window {
  readonly root: Root;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** An operand that has to be copied into the window of its concatenation. */
export interface PendingCopy {
  readonly node: Node;
  readonly operand: Value;
  readonly window: Window;
}

export interface Roots {
  /** The value that is computed where this one lies: itself unless it is a view. */
  readonly ownerOf: (value: Value) => Value;
  readonly windowOf: (value: Value) => Window;
  readonly copies: readonly PendingCopy[];
}

export const denseWindow = (root: Root, shape: TensorType['shape'] = root.type.shape): Window => ({
  root,
  strides: denseStrides(shape),
  offset: 0,
});

/** `stored`: values that a launch writes, hence may be told where to write. */
export function findRoots(graph: Graph, stored: ReadonlySet<Value>): Roots {
  const owners = new Map<Value, Value>();
  for (const node of graph.nodes) {
    const [operand] = node.operands;
    if (operand !== undefined && hasTrait(node.op, 'view')) owners.set(node, owners.get(operand) ?? operand);
  }
  const windows = new Map<Value, Window>();
  const copies: PendingCopy[] = [];
  const free = placeable(graph, stored);
  // From the last concatenation back, so that a nested one knows its own window before it hands out parts of it.
  for (const node of graph.nodes.toReversed()) {
    if (!hasTrait(node.op, 'concatenation')) continue;
    const whole = windows.get(node) ?? denseWindow(node);
    for (const { operand, axis, start } of members(node)) {
      const window = { ...whole, offset: whole.offset + start * (whole.strides[axis] ?? 0) };
      if (free.has(operand)) windows.set(operand, window);
      else copies.push({ node, operand, window });
    }
  }
  const ownerOf = (value: Value): Value => owners.get(value) ?? value;
  const windowOf = (value: Value): Window => {
    const known = windows.get(value);
    if (known !== undefined) return known;
    const window = denseWindow(ownerOf(value), value.type.shape);
    windows.set(value, window);
    return window;
  };
  return {
    ownerOf,
    windowOf,
    copies: copies.reverse(),
  };
}

/** Values that may lie in a window: written by a launch or made of windows themselves, needed dense by nobody. */
function placeable(graph: Graph, stored: ReadonlySet<Value>): ReadonlySet<Value> {
  const pinned = new Set<Value>([...graph.returns, ...graph.updates].map(({ value }) => value));
  const memberships = new Map<Value, number>();
  for (const node of graph.nodes) {
    if (hasTrait(node.op, 'view')) for (const operand of node.operands) pinned.add(operand);
    if (!hasTrait(node.op, 'concatenation')) continue;
    for (const operand of node.operands) memberships.set(operand, (memberships.get(operand) ?? 0) + 1);
  }
  const free = new Set<Value>();
  for (const [value, count] of memberships) {
    const written = stored.has(value) || (value.kind === 'node' && hasTrait(value.op, 'concatenation'));
    if (count === 1 && written && !pinned.has(value)) free.add(value);
  }
  return free;
}

/** The operands of a concatenation, the axis along which they stand, and where each begins. */
function members(node: Node): readonly { operand: Value; axis: number; start: number }[] {
  const rank = node.type.shape.length;
  const given = node.attributes['axis'];
  invariant(typeof given === 'number', `${node.op.name}: a concatenation has an axis`);
  const axis = given < 0 ? given + rank : given;
  let start = 0;
  return node.operands.map((operand) => {
    const { shape } = operand.type;
    const extent = shape[axis];
    invariant(typeof extent === 'number', `${node.op.name}: not along the batch`);
    invariant(
      sameShape(shape.toSpliced(axis, 1), node.type.shape.toSpliced(axis, 1)),
      `${node.op.name}: members agree in the other axes`,
    );
    const member = { operand, axis, start };
    start += extent;
    return member;
  });
}
