/** A contraction for a GPU: tiles of sums in the registers of each thread, blocks of operands in workgroup memory. */
import { invariant } from '../../../base/invariant.ts';
import { addAffine, affine, sameAffine, scaleAffine } from '../../affine.ts';
import type { Dimension } from '../../bound.ts';
import { denseBuffer } from '../../builder.ts';
import type { Affine, Axis, Buffer, Condition, Expr, Kernel, Local, Stmt } from '../../ir.ts';
import { serial, substituteCondition, substituteExpr, substituteStmts, visitStmts } from '../../rewrite.ts';
import { namesBeside } from '../find.ts';
import { lanes } from '../vectorize.ts';
import type { At, Block, Operand } from './held.ts';
import { both, clampedAt, combinations, constants, inLanes, mentions, products, sumAt } from './held.ts';
import type { ContractionNest, Factor } from './nest.ts';
import { contractionNest, placesOf } from './nest.ts';
import { addParts } from './parts.ts';
import type { AxisTile, Place } from './places.ts';
import { placeOf } from './places.ts';
import type { PointLoop, Points, SumTile } from './points.ts';
import { pointsOf } from './points.ts';
import type { ThreadAxis } from './shared.ts';
import { sharedBlock } from './shared.ts';

export interface ContractionTile {
  /** How the axes of the result are divided, outermost first; those that are not named: one place per workgroup. */
  readonly places: readonly AxisTile[];
  /** How the axes of the sum are divided; the others are loops of each thread. */
  readonly sum?: readonly SumTile[];
  /** How many of the innermost axes of the sum are inside of one block of operands. */
  readonly inner?: number;
  /** Whether blocks of both operands are copied into workgroup memory. */
  readonly shared?: boolean;
}

/**
 * for places { s = 0; for points { s += a[…] * b[…] }; y[…] = f(s) }
 *   →  for blocks bind(workgroup) { for threads bind(thread) {
 *        alloc s[tile]; s = 0
 *        for points { r = a[…]; q = b[…]; s[tile] += r[…] * q[…] }
 *        y[…] = f(s[tile])
 *      } }
 *
 * With `shared`, the operands of each block of points are copied into workgroup memory first, with zeros where a point takes
 * no part. Where threads share a sum, they add up their parts behind the loops. The order of the sum changes.
 */
export function tileContraction(kernel: Kernel, tile: ContractionTile): Kernel {
  const nest = contractionNest(kernel.body);
  invariant(nest !== undefined, `${kernel.name} is not one sum of products`);
  return new Tiling(kernel, nest, tile).run();
}

const dimensions: readonly Dimension[] = ['z', 'y', 'x'];

class Tiling {
  readonly #kernel: Kernel;
  readonly #nest: ContractionNest;
  readonly #tile: ContractionTile;
  readonly #unique: (name: string) => string;
  readonly #places: readonly Place[];
  readonly #points: Points;
  readonly #elements: readonly Axis[];
  readonly #lane: Axis | undefined;
  readonly #sums: Buffer;
  readonly #memory: Buffer[] = [];

