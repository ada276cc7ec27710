/** How many blocks there are of a tile, and which dimensions of workgroups count them. */
import type { Dimension } from '../loop/bound.ts';
import { dimensions } from '../loop/bound.ts';
import type { Plan } from './wgsl-contraction-plan.ts';
import type { ContractionShape, RoleAxis } from './wgsl-contraction-shape.ts';
import { mostGroups } from './wgsl-limits.ts';

export interface Groups {
  readonly groups: number;
  /** Blocks that a workgroup does one after the other. */
  readonly serial: number;
}

export function groupsOf(shape: ContractionShape, plan: Plan): Groups {
  const blocks = blocksOf(shape, plan);
  const bound = dimensionsOf(blocks);
  const isBound = ({ axis }: Blocks): boolean => bound.get(axis) !== undefined;
  const phases =
    (shape.pixel !== undefined && isDivided(plan.pixels) ? shape.pixel.step : 1) *
    (shape.row !== undefined && plan.rows > 1 ? shape.row.step : 1);
  const product = (some: readonly Blocks[]): number => some.reduce((all, { count }) => all * count, 1);
  return {
    groups: product(blocks.filter(isBound)),
    serial: phases * product(blocks.filter((block) => !isBound(block))),
  };
}

export interface Blocks {
  readonly axis: RoleAxis;
  readonly count: number;
}

export const isDivided = ({ each, threads }: Plan['pixels']): boolean => each * threads > 1;

/** Blocks along each axis of the result, those along channels first. */
export function blocksOf(
  { channel, pixel, row, others }: ContractionShape,
  { channels, pixels, rows }: Plan,
): readonly Blocks[] {
  const along = (axis: RoleAxis, size: number): Blocks => {
    const step = size > 1 ? axis.step : 1;
    return { axis, count: Math.ceil(axis.count / step / size) };
  };
  return [
    along(channel, channels.each * channels.threads),
    ...(pixel === undefined ? [] : [along(pixel, pixels.each * pixels.threads)]),
    ...(row === undefined ? [] : [along(row, rows)]),
    ...others.toReversed().map((axis) => along(axis, 1)),
  ].filter(({ axis, count }) => count > 1 || axis.extent === 'N');
}

/**
 * The dimension of workgroups for each of the blocks: the batch has one for itself, the innermost others, too, and what is left
 * is counted together. Undefined: there would be too many.
 */
export function dimensionsOf(blocks: readonly Blocks[]): ReadonlyMap<RoleAxis, Dimension | undefined> {
  const batch = blocks.find(({ axis }) => axis.extent === 'N');
  const known = blocks.filter((block) => block !== batch);
  const own: readonly Dimension[] = batch === undefined ? dimensions : ['x', 'y'];
  const result = new Map<RoleAxis, Dimension | undefined>();
  const counts = new Map<Dimension, number>();
  known.forEach(({ axis, count }, i) => {
    const dimension = own[Math.min(i, own.length - 1)]!;
    const all = (counts.get(dimension) ?? 1) * count;
    if (all <= mostGroups) counts.set(dimension, all);
    result.set(axis, all <= mostGroups ? dimension : undefined);
  });
  if (batch !== undefined) result.set(batch.axis, own.length > known.length ? own[known.length] : 'z');
  return result;
}
