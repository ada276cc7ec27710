/** Blocks of operands in workgroup memory: each thread copies a part, and all of them read it. */
import { addAffine, affine, mentions, scaleAffine } from '../../affine.ts';
import { denseBuffer } from '../../builder.ts';
import type { Affine, Axis, Buffer, Condition, Expr, Stmt } from '../../ir.ts';
import { serial, substituteCondition, substituteExpr } from '../../rewrite.ts';
import { lanes } from '../vectorize.ts';
import type { ThreadAxis } from './context.ts';
import type { Operand } from './held.ts';
import { inLanes, strideOf } from './held.ts';
import type { Place } from './places.ts';
import type { PointLoop } from './points.ts';

interface SharedBlock {
  readonly buffer: Buffer;
  readonly copy: readonly Stmt[];
  /** The operand as it is read from the copy; zeros are in there. */
  readonly operand: Operand;
}

/** One axis of the block of an operand. */
interface Side {
  readonly axis: Axis;
  readonly extent: number;
  /** What it stands for while the block is read. */
  readonly inside: Affine;
  /** What to put in place of the axes of threads and points while it is copied. */
  readonly axes: ReadonlyMap<Axis, Affine>;
}

/** Threads that read rows of one block side by side would all meet in one bank of the memory: rows are longer by so much. */
const padding = lanes;

export function sharedBlock(
  operand: Operand,
  places: readonly Place[],
  inner: readonly PointLoop[],
  threads: readonly ThreadAxis[],
  unique: (name: string) => string,
): SharedBlock {
  const { name } = operand.load.buffer;
  const sides = sidesOf(operand, places, inner, unique).toSorted(
    (a, b) => movement(operand, b) - movement(operand, a),
  );
  const axes = new Map(sides.flatMap((side) => [...side.axes]));
  const copied: Operand = {
    ...operand,
    value: substituteExpr(operand.value, { axes }),
    load: substituteExpr(operand.load, { axes }) as Operand['load'],
    conditions: operand.conditions.map((condition) => substituteCondition(condition, { axes })),
  };
  const last = sides.at(-1);
  const wide =
    last !== undefined &&
    last.extent % lanes === 0 &&
    strideOf(copied, last.axis) === 1 &&
    !copied.conditions.some(({ index }) => mentions(index, last.axis));
  const rows = last !== undefined && sides.length > 1 && inner.some(({ axis }) => last.axes.has(axis));
  const shape = sides.map((side) => side.extent + (side === last && rows ? (wide ? padding : 1) : 0));
  const buffer = denseBuffer(unique(`${name}_shared`), 'f32', shape, 'workgroup');
  const load = { kind: 'load', buffer, index: sides.map(({ inside }) => inside) } as const;
  return {
    buffer,
    copy: copyOf(copied, buffer, { sides, wide }, threads, unique),
    operand: { name: operand.name, value: load, load, conditions: [] },
  };
}

const movement = (operand: Operand, { axes, axis }: Side): number =>
  Math.abs(
    [...axes].reduce((sum, [from, to]) => {
      return mentions(to, axis) ? strideOf(operand, from) : sum;
    }, 0),
  );

/** The axes of a block of places, and of the points inside, along which the operand moves. */
function sidesOf(
  operand: Operand,
  places: readonly Place[],
  inner: readonly PointLoop[],
  unique: (name: string) => string,
): readonly Side[] {
  const { name } = operand.load.buffer;
  const reads = new Set<Axis>();
  for (const place of operand.load.index)
    if (!('clamped' in place)) for (const { axis } of place.terms) reads.add(axis);
  for (const { index } of operand.conditions) for (const { axis } of index.terms) reads.add(axis);
  const ofPlaces = places.flatMap((place): readonly Side[] => {
    const own = place.inside.terms.map(({ axis }) => axis);
    if (!own.some((axis) => reads.has(axis))) return [];
    const axis: Axis = { name: unique(`${name}_${place.source.name}`), extent: place.size };
    // All of them stand in `inside` only, so the one that counts by one can stand for it.
    const axes = new Map(
      place.inside.terms.map((term) => [term.axis, term.factor === 1 ? affine(axis) : affine(0)]),
    );
    return [{ axis, extent: place.size, inside: place.inside, axes }];
  });
  const ofPoints = inner
    .filter((loop) => reads.has(loop.axis))
    .map((loop): Side => {
      const axis: Axis = { name: unique(`${name}_${loop.source.name}`), extent: loop.axis.extent };
      return {
        axis,
        extent: Number(axis.extent),
        inside: affine(loop.axis),
        axes: new Map([[loop.axis, affine(axis)]]),
      };
    });
  return [...ofPlaces, ...ofPoints];
}

