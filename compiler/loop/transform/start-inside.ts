import { affine } from '../affine.ts';
import type { Kernel, Stmt } from '../ir.ts';
import { mapBlocks } from '../rewrite.ts';
import { isWhole } from './find.ts';
import { requires } from './step-error.ts';

/**
 * r = 0; for n in N { S }  →  for n in N { if 0 <= n < 1 { r = 0 }; S }
 *
 * For a loop over the whole batch, which has at least one sample. What sums up over it then starts in the same iteration of
 * loops that are moved inside as it goes on.
 */
export function startInside(kernel: Kernel, axis: string): Kernel {
  let count = 0;
  const body = mapBlocks(kernel.body, (block) => {
    const at = block.findIndex((stmt) => stmt.kind === 'for' && stmt.axis.name === axis);
    const loop = block[at];
    if (loop?.kind !== 'for') return block;
    requires(loop.axis.extent === 'N' && isWhole(loop), `${axis} does not run over the whole batch`);
    const starts = block.slice(0, at).filter(isStart);
    if (starts.length === 0) return block;
    count++;
    const first: Stmt = { kind: 'if', conditions: [{ index: affine(loop.axis), extent: 1 }], body: starts };
    return [
      ...block.slice(0, at).filter((stmt) => !isStart(stmt)),
      { ...loop, body: [first, ...loop.body] },
      ...block.slice(at + 1),
    ];
  });
  requires(count > 0, `nothing starts before the loop over ${axis}`);
  return { ...kernel, body };
}

const isStart = (stmt: Stmt): boolean =>
  stmt.kind === 'store' && stmt.buffer.space === 'register' && stmt.value.kind === 'literal';
