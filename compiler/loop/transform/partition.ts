import { addAffine } from '../affine.ts';
import type { Axis, Kernel } from '../ir.ts';
import { serial } from '../rewrite.ts';
import { copyOf } from './copy.ts';
import { isWhole, namesBeside, replaceLoops } from './find.ts';
import { requires } from './step-error.ts';

/** One part of an axis; its loop and all loops inside get names with `suffix` behind. */
export interface Part {
  readonly start: number;
  readonly extent: number;
  readonly suffix: string;
}

/**
 * for a in E { for b { S } }  →  for a_s in e { for b_s { S[a := start + a_s] } } …    one loop per part, in their order
 *
 * Needs a loop over the whole of a static axis. Parts cover it, in any order; they may overlap, which computes some
 * elements twice: only for kernels whose outputs share memory with no input. After `simplify`, bounds that hold
 * for a whole part are gone.
 */
export function partition(kernel: Kernel, axis: string, parts: readonly Part[]): Kernel {
  const unique = namesBeside(kernel);
  return replaceLoops(kernel, axis, (loop) => {
    const { extent } = loop.axis;
    requires(
      typeof extent === 'number' && isWhole(loop),
      `only a whole loop can be partitioned, not ${axis}`,
    );
    requires(covers(parts, extent), `the parts of ${axis} do not cover it`);
    return parts.map((part) => {
      const over: Axis = { name: unique(axis + part.suffix), extent: part.extent };
      const place = addAffine(over, part.start);
      const body = copyOf(loop.body, { axis: loop.axis, place, suffix: part.suffix }, unique);
      return { ...serial(over, body), mode: loop.mode };
    });
  });
}

function covers(parts: readonly Part[], extent: number): boolean {
  let end = 0;
  for (const part of parts.toSorted((a, b) => a.start - b.start)) {
    if (part.start > end || part.extent < 1 || part.start + part.extent > extent) return false;
    end = Math.max(end, part.start + part.extent);
  }
  return end === extent;
}

/**
 * for a in E { S }  →  for b in blocks { for i in size { S[a := stride·b + i] } }    where stride·(blocks - 1) + size = E
 *
 * With stride < size neighbouring blocks overlap: some elements are computed twice.
 */
export function overlap(
  kernel: Kernel,
  axis: string,
  { size, stride, block, inner }: Overlap & { readonly size: number },
): Kernel {
  const unique = namesBeside(kernel);
  return replaceLoops(kernel, axis, (loop) => {
    const { extent } = loop.axis;
    requires(typeof extent === 'number' && isWhole(loop), `only a whole loop can be divided, not ${axis}`);
    const blocks = (extent - size) / stride + 1;
    requires(Number.isInteger(blocks) && stride <= size, `blocks of ${size} do not end with ${axis}`);
    const [outer, within]: [Axis, Axis] = [
      { name: unique(block), extent: blocks },
      { name: unique(inner), extent: size },
    ];
    const place = {
      constant: 0,
      terms: [
        { axis: outer, factor: stride },
        { axis: within, factor: 1 },
      ],
    };
    const body = copyOf(loop.body, { axis: loop.axis, place, suffix: '' });
    return [serial(outer, [{ ...serial(within, body), mode: loop.mode }])];
  });
}

export interface Overlap {
  readonly stride: number;
  readonly block: string;
  readonly inner: string;
}
