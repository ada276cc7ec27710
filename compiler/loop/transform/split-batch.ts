import { addAffine, affine, scaleAffine, subAffine } from '../affine.ts';
import type { Axis, Kernel } from '../ir.ts';
import { batchAxis } from '../ir.ts';
import { quotient, serial } from '../rewrite.ts';
import { copyOf } from './copy.ts';
import { isWhole, namesBeside, replaceLoops } from './find.ts';
import { requires } from './step-error.ts';

/**
 * for n in N { S }  →  for b in ⌊N/size⌋ { for i in size { S[n := size·b + i] } }
 *                      for q in ⌊N/size⌋..⌊N/size⌋+1 { for r in 0..N-size·q { S'[n := size·q + r] } }
 *
 * Needs a loop over the whole batch. The loop over q has one iteration: it names the number of blocks. S' is a copy whose
 * loops have `suffix` behind their names.
 */
export function splitBatch(
  kernel: Kernel,
  axis: string,
  size: number,
  names: { readonly block: string; readonly inner: string; readonly rest: string; readonly suffix: string },
): Kernel {
  const unique = namesBeside(kernel);
  return replaceLoops(kernel, axis, (loop) => {
    requires(loop.axis.extent === 'N' && isWhole(loop), `${axis} does not run over the whole batch`);
    const whole = unique(names.block);
    const block: Axis = { name: whole, extent: 'N' };
    const inner: Axis = { name: unique(names.inner), extent: size };
    const blocks: Axis = { name: unique(`${whole}s`), extent: 'N' };
    const rest: Axis = { name: unique(names.rest), extent: size };
    const copy = copyOf(
      loop.body,
      { axis: loop.axis, place: addAffine(scaleAffine(blocks, size), rest), suffix: names.suffix },
      unique,
    );
    const main = copyOf(loop.body, {
      axis: loop.axis,
      place: addAffine(scaleAffine(block, size), inner),
      suffix: '',
    });
    const count = quotient(affine(batchAxis), size);
    const next = quotient(addAffine(batchAxis, size), size);
    const left = quotient(subAffine(batchAxis, scaleAffine(blocks, size)));
    return [
      serial(block, [serial(inner, main)], { from: [quotient(0)], to: [count] }),
      serial(blocks, [serial(rest, copy, { from: [quotient(0)], to: [left] })], {
        from: [count],
        to: [next],
      }),
    ];
  });
}
