import { addAffine, scaleAffine } from '../affine.ts';
import type { Axis, Condition, Kernel, Stmt } from '../ir.ts';
import { batchAxis } from '../ir.ts';
import { quotient, serial, substituteStmts, wholeRange } from '../rewrite.ts';
import { isWhole, namesBeside, replaceLoops } from './find.ts';
import { requires } from './step-error.ts';

/**
 * for a in E { S }  →  for a_block in ⌈E/size⌉ { for a_1 in size { if 0 <= i < E { S[a := i] } } }   with i = size·a_block + a_1
 *
 * Needs a loop over a whole axis, which may be the batch. Without the `if` where size divides E. It stands inside of loops
 * that are nested directly in this one, so that they still are.
 */
export function splitGuarded(
  kernel: Kernel,
  axis: string,
  size: number,
  names: { readonly block: string; readonly inner: string },
): Kernel {
  const unique = namesBeside(kernel);
  const [blockName, innerName] = [unique(names.block), unique(names.inner)];
  return replaceLoops(kernel, axis, (loop) => {
    const { extent } = loop.axis;
    requires(isWhole(loop), `only a whole loop can be split, not ${axis}`);
    const whole = extent !== 'N' && extent % size === 0;
    const block: Axis = { name: blockName, extent: extent === 'N' ? 'N' : Math.ceil(extent / size) };
    const inner: Axis = { name: innerName, extent: size };
    const index = addAffine(scaleAffine(block, size), inner);
    const body = substituteStmts(loop.body, { axes: new Map([[loop.axis, index]]) });
    const blocks =
      extent === 'N'
        ? { from: [quotient(0)], to: [quotient(addAffine(batchAxis, size - 1), size)] }
        : wholeRange(block);
    return [serial(block, [serial(inner, whole ? body : guardInside(body, { index, extent }))], blocks)];
  });
}

/** The condition around what is done in the innermost of loops nested directly in one another. */
function guardInside(body: readonly Stmt[], condition: Condition): readonly Stmt[] {
  const [only, more] = body;
  if (only !== undefined && more === undefined) {
    if (only.kind === 'for') return [{ ...only, body: guardInside(only.body, condition) }];
    if (only.kind === 'if') return [{ ...only, conditions: [condition, ...only.conditions] }];
  }
  return [{ kind: 'if', conditions: [condition], body }];
}
