import { addAffine, subAffine } from '../affine.ts';
import type { Affine, Axis, Kernel, Quotient } from '../ir.ts';
import { quotient, serial, substituteStmts } from '../rewrite.ts';
import { namesBeside, replaceLoops } from './find.ts';
import { requires } from './step-error.ts';

/**
 * for a in b+l..b+h { S }  →  for a' in 0..h-l { S[a := b + l + a'] }
 *
 * where `b` is the outer axis named `along`. Other bounds of the loop are taken along. What was a moving window of `a` becomes
 * the same window at every place, so that loops over `b` can be tiled.
 */
export function shift(kernel: Kernel, axis: string, along: string): Kernel {
  const unique = namesBeside(kernel);
  const name = unique(`${axis}_shifted`);
  return replaceLoops(kernel, axis, (loop) => {
    const { range } = loop;
    const moving = (q: Quotient | 'N'): q is Quotient =>
      q !== 'N' && q.divisor === 1 && q.numerator.terms.some((t) => t.axis.name === along && t.factor === 1);
    const [from, to] = [range.from.find(moving), range.to.find(moving)];
    requires(from !== undefined && to !== undefined, `the bounds of ${axis} do not move along ${along}`);
    const size = subAffine(to.numerator, from.numerator);
    requires(size.terms.length === 0 && size.constant > 0, `the window of ${axis} is not always as large`);
    const base: Affine = from.numerator;
    const over: Axis = { name, extent: size.constant };
    const moved = (q: Quotient): Quotient => {
      requires(q.divisor === 1, `${axis} has a bound with a division`);
      return quotient(subAffine(q.numerator, base));
    };
    const body = substituteStmts(loop.body, { axes: new Map([[loop.axis, addAffine(base, over)]]) });
    const bounds = {
      from: range.from.map(moved),
      to: range.to.map((q) => (q === 'N' ? q : moved(q))),
    };
    requires(!bounds.to.includes('N'), `${axis} runs over the batch`);
    return [{ ...serial(over, body, bounds), mode: loop.mode }];
  });
}