interface Run {
  readonly index: Affine;
  readonly loop?: Axis;
  readonly condition?: Condition;
}

/** Copies the block: threads run along it, those of the innermost dimension along its last axis. */
function copyOf(
  operand: Operand,
  buffer: Buffer,
  { sides, wide }: { readonly sides: readonly Side[]; readonly wide: boolean },
  threads: readonly ThreadAxis[],
  unique: (name: string) => string,
): readonly Stmt[] {
  const left = [...threads];
  const runs = sides.toReversed().map((side, i): Run => {
    const count = wide && i === 0 ? side.extent / lanes : side.extent;
    return runOf(side, count, left, i === sides.length - 1, unique);
  });
  const axes = new Map<Axis, Affine>();
  const ordered = runs.toReversed();
  const element = (lane: Axis | undefined): readonly Affine[] =>
    ordered.map(({ index }, i) => {
      if (lane === undefined || i < ordered.length - 1) return index;
      return addAffine(scaleAffine(index, lanes), lane);
    });
  sides.forEach(({ axis }, i) => axes.set(axis, (ordered[i] as Run).index));
  const conditions = operand.conditions.map((condition) => substituteCondition(condition, { axes }));
  const valueAt = (lane: Axis | undefined): Expr => {
    const places = element(lane);
    return substituteExpr(operand.value, {
      axes: new Map(sides.map(({ axis }, i) => [axis, places[i] as Affine])),
    });
  };
  const inVector = (make: (lane: Axis | undefined) => Stmt): Stmt => {
    const last = sides.at(-1);
    if (!wide || last === undefined) return make(undefined);
    return inLanes({ name: `${last.axis.name}_lane`, extent: lanes }, unique, (lane) => [make(lane)]);
  };
  const stored = (value: (lane: Axis | undefined) => Expr): Stmt =>
    inVector((lane) => ({ kind: 'store', buffer, index: element(lane), value: value(lane) }));
  const body: readonly Stmt[] =
    conditions.length === 0
      ? [stored(valueAt)]
      : zeroOutside(operand, conditions, { wide, unique, inVector, stored, valueAt });
  return ordered.reduceRight<readonly Stmt[]>((inside, { loop, condition }) => {
    const guarded: readonly Stmt[] =
      condition === undefined ? inside : [{ kind: 'if', conditions: [condition], body: inside }];
    return loop === undefined ? guarded : [serial(loop, guarded)];
  }, body);
}

interface Storing {
  readonly wide: boolean;
  readonly unique: (name: string) => string;
  readonly inVector: (make: (lane: Axis | undefined) => Stmt) => Stmt;
  readonly stored: (value: (lane: Axis | undefined) => Expr) => Stmt;
  readonly valueAt: (lane: Axis | undefined) => Expr;
}

/** alloc r; r = 0; if c { r = x[…] }; s[…] = r */
function zeroOutside(
  { name }: Operand,
  conditions: readonly Condition[],
  { wide, unique, inVector, stored, valueAt }: Storing,
): readonly Stmt[] {
  const register = denseBuffer(unique(name), 'f32', wide ? [lanes] : [], 'register');
  const index = (lane: Axis | undefined): readonly Affine[] => (lane === undefined ? [] : [affine(lane)]);
  const set = (value: (lane: Axis | undefined) => Expr): Stmt =>
    inVector((lane) => ({ kind: 'store', buffer: register, index: index(lane), value: value(lane) }));
  return [
    { kind: 'alloc', buffer: register },
    set(() => ({ kind: 'literal', dtype: 'f32', value: 0 })),
    { kind: 'if', conditions, body: [set(valueAt)] },
    stored((lane) => ({ kind: 'load', buffer: register, index: index(lane) })),
  ];
}

/**
 * Which of the threads that are left run along a side of `count` elements or vectors: as many as there is room for, and along
 * the last side all of them.
 */
function runOf(
  { axis }: Side,
  count: number,
  left: ThreadAxis[],
  isLast: boolean,
  unique: (name: string) => string,
): Run {
  let index: Affine = affine(0);
  let across = 1;
  for (let next = left[0]; next !== undefined; next = left[0]) {
    const extent = Number(next.axis.extent);
    if (!isLast && across * extent > count) break;
    index = addAffine(index, scaleAffine(next.axis, across));
    across *= extent;
    left.shift();
  }
  const passes = Math.ceil(count / across);
  const loop: Axis | undefined = passes === 1 ? undefined : { name: unique(axis.name), extent: passes };
  if (loop !== undefined) index = addAffine(index, scaleAffine(loop, across));
  const whole = passes * across === count;
  return { index, ...(loop && { loop }), ...(!whole && { condition: { index, extent: count } }) };
}
