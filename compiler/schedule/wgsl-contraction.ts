/**
 * Contractions for a GPU. Each thread keeps a tile of sums in registers: several places (pixels, rows, input channels of a
 * kernel gradient) times four channels, so that an element that was read is used more than once. Where operands are read by
 * many threads of a workgroup, blocks of them are copied into its memory. Where there are few results and long sums, threads
 * share a sum. Which of these, and how large, is the cheapest by an estimate from the shapes alone.
 */
import type { Kernel } from '../loop/ir.ts';
import type { ContractionTile } from '../loop/transform/contraction/tile.ts';
import { contractionShape } from './wgsl-contraction-shape.ts';
import { candidates } from './wgsl-contraction-tiles.ts';
import { checkSharedMemory } from './wgsl-limits.ts';
import { Scheduling } from './steps.ts';

/** The kernel in tiles, best for so many samples; undefined where it is not one sum of products, or has no channels side by side. */
export function scheduleContractionForWgsl(kernel: Kernel, batch?: number): Scheduling | undefined {
  const s = new Scheduling(kernel);
  s.apply({ step: 'collapse' }, { step: 'simplify' }, { step: 'inline' });
  const shape = contractionShape(s.kernel, batch);
  if (shape === undefined) return undefined;
  const best = candidates(shape).toSorted((a, b) => a.cost - b.cost);
  const taken = best.slice(0, attempts).some(({ tile }) => applyTile(s, tile));
  return taken ? s : undefined;
}

/** The cheapest tiles that are tried before the kernel is given up. */
const attempts = 8;

/** Whether the tile fits the kernel, and what it keeps in workgroup memory fits in there. */
export function applyTile(s: Scheduling, tile: ContractionTile): boolean {
  return s.transaction(() => {
    s.apply(
      { step: 'tile_contraction', ...tile },
      { step: 'simplify' },
      { step: 'lift_conditions' },
      { step: 'hoist' },
      { step: 'inline' },
    );
    checkSharedMemory(s.kernel);
  });
}
