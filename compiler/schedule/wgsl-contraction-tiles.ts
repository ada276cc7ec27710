/** Tiles for a contraction: the cheapest of each kind. */
import type { ContractionTile } from '../loop/transform/contraction/tile.ts';
import { blocksOf, dimensionsOf, isDivided } from './wgsl-contraction-blocks.ts';
import { costOf } from './wgsl-contraction-cost.ts';
import type { Plan, TileKind } from './wgsl-contraction-plan.ts';
import { divisorsOf, plansOf } from './wgsl-contraction-plan.ts';
import type { ContractionShape, RoleAxis } from './wgsl-contraction-shape.ts';

/** Of each kind so many are given. */
const kept = 3;

export interface Candidate {
  readonly kind: TileKind;
  readonly cost: number;
  readonly tile: ContractionTile;
}

/** The cheapest tiles of each kind, the cheapest of all first. */
export function candidates(shape: ContractionShape): readonly Candidate[] {
  const costs = plansOf(shape)
    .map((plan) => ({ plan, cost: costOf(shape, plan) }))
    .filter(({ cost }) => Number.isFinite(cost))
    .toSorted((a, b) => a.cost - b.cost);
  const ofKind = (kind: TileKind): typeof costs =>
    costs.filter(({ plan }) => plan.kind === kind).slice(0, kept);
  return [...ofKind('own'), ...ofKind('shared'), ...ofKind('split')]
    .toSorted((a, b) => a.cost - b.cost)
    .map(({ plan, cost }) => ({ kind: plan.kind, cost, tile: tileOf(shape, plan) }));
}

function tileOf(shape: ContractionShape, plan: Plan): ContractionTile {
  const { channel, pixel, row, others, lanes, sum } = shape;
  const { kind, channels, pixels, rows, split, block } = plan;
  const bound = dimensionsOf(blocksOf(shape, plan));
  const workgroups = (axis: RoleAxis) => {
    const dimension = bound.get(axis);
    return dimension === undefined ? {} : { workgroups: dimension };
  };
  const columns = kind === 'shared' ? columnsOf(channels.threads, block?.points ?? 1) : channels.threads;
  const deep = kind === 'shared' || rows > 1 ? 'z' : 'y';
  return {
    places: [
      ...others.map((axis) => ({ axis: axis.name, ...workgroups(axis) })),
      ...(row === undefined
        ? []
        : [
            {
              axis: row.name,
              threads: [{ dimension: 'z' as const, count: rows }],
              ...(rows > 1 && row.step > 1 && { step: row.step }),
              ...workgroups(row),
            },
          ]),
      ...(pixel === undefined
        ? []
        : [
            {
              axis: pixel.name,
              each: pixels.each,
              threads: [
                {
                  dimension: deep === 'z' && rows === 1 ? ('z' as const) : ('y' as const),
                  count: pixels.threads,
                },
              ],
              ...(isDivided(pixels) && pixel.step > 1 && { step: pixel.step }),
              ...workgroups(pixel),
            },
          ]),
      {
        axis: channel.name,
        each: channels.each,
        ...(lanes ? { lanes } : channels.each > 1 && { apart: true }),
        threads: [
          { dimension: 'x', count: columns },
          { dimension: 'y', count: channels.threads / columns },
        ],
        ...workgroups(channel),
      },
    ],
    ...(split && {
      sum: [{ axis: split.axis.name, threads: { dimension: 'z' as const, count: split.threads } }],
    }),
    ...(block && {
      shared: true,
      inner: block.inner,
      ...(block.size !== undefined && { sum: [{ axis: sum.at(-1)?.name ?? '', block: block.size }] }),
    }),
  };
}

/** Threads of the innermost dimension, so that those copy a row of points in vectors. */
function columnsOf(threads: number, points: number): number {
  const vectors = Math.max(1, Math.floor(points / 4));
  return divisorsOf(threads).findLast((n) => n <= vectors) ?? 1;
}
