import { affine } from '../affine.ts';
import type { Axis, Kernel, Range, Stmt } from '../ir.ts';
import { quotient, serial } from '../rewrite.ts';
import { copyOf } from './copy.ts';
import { namesBeside, replaceLoops } from './find.ts';
import { requires } from './step-error.ts';

/**
 * for a in l..h { S }  →  for a_first in l..min(h, from) { S }; for a in max(l, from)..min(h, to) { S };
 *                         for a_last in max(l, to)..h { S }
 *
 * The same iterations in the same order. Where from and to are bounds that hold everywhere, the middle loop gets constant
 * ones by `simplify`: it can be tiled, and what differs is left to the short loops at its ends.
 */
export function clip(kernel: Kernel, axis: string, from: number, to: number): Kernel {
  requires(from <= to, `${axis} has no middle`);
  const unique = namesBeside(kernel);
  return replaceLoops(kernel, axis, (loop) => {
    const { range } = loop;
    const part = (suffix: string, bounds: Range): Stmt => {
      const over: Axis = { ...loop.axis, name: unique(axis + suffix) };
      return serial(
        over,
        copyOf(loop.body, { axis: loop.axis, place: affine(over), suffix }, unique),
        bounds,
      );
    };
    return [
      part('_first', { from: range.from, to: [...range.to, quotient(from)] }),
      { ...loop, range: { from: [...range.from, quotient(from)], to: [...range.to, quotient(to)] } },
      part('_last', { from: [...range.from, quotient(to)], to: range.to }),
    ];
  });
}
