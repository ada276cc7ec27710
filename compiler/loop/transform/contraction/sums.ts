/** The loops of the sum: each thread reads the operands itself, or all of a workgroup copy blocks of them first. */
import { requires } from '../step-error.ts';
import { addAffine, mentions, sameAffine, scaleAffine } from '../../affine.ts';
import type { Axis, Buffer, Condition, Stmt } from '../../ir.ts';
import { guarded, serial, substituteCondition, substituteExpr, wholeRange } from '../../rewrite.ts';
import { lanes } from '../vectorize.ts';
import type { Context } from './context.ts';
import { varies } from './context.ts';
import type { Operand } from './held.ts';
import { both, products, strideOf } from './held.ts';
import { placesOf } from './nest.ts';
import type { PointLoop } from './points.ts';
import { sharedBlock } from './shared.ts';

/** Each thread reads the operands itself. */
export function ownSum(context: Context): readonly Stmt[] {
  const { places, points } = context;
  const ofPlaces = places.flatMap(({ condition }) => condition ?? []);
  const isOwn = (condition: Condition): boolean => varies(context, condition);
  const common = [...points.conditions, ...ofPlaces].filter((condition) => !isOwn(condition));
  const operands = both(operandsOf(context, points.conditions.filter(isOwn)), (operand) => {
    const beyond = ofPlaces.filter((condition) => isOwn(condition) && isAlong(operand, condition));
    return { ...operand, conditions: [...operand.conditions, ...beyond] };
  });
  const block = inFours(points.loops, operands, common, context);
  return nested(block.loops, guarded(common, products(block.operands, context.sums, block)));
}

/** The threads of a workgroup copy blocks of the operands for all of them. */
export function sharedSum(context: Context): {
  readonly stmts: readonly Stmt[];
  readonly memory: readonly Buffer[];
} {
  const { places, points, threads, unique } = context;
  requires(points.parts === undefined, 'threads that share a sum share no operands');
  const inner = points.loops.filter((loop) => loop.inner);
  const outer = points.loops.filter((loop) => !loop.inner);
  const blocks = both(operandsOf(context, points.conditions), (operand) => {
    const beyond = places.flatMap(({ condition, source, whole }): readonly Condition[] =>
      condition !== undefined && isAlong(operand, condition) ? [{ index: whole, extent: source.extent }] : [],
    );
    const outside = { ...operand, conditions: [...operand.conditions, ...beyond] };
    return sharedBlock(outside, places, inner, threads, unique);
  });
  const block = inFours(
    inner,
    both(blocks, ({ operand }) => operand),
    [],
    context,
  );
  const body: readonly Stmt[] = [
    { kind: 'barrier' },
    ...blocks.flatMap(({ copy }) => copy),
    { kind: 'barrier' },
    ...nested(block.loops, products(block.operands, context.sums, block)),
  ];
  return { stmts: nested(outer, body), memory: blocks.map(({ buffer }) => buffer) };
}

/** Conditions on a point go to an operand that is zero where they do not hold: one whose place they are about. */
function operandsOf(
  { nest, points }: Context,
  conditions: readonly Condition[],
): readonly [Operand, Operand] {
  const { axes } = points;
  const [a, b] = both(nest.factors, ({ value, load }): Operand => ({
    name: load.buffer.name,
    value: substituteExpr(value, { axes }),
    load: substituteExpr(load, { axes }) as Operand['load'],
    conditions: [],
  }));
  const own = [[], []] as [Condition[], Condition[]];
  for (const condition of conditions) {
    const isAbout = [a, b].map((operand) => placesOf(operand).some((at) => sameAffine(at, condition.index)));
    const [inA, inB] = isAbout.includes(true) ? isAbout : [a, b].map((operand) => covers(operand, condition));
    requires(inA === true || inB === true, 'a condition is about both operands');
    if (inA === true) own[0].push(condition);
    if (inB === true && (isAbout[1] === true || inA !== true)) own[1].push(condition);
  }
  return [
    { ...a, conditions: own[0] },
    { ...b, conditions: own[1] },
  ];
}

const covers = (operand: Operand, { index }: Condition): boolean =>
  index.terms.every(({ axis }) => placesOf(operand).some((place) => mentions(place, axis)));

/** Whether the operand is read elsewhere at another place that the condition is about. */
const isAlong = (operand: Operand, { index }: Condition): boolean =>
  index.terms.some(({ axis }) => strideOf(operand, axis) !== 0);

interface Fours {
  readonly loops: readonly PointLoop[];
  readonly operands: readonly [Operand, Operand];
  readonly elements: readonly Axis[];
  readonly lane: Axis | undefined;
  /** Points of the innermost loop that are done together. */
  readonly points: Axis | undefined;
  readonly unique: (name: string) => string;
}

/**
 * for p in P { S }  →  for q in P/4 { S for all of p = 4·q … 4·q + 3 }
 *
 * Where an operand has those points side by side, so that they are read together. `common`: conditions on all of a point.
 */
function inFours(
  loops: readonly PointLoop[],
  operands: readonly [Operand, Operand],
  common: readonly Condition[],
  { elements, lane, unique }: Context,
): Fours {
  const asTheyAre = { loops, operands, elements, lane, points: undefined, unique };
  const last = loops.at(-1);
  const extent = last?.axis.extent;
  if (last === undefined || typeof extent !== 'number' || extent % lanes !== 0 || !isWhole(last))
    return asTheyAre;
  const together = operands.some(
    (operand) => strideOf(operand, last.axis) === 1 && (lane === undefined || strideOf(operand, lane) === 0),
  );
  const conditions = [...common, ...operands.flatMap((operand) => operand.conditions)];
  if (!together || conditions.some(({ index }) => mentions(index, last.axis))) return asTheyAre;
  const points: Axis = { name: unique(`${last.source.name}_point`), extent: lanes };
  const four: Axis = { name: unique(`${last.source.name}_four`), extent: extent / lanes };
  const axes = new Map([[last.axis, addAffine(scaleAffine(four, lanes), points)]]);
  return {
    ...asTheyAre,
    loops: [...loops.slice(0, -1), { ...last, axis: four, range: wholeRange(four) }],
    operands: both(operands, (operand) => ({
      ...operand,
      value: substituteExpr(operand.value, { axes }),
      load: substituteExpr(operand.load, { axes }) as Operand['load'],
      conditions: operand.conditions.map((condition) => substituteCondition(condition, { axes })),
    })),
    points,
  };
}

const isWhole = ({ axis, range }: PointLoop): boolean =>
  range.from.every(({ numerator }) => numerator.terms.length === 0 && numerator.constant === 0) &&
  range.to.every((q) => q !== 'N' && q.numerator.terms.length === 0 && q.numerator.constant === axis.extent);

function nested(loops: readonly PointLoop[], body: readonly Stmt[]): readonly Stmt[] {
  return loops.reduceRight<readonly Stmt[]>((inner, { axis, range }) => [serial(axis, inner, range)], body);
}
