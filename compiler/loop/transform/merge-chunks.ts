import { identityOf } from '../arithmetic.ts';
import { loadsOf, writesOf } from '../accesses.ts';
import type { Buffer, Combine, Kernel, Stmt } from '../ir.ts';
import { mapBlocks } from '../rewrite.ts';

/**
 * alloc a; a = 0; S(a += …); t += a  →  S(t += …)
 *
 * where nothing else reads a. This changes in which order is added: a long sum is no longer one of sums. Only where it is then
 * divided in another way, and on targets that promise a tolerance instead of bits.
 */
export function mergeChunks(kernel: Kernel): Kernel {
  return { ...kernel, body: mapBlocks(kernel.body, merged) };
}

function merged(block: readonly Stmt[]): readonly Stmt[] {
  const [alloc, start, ...rest] = block;
  const end = rest.pop();
  if (alloc?.kind !== 'alloc' || start?.kind !== 'store' || end?.kind !== 'accumulate') return block;
  const chunk = alloc.buffer;
  const isSum =
    start.buffer === chunk &&
    start.value.kind === 'literal' &&
    start.value.value === identityOf(end.combine, chunk.dtype) &&
    end.value.kind === 'load' &&
    end.value.buffer === chunk &&
    onlyAccumulates(rest, chunk, end.combine);
  return isSum ? rest.map((stmt) => into(stmt, chunk, end.buffer)) : block;
}

/** Whether all that is done with the register is to combine something with it. */
const onlyAccumulates = (body: readonly Stmt[], chunk: Buffer, combine: Combine): boolean =>
  loadsOf(body).every(({ buffer }) => buffer !== chunk) &&
  writesOf(body).every(
    (write) => write.buffer !== chunk || (write.kind === 'accumulate' && write.combine === combine),
  );

function into(stmt: Stmt, from: Buffer, to: Buffer): Stmt {
  if (stmt.kind === 'for' || stmt.kind === 'if')
    return { ...stmt, body: stmt.body.map((child) => into(child, from, to)) };
  return stmt.kind === 'accumulate' && stmt.buffer === from ? { ...stmt, buffer: to } : stmt;
}
