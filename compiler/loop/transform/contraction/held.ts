/** Elements of the operands in registers, and the products that are summed from them. */
import { requires } from '../step-error.ts';
import { strideAlong } from '../../accesses.ts';
import { affine, mentions } from '../../affine.ts';
import { denseBuffer } from '../../builder.ts';
import type { Affine, Axis, Buffer, Condition, Expr, For, Stmt } from '../../ir.ts';
import { serial, substituteCondition, substituteExpr } from '../../rewrite.ts';
import { lanes, lockstepProblem } from '../vectorize.ts';
import type { Factor } from './nest.ts';
import { placesOf } from './nest.ts';

/** An operand of the product as a thread reads it, and what must hold where it is not zero. */
export interface Operand extends Factor {
  readonly name: string;
  readonly conditions: readonly Condition[];
}

/** What one thread computes at once: a product per combination of places, for each of a few points of the sum. */
export interface Block {
  /** Axes over the sums of one thread that are written out. */
  readonly elements: readonly Axis[];
  /** The one that lies in the lanes of a vector. */
  readonly lane: Axis | undefined;
  /** Points of the innermost loop that are done together. */
  readonly points: Axis | undefined;
  readonly unique: (name: string) => string;
}

export const both = <A, B>([a, b]: readonly [A, A], f: (each: A) => B): readonly [B, B] => [f(a), f(b)];

/** Values of axes that are written out. */
export type At = ReadonlyMap<Axis, number>;

/** All combinations of places of some axes, the last one fastest. */
export function combinations(axes: readonly Axis[]): readonly At[] {
  return axes.reduce<readonly At[]>(
    (all, axis) =>
      all.flatMap((at) => Array.from({ length: Number(axis.extent) }, (_, i) => new Map([...at, [axis, i]]))),
    [new Map()],
  );
}

export const constants = (at: At): Map<Axis, Affine> =>
  new Map([...at].map(([axis, value]) => [axis, affine(value)]));

/** A loop over the lanes of a vector around what `body` makes for a new axis of it. */
export function inLanes(
  axis: Axis,
  unique: (name: string) => string,
  body: (lane: Axis) => readonly Stmt[],
): Stmt {
  const over: Axis = { ...axis, name: unique(axis.name) };
  const loop: For = { ...serial(over, body(over)), mode: 'vectorize' };
  const problem = lockstepProblem(loop);
  requires(problem === undefined, `${axis.name} cannot be vectorized: ${problem}`);
  return loop;
}

/** By how many elements the load moves with the axis. */
export const strideOf = ({ load: { buffer, index } }: Factor, axis: Axis): number =>
  strideAlong(buffer, index, axis);

const dependsOn = (operand: Operand, axis: Axis): boolean =>
  placesOf(operand).some((place) => mentions(place, axis)) ||
  operand.conditions.some(({ index }) => mentions(index, axis));

/** An operand in registers. */
interface Held {
  readonly stmts: readonly Stmt[];
  read(at: At, lane: Axis | undefined): Expr;
}

/** alloc r; r[…] = x[…] for all places and points, in vectors along the axis whose elements are neighbours. */
function held(operand: Operand, { elements, lane, points, unique }: Block): Held {
  const all = [...elements, ...(points === undefined ? [] : [points])].filter((axis) =>
    dependsOn(operand, axis),
  );
  const inRow = (axis: Axis): boolean =>
    axis.extent === lanes &&
    strideOf(operand, axis) === 1 &&
    !operand.conditions.some(({ index }) => mentions(index, axis));
  const vector =
    lane !== undefined && dependsOn(operand, lane) ? lane : all.toReversed().find((axis) => inRow(axis));
  const dims = all.filter((axis) => axis !== vector);
  const extents = [...dims, ...(vector === undefined ? [] : [vector])].map(({ extent }) => extent);
  const register = denseBuffer(unique(operand.name), 'f32', extents, 'register');
  const index = (at: At, last: Affine | undefined): Affine[] => [
    ...dims.map((axis) => affine(at.get(axis) ?? 0)),
    ...(last === undefined ? [] : [last]),
  ];
  const store = (at: At, value: Expr | undefined) => (over: Axis | undefined) => {
    const axes = constants(at);
    if (vector !== undefined && over !== undefined) axes.set(vector, affine(over));
    const place = index(at, over === undefined ? undefined : affine(over));
    const stored: Expr = value ?? { kind: 'literal', dtype: 'f32', value: 0 };
    return {
      kind: 'store',
      buffer: register,
      index: place,
      value: substituteExpr(stored, { axes }),
    } satisfies Stmt;
  };
  const stmts: Stmt[] = [{ kind: 'alloc', buffer: register }];
  const wrapped = (make: readonly ((over: Axis | undefined) => Stmt)[]): readonly Stmt[] => {
    if (vector === undefined) return make.map((f) => f(undefined));
    return [inLanes(vector, unique, (over) => make.map((f) => f(over)))];
  };
  const places = combinations(dims);
  if (operand.conditions.length === 0) {
    stmts.push(...wrapped(places.map((at) => store(at, operand.value))));
  } else {
    stmts.push(...wrapped(places.map((at) => store(at, undefined))));
    for (const at of places) {
      const conditions = operand.conditions.map((c) => substituteCondition(c, { axes: constants(at) }));
      stmts.push({ kind: 'if', conditions, body: wrapped([store(at, operand.value)]) });
    }
  }
  const read = (at: At, over: Axis | undefined): Expr => {
    const last =
      vector === undefined ? undefined : vector === lane ? affine(over ?? 0) : affine(at.get(vector) ?? 0);
    return { kind: 'load', buffer: register, index: index(at, last) };
  };
  return { stmts, read };
}

/** sums[places] += a[places, point] * b[places, point], for all places and points. */
export function products(operands: readonly [Operand, Operand], sums: Buffer, block: Block): readonly Stmt[] {
  const { elements, lane, points, unique } = block;
  const [a, b] = both(operands, (operand) => held(operand, block));
  const all = combinations([...(points === undefined ? [] : [points]), ...elements]);
  const add = (over: Axis | undefined): readonly Stmt[] =>
    all.map((at) => ({
      kind: 'accumulate',
      buffer: sums,
      index: [
        ...elements.map((axis) => affine(at.get(axis) ?? 0)),
        ...(over === undefined ? [] : [affine(over)]),
      ],
      combine: 'add',
      value: { kind: 'binary', op: 'mul', dtype: 'f32', a: a.read(at, over), b: b.read(at, over) },
    }));
  const adds = lane === undefined ? add(undefined) : [inLanes(lane, unique, add)];
  return [...a.stmts, ...b.stmts, ...adds];
}
