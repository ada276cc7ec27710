import { addAffine, affine, scaleAffine } from '../affine.ts';
import type { Affine, Axis, For, Kernel, Stmt } from '../ir.ts';
import { serial, substituteStmts } from '../rewrite.ts';
import { isWhole, namesBeside, replaceLoops } from './find.ts';
import { requires } from './step-error.ts';

/**
 * for a in E { S }  →  for a_block in E/size { for a_1 in size { S[a := size·a_block + a_1] } }
 *                      for a_2 in E%size { S[a := E - E%size + a_2] }                      where E%size > 0
 *
 * Needs a loop over the whole of a static axis. The names of both inner loops are given, so that a schedule can go on
 * with them; the order of iterations stays.
 */
export function split(
  kernel: Kernel,
  axis: string,
  size: number,
  names: { readonly block: string; readonly inner: string; readonly rest: string },
): Kernel {
  const unique = namesBeside(kernel);
  const [blockName, innerName, restName] = [unique(names.block), unique(names.inner), unique(names.rest)];
  return replaceLoops(kernel, axis, (loop) => {
    const { extent } = loop.axis;
    requires(typeof extent === 'number' && isWhole(loop), `only a whole loop can be split, not ${axis}`);
    const blocks = Math.floor(extent / size);
    const rest = extent % size;
    const block: Axis = { name: blockName, extent: blocks };
    const inner: Axis = { name: innerName, extent: size };
    const tail: Axis = { name: restName, extent: rest };
    const main = serial(block, [runningAt(loop, inner, addAffine(scaleAffine(block, size), inner))]);
    return [
      ...(blocks === 0 ? [] : [main]),
      ...(rest === 0 ? [] : [runningAt(loop, tail, addAffine(affine(extent - rest), tail))]),
    ];
  });
}

function runningAt(loop: For, axis: Axis, place: Affine): Stmt {
  const body = substituteStmts(loop.body, { axes: new Map([[loop.axis, place]]) });
  return { ...serial(axis, body), mode: loop.mode };
}

/**
 * for a in E { S }  →  for a in at { S }; for a_1 in E-at { S[a := at + a_1] }
 *
 * Needs a loop over the whole of a static axis and 0 < at < E. After `simplify`, bounds that hold for a whole part are gone.
 */
export function peel(kernel: Kernel, axis: string, at: number): Kernel {
  const unique = namesBeside(kernel);
  const names = [unique(`${axis}_first`), unique(`${axis}_rest`)] as const;
  return replaceLoops(kernel, axis, (loop) => {
    const { extent } = loop.axis;
    requires(typeof extent === 'number' && isWhole(loop), `only a whole loop can be peeled, not ${axis}`);
    requires(at > 0 && at < extent, `${axis} cannot be divided at ${at}`);
    const first: Axis = { name: names[0], extent: at };
    const second: Axis = { name: names[1], extent: extent - at };
    return [runningAt(loop, first, affine(first)), runningAt(loop, second, addAffine(second, at))];
  });
}