  constructor(kernel: Kernel, nest: ContractionNest, tile: ContractionTile) {
    this.#kernel = kernel;
    this.#nest = nest;
    this.#tile = tile;
    this.#unique = namesBeside({ ...kernel, body: nest.epilogue });
    for (const { axis } of nest.reduction) this.#unique(axis.name);
    this.#places = nest.outer.map(({ axis }) => {
      const own = tile.places.find((each) => each.axis === axis.name) ?? { axis: axis.name };
      return placeOf(axis, own, this.#unique);
    });
    this.#elements = this.#places.flatMap(({ element, tile: { lanes: wide } }) =>
      element === undefined || wide === true ? [] : [element],
    );
    this.#lane = this.#places.find((place) => place.tile.lanes)?.element;
    this.#points = pointsOf(nest, {
      places: new Map(this.#places.map(({ source, whole }) => [source, whole])),
      varying: new Set(this.#varying()),
      tiles: tile.sum ?? [],
      inner: tile.inner ?? 0,
      unique: this.#unique,
    });
    const extents = this.#elements.map(({ extent }) => extent);
    const shape = this.#lane === undefined ? extents : [...extents, lanes];
    this.#sums = denseBuffer(this.#unique(nest.sum.name), 'f32', shape, 'register');
  }

  /** Axes that differ between what is done together: by one thread, or with barriers between by all of a workgroup. */
  #varying(): readonly Axis[] {
    const elements = this.#places.flatMap(({ element }) => element ?? []);
    if (this.#tile.shared !== true) return elements;
    return [...elements, ...this.#places.flatMap(({ threads }) => threads.map(({ axis }) => axis))];
  }

  run(): Kernel {
    const each = combinations(this.#elements);
    const zero: Expr = { kind: 'literal', dtype: 'f32', value: 0 };
    const body = [
      { kind: 'alloc', buffer: this.#sums } as const,
      ...this.#written(each, (at, lane) => [
        { kind: 'store', buffer: this.#sums, index: this.#sumAt(at, lane), value: zero },
      ]),
      ...(this.#tile.shared === true ? this.#sharedSum() : this.#ownSum()),
      ...this.#finished(each),
    ];
    return { ...this.#kernel, body: this.#bound(body) };
  }

  #sumAt(at: At, lane: Axis | undefined): Affine[] {
    return sumAt(this.#sums, this.#elements, at, lane);
  }

  /** What is done for each sum of a thread, in lanes where there are such. */
  #written(each: readonly At[], make: (at: At, lane: Axis | undefined) => readonly Stmt[]): readonly Stmt[] {
    const lane = this.#lane;
    if (lane === undefined) return each.flatMap((at) => make(at, undefined));
    return [inLanes(lane, this.#unique, (over) => each.flatMap((at) => make(at, over)))];
  }

  #factor({ value, load }: Factor): Operand {
    const { axes } = this.#points;
    return {
      name: load.buffer.name,
      value: substituteExpr(value, { axes }),
      load: substituteExpr(load, { axes }) as Operand['load'],
      conditions: [],
    };
  }

  /** Conditions on a point go to an operand that is zero where they do not hold: one whose place they are about. */
  #withConditions(conditions: readonly Condition[]): readonly [Operand, Operand] {
    const [a, b] = both(this.#nest.factors, (factor) => this.#factor(factor));
    const about = (operand: Operand, { index }: Condition): boolean =>
      placesOf(operand).some((place) => sameAffine(place, index));
    const covers = (operand: Operand, { index }: Condition): boolean =>
      index.terms.every(({ axis }) =>
        placesOf(operand).some(({ terms }) => terms.some((term) => term.axis === axis)),
      );
    const mine = [[], []] as [Condition[], Condition[]];
    for (const condition of conditions) {
      const about2 = [about(a, condition), about(b, condition)] as const;
      const covers2 = [covers(a, condition), covers(b, condition)] as const;
      if (!about2[0] && !about2[1] && !covers2[0] && !covers2[1])
        invariant(false, 'a condition is about both operands');
      if (about2[0] || (!about2[1] && covers2[0])) mine[0].push(condition);
      if (about2[1] || (!about2[0] && !covers2[0])) mine[1].push(condition);
    }
    return [
      { ...a, conditions: mine[0] },
      { ...b, conditions: mine[1] },
    ];
  }

  /** Axes of places of which some are behind the end. */
  #beyond(conditions: readonly Condition[]): ReadonlySet<Axis> {
    return new Set(
      this.#places
        .filter(({ condition }) => condition !== undefined && !conditions.includes(condition))
        .flatMap(({ whole }) => whole.terms.map(({ axis }) => axis)),
    );
  }

  /** Each thread reads the operands itself. */
  #ownSum(): readonly Stmt[] {
    const varies = (condition: Condition): boolean =>
      this.#elements.some((axis) => mentions(condition, axis));
    const places = this.#places.flatMap(({ condition }) => condition ?? []);
    const skipping = [...this.#points.conditions, ...places].filter((condition) => !varies(condition));
    const open = this.#withConditions(this.#points.conditions.filter(varies));
    const operands = both(open, (operand): Operand => {
      const beyond = this.#beyond(skipping);
      const load: Operand['load'] = {
        ...operand.load,
        index: clampedAt(operand.load.index, beyond).map((place, i) => {
          const affinePlace = operand.load.index[i];
          const given = operand.conditions.some(
            ({ index, extent }) =>
              affinePlace !== undefined &&
              !('clamped' in affinePlace) &&
              sameAffine(index, affinePlace) &&
              extent === operand.load.buffer.shape[i],
          );
          return given && affinePlace !== undefined ? affinePlace : place;
        }),
      };
      return { ...operand, load, value: withLoad(operand.value, operand.load, load) };
    });
    const { loops, parts } = this.#points;
    const [rolled, points] = this.#unrolled(loops, operands);
    const leaf = products(rolled.operands, this.#sums, this.#block(points));
    const guarded: readonly Stmt[] =
      skipping.length === 0 ? leaf : [{ kind: 'if', conditions: skipping, body: leaf }];
    const nest = nested(rolled.loops, guarded);
    if (parts === undefined) return nest;
    const others = this.#threads()
      .map(({ axis }) => axis)
      .filter((axis) => axis !== parts.axis);
    const sums = { buffer: this.#sums, elements: this.#elements, lane: this.#lane };
    const { memory, stmts } = addParts(sums, parts.axis, others, this.#unique);
    this.#memory.push(memory);
    // What is left there by the block before has been read.
    const again = this.#places.some(
      ({ phase, block, tile }) =>
        phase !== undefined || (block !== undefined && tile.workgroups === undefined),
    );
    return [...nest, ...(again ? [{ kind: 'barrier' } as const] : []), ...stmts];
  }

  #block(points: Axis | undefined): Block {
    return { elements: this.#elements, lane: this.#lane, points, unique: this.#unique };
  }

  /** Four points of the innermost loop are done together where an operand has them side by side. */
  #unrolled(
    loops: readonly PointLoop[],
    operands: readonly [Operand, Operand],
  ): readonly [
    { readonly loops: readonly PointLoop[]; readonly operands: readonly [Operand, Operand] },
    Axis | undefined,
  ] {
    const last = loops.at(-1);
    const extent = last?.axis.extent;
    const { lane } = this.#block(undefined);
    const isWhole =
      last !== undefined &&
      typeof extent === 'number' &&
      last.range.to.every(
        (q) => q !== 'N' && q.numerator.terms.length === 0 && q.numerator.constant === extent,
      );
    const starts = last?.range.from.every(
      (q) => q.numerator.terms.length === 0 && q.numerator.constant === 0,
    );
    if (!isWhole || starts !== true || Number(extent) % lanes !== 0) return [{ loops, operands }, undefined];
    const moves = operands.some(({ load, conditions }) => {
      const along = strideAlong(load, last.axis);
      return (
        along === 1 &&
        (lane === undefined || strideAlong(load, lane) === 0) &&
        !conditions.some((c) => mentions(c, last.axis))
      );
    });
    if (!moves) return [{ loops, operands }, undefined];
    const points: Axis = { name: this.#unique(`${last.source.name}_point`), extent: lanes };
    const quad: Axis = { name: this.#unique(`${last.source.name}_four`), extent: Number(extent) / lanes };
    const axes = new Map([[last.axis, addAffine(scaleAffine(quad, lanes), points)]]);
    const moved = both(operands, (operand): Operand => ({
      ...operand,
      value: substituteExpr(operand.value, { axes }),
      load: substituteExpr(operand.load, { axes }) as Operand['load'],
      conditions: operand.conditions.map((condition) => substituteCondition(condition, { axes })),
    }));
    const loop = serial(quad, []) as Stmt & { readonly kind: 'for' };
    const over: PointLoop = { ...last, axis: quad, range: loop.range };
    return [{ loops: [...loops.slice(0, -1), over], operands: moved }, points];
  }

  /** All threads copy blocks of the operands for all of them. */
  #sharedSum(): readonly Stmt[] {
    const { loops, conditions, parts } = this.#points;
    invariant(parts === undefined, 'threads that share a sum share no operands');
    const inner = loops.filter((loop) => loop.inner);
    const outer = loops.filter((loop) => !loop.inner);
    const blocks = both(this.#withConditions(conditions), (operand) => {
      const ofPlaces = this.#places.flatMap(({ condition, source, whole }): readonly Condition[] =>
        condition !== undefined && whole.terms.some(({ axis }) => strideAlong(operand.load, axis) !== 0)
          ? [{ index: whole, extent: source.extent }]
          : [],
      );
      const beyond = { ...operand, conditions: [...operand.conditions, ...ofPlaces] };
      return sharedBlock(beyond, this.#places, inner, this.#threads(), this.#unique);
    });
    this.#memory.push(...blocks.map(({ buffer }) => buffer));
    const [rolled, points] = this.#unrolled(
      inner,
      both(blocks, ({ operand }) => operand),
    );
    const multiply = nested(rolled.loops, products(rolled.operands, this.#sums, this.#block(points)));
    return nested(outer, [
      { kind: 'barrier' },
      ...blocks.flatMap(({ copy }) => copy),
      { kind: 'barrier' },
      ...multiply,
    ]);
  }

  /** The stores, for each sum of a thread whose place exists. */
  #finished(each: readonly At[]): readonly Stmt[] {
    const conditions = this.#places.flatMap(({ condition }) => condition ?? []);
    const { parts } = this.#points;
    if (parts !== undefined) conditions.push({ index: affine(parts.axis), extent: 1 });
    const varies = (condition: Condition): boolean =>
      this.#elements.some((axis) => mentions(condition, axis));
    const own = conditions.filter(varies);
    const common = conditions.filter((condition) => !varies(condition));
    const store = (at: At, over: Axis | undefined): readonly Stmt[] => this.#stored(at, over);
    const body =
      own.length === 0
        ? this.#written(each, store)
        : each.flatMap((at): readonly Stmt[] => {
            const axes = constants(at);
            const held = own.map((condition) => substituteCondition(condition, { axes }));
            return [{ kind: 'if', conditions: held, body: this.#written([at], store) }];
          });
    return common.length === 0 ? body : [{ kind: 'if', conditions: common, body }];
  }

  /** The statements behind the sum, for one place. */
  #stored(at: At, over: Axis | undefined): readonly Stmt[] {
    const { epilogue, sum } = this.#nest;
    const locals = new Map<Local, Expr>();
    visitStmts(epilogue, (stmt) => {
      if (stmt.kind === 'let') locals.set(stmt.local, { kind: 'local', local: { ...stmt.local } });
    });
    const placed = substituteStmts(epilogue, {
      axes: this.#points.axes,
      locals,
      load: (e) => (e.buffer === sum ? { ...e, buffer: this.#sums, index: this.#sumAt(at, over) } : e),
    });
    const axes = constants(at);
    if (this.#lane !== undefined && over !== undefined) axes.set(this.#lane, affine(over));
    return substituteStmts(placed, { axes });
  }

  #threads(): readonly ThreadAxis[] {
    const { parts } = this.#points;
    const all = [...this.#places.flatMap(({ threads }) => threads), ...(parts === undefined ? [] : [parts])];
    return dimensions.toReversed().flatMap((dimension) => all.filter((each) => each.dimension === dimension));
  }

  /** Loops over blocks and threads, and over blocks that follow one another, around what each thread does. */
  #bound(body: readonly Stmt[]): readonly Stmt[] {
    const blocks = this.#places.flatMap(({ block, tile: { workgroups } }) =>
      block === undefined ? [] : [{ ...block, dimension: workgroups }],
    );
    const following = this.#places.flatMap(({ phase }) => phase ?? []);
    let inside = following.reduceRight<readonly Stmt[]>((inner, axis) => [serial(axis, inner)], body);
    for (const { axis, range } of blocks.filter(({ dimension }) => dimension === undefined).toReversed())
      inside = [serial(axis, inside, range)];
    for (const { axis, dimension } of this.#threads())
      inside = [bound(serial(axis, inside), `thread_${dimension}`)];
    inside = [...this.#memory.map((buffer): Stmt => ({ kind: 'alloc', buffer })), ...inside];
    for (const dimension of dimensions.toReversed())
      for (const { axis, range } of blocks.filter((block) => block.dimension === dimension))
        inside = [bound(serial(axis, inside, range), `workgroup_${dimension}`)];
    return inside;
  }
}

function bound(loop: Stmt, bind: string): Stmt {
  return { ...(loop as Stmt & { readonly kind: 'for' }), mode: { bind } };
}

function nested(loops: readonly PointLoop[], body: readonly Stmt[]): readonly Stmt[] {
  return loops.reduceRight<readonly Stmt[]>((inner, { axis, range }) => [serial(axis, inner, range)], body);
}

function strideAlong(load: Factor['load'], axis: Axis): number {
  return load.index.reduce((sum, place, i) => {
    const index =
      'clamped' in place ? (place.clamped.kind === 'index' ? place.clamped.index : undefined) : place;
    const factor = index?.terms.find((term) => term.axis === axis)?.factor ?? 0;
    return sum + factor * (load.buffer.strides[i] ?? 0);
  }, 0);
}

function withLoad(value: Expr, before: Expr, after: Expr): Expr {
  return substituteExpr(value, {
    load: (e) => (e.buffer === (before as Factor['load']).buffer ? (after as Factor['load']) : e),
  });
}
