import { invariant } from '../base/invariant.ts';
import { sameType } from '../base/types.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import type { Graph, Node, Value } from '../graph/ir.ts';
import type { Op } from '../graph/op.ts';
import { add, divide, multiply, negative, reshape, subtract } from '../ops/index.ts';
import { withoutDeadNodes } from './dce.ts';
import { fixedValues } from './fixed.ts';
import type { Pass } from './pass.ts';
import { rebuild } from './rewrite.ts';

/** What has been done to the result of a contraction so far: y = contraction * scale + shift, both per output channel. */
interface Affine {
  readonly scale: Value | undefined;
  readonly shift: Value | undefined;
}

/** How an elementwise step changes it. `chain` is the operand that carries y; `t` the other one, fixed and per channel. */
type Step = (g: GraphBuilder, y: Affine, t: Value) => Affine;

const maybe = (value: Value | undefined, f: (value: Value) => Value): Value | undefined =>
  value === undefined ? undefined : f(value);

const steps: readonly {
  readonly op: Op;
  readonly chain: 0 | 1;
  readonly scales: boolean;
  readonly step: Step;
}[] = [
  ...([0, 1] as const).map((chain) => ({
    op: add,
    chain,
    scales: false,
    step: ((g, { scale, shift }, t) => ({
      scale,
      shift: maybe(shift, (b) => g.emit(add, { a: b, b: t })) ?? t,
    })) satisfies Step,
  })),
  {
    op: subtract,
    chain: 0,
    scales: false,
    step: (g, { scale, shift }, t) => ({
      scale,
      shift: maybe(shift, (b) => g.emit(subtract, { a: b, b: t })) ?? g.emit(negative, { x: t }),
    }),
  },
  {
    op: subtract,
    chain: 1,
    scales: true,
    step: (g, { scale, shift }, t) => ({
      scale: maybe(scale, (s) => g.emit(negative, { x: s })) ?? g.constant(-1),
      shift: maybe(shift, (b) => g.emit(subtract, { a: t, b })) ?? t,
    }),
  },
  ...([0, 1] as const).map((chain) => ({
    op: multiply,
    chain,
    scales: true,
    step: ((g, { scale, shift }, t) => ({
      scale: maybe(scale, (s) => g.emit(multiply, { a: s, b: t })) ?? t,
      shift: maybe(shift, (b) => g.emit(multiply, { a: b, b: t })),
    })) satisfies Step,
  })),
  {
    op: divide,
    chain: 0,
    scales: true,
    step: (g, { scale, shift }, t) => ({
      scale: g.emit(divide, { a: scale ?? g.constant(1), b: t }),
      shift: maybe(shift, (b) => g.emit(divide, { a: b, b: t })),
    }),
  },
];

interface Link {
  readonly node: Node;
  readonly fixed: number;
  readonly entry: (typeof steps)[number];
}

/** A contraction and the steps behind it, in order. */
interface Chain {
  readonly contraction: Node;
  /** The operand to scale, and the axis of its that counts the channels. */
  readonly weights: number;
  readonly axis: number;
  readonly links: readonly Link[];
}

export const foldNormalization: Pass = {
  name: 'fold_normalization',
  doc: 'Without updates: scales and shifts per channel behind a convolution or matmul go into its kernel and one bias, which hoist then prepares. BatchNormalization costs nothing in inference.',
  run: (graph) => {
    if (graph.updates.length > 0) return graph;
    const chains = findChains(graph);
    if (chains.size === 0) return graph;
    const now = new Map<Value, Value>();
    const folded = rebuild(graph, (node, g, original) => {
      const chain = chains.get(original);
      const value =
        chain === undefined ? g.append(node) : fold(g, chain, (value: Value) => now.get(value) ?? value);
      now.set(original, value);
      return value;
    });
    return withoutDeadNodes(folded);
  },
};

/** By last link: the longest chains of which at least one step scales. */
function findChains(graph: Graph): ReadonlyMap<Node, Chain> {
  const fixed = fixedValues(graph);
  const uses = useCounts(graph);
  const open = new Map<Value, Chain>();
  for (const node of graph.nodes) {
    const start = startOf(node, fixed.has);
    if (start !== undefined) open.set(node, start);
    for (const chain of [0, 1] as const) {
      const [carrier, t] = [node.operands[chain], node.operands[1 - chain]];
      if (carrier === undefined || t === undefined || uses.get(carrier) !== 1) continue;
      const before = open.get(carrier);
      const entry = steps.find((step) => step.op === node.op && step.chain === chain);
      if (before === undefined || entry === undefined || !fixed.has(t)) continue;
      if (!isPerChannel(t) || !sameType(node.type, before.contraction.type)) continue;
      open.delete(carrier);
      open.set(node, { ...before, links: [...before.links, { node, fixed: 1 - chain, entry }] });
      break;
    }
  }
  return new Map(
    [...open.values()]
      .filter(({ links }) => links.some(({ entry }) => entry.scales))
      .map((chain) => [chain.links.at(-1)!.node, chain]),
  );
}

function startOf(node: Node, fixed: (value: Value) => boolean): Chain | undefined {
  const { weights } = node.op;
  const kernel = weights && node.operands[weights.operand];
  if (weights === undefined || kernel === undefined || !fixed(kernel) || fixed(node)) return undefined;
  const { operand, channels } = weights;
  return { contraction: node, weights: operand, axis: channels(node.attributes), links: [] };
}

/** One number, or one per element of the last axis. */
const isPerChannel = ({ type }: Value): boolean =>
  type.dtype === 'f32' && type.shape.slice(0, -1).every((extent) => extent === 1);

function useCounts(graph: Graph): ReadonlyMap<Value, number> {
  const counts = new Map<Value, number>();
  const values = [
    ...graph.nodes.flatMap(({ operands }) => operands),
    ...graph.returns.map(({ value }) => value),
  ];
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function fold(g: GraphBuilder, chain: Chain, now: (value: Value) => Value): Value {
  let y: Affine = { scale: undefined, shift: undefined };
  for (const { node, fixed, entry } of chain.links) {
    const t = node.operands[fixed];
    invariant(t !== undefined, `${node.op.name} has two operands`);
    y = entry.step(g, y, flat(g, now(t)));
  }
  const { contraction } = chain;
  const operands = contraction.operands.map(now);
  const weights = operands[chain.weights];
  invariant(weights !== undefined && y.scale !== undefined, 'a chain scales weights');
  const scale = along(g, y.scale, weights.type.shape.length - 1 - chain.axis);
  operands[chain.weights] = g.emit(multiply, { a: weights, b: scale });
  const outside = g.location;
  g.location = contraction.location;
  const scaled = g.node(contraction.op, operands, contraction.attributes);
  g.location = outside;
  return y.shift === undefined ? scaled : g.emit(add, { a: scaled, b: y.shift });
}

/** A vector per channel without axes of 1 before it. */
function flat(g: GraphBuilder, value: Value): Value {
  const { shape } = value.type;
  const last = shape.at(-1);
  return shape.length <= 1 ? value : g.emit(reshape, { x: value }, { shape: [Number(last)] });
}

/** A vector per channel for an axis with `behind` others behind it. */
function along(g: GraphBuilder, value: Value, behind: number): Value {
  const [extent] = value.type.shape;
  if (extent === undefined || behind === 0) return value;
  return g.emit(reshape, { x: value }, { shape: [Number(extent), ...Array<number>(behind).fill(1)] });
}
