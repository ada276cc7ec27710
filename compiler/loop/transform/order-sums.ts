import { loadsIn } from '../accesses.ts';
import type { Buffer, For, Kernel, Stmt, StmtOf } from '../ir.ts';
import { visitStmts } from '../rewrite.ts';
import { Keys } from './keys.ts';

/**
 * for lane { a += p; b += q }; for lane { a += r; b += s }  →  for lane { b += q; b += s; a += p; a += r }
 *
 * where a and b are registers and neither p nor q, r, s read any. One sum after the other, so that what it is made of is loaded
 * when its turn comes and not before; the terms of each keep their order, and with it their bits.
 *
 * The last sum is first where something is computed from the sums, as a bias and a ReLU are: V8's older compiler (TurboFan) begins with
 * the last one there, and loads what it needs in the order of the code. Where sums are stored as they are it begins with the first.
 */
export function orderSums(kernel: Kernel): Kernel {
  const keys = new Keys();
  const computed = computedWith(kernel.body);
  const within = (stmt: Stmt): Stmt => {
    if (stmt.kind !== 'for' && stmt.kind !== 'if') return stmt;
    if (stmt.kind === 'for' && stmt.mode === 'vectorize') {
      if (stmt.body.length < 2 || !isSums(stmt.body)) return stmt;
      const sums = bySum(stmt.body, keys);
      const last = stmt.body.every(({ buffer }) => computed.has(buffer));
      return { ...stmt, body: (last ? sums.toReversed() : sums).flat() };
    }
    const body = ordered(stmt.body);
    return body === stmt.body ? stmt : { ...stmt, body };
  };
  const ordered = (body: readonly Stmt[]): readonly Stmt[] => {
    const whole = joined(body);
    const result = whole.map(within);
    return result.every((stmt, i) => stmt === whole[i]) ? whole : result;
  };
  return { ...kernel, body: ordered(kernel.body) };
}

type Sum = StmtOf<'accumulate'>;

/** Registers that take part in what is stored. */
function computedWith(body: readonly Stmt[]): ReadonlySet<Buffer> {
  const found = new Set<Buffer>();
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'store' && stmt.value.kind !== 'load')
      for (const { buffer } of loadsIn(stmt.value)) found.add(buffer);
  });
  return found;
}

/** Whether there is nothing but terms of sums in registers, in any order of the sums. */
const isSums = (body: readonly Stmt[]): body is readonly Sum[] =>
  body.every(
    (stmt) =>
      stmt.kind === 'accumulate' &&
      stmt.buffer.space === 'register' &&
      loadsIn(stmt.value).every(({ buffer }) => buffer.space !== 'register'),
  );

/** Loops over the same lanes beside one another become one. */
function joined(body: readonly Stmt[]): readonly Stmt[] {
  if (body.length < 2) return body;
  const result: Stmt[] = [];
  for (const stmt of body) {
    const before = result.at(-1);
    if (before?.kind === 'for' && stmt.kind === 'for' && areAlike(before, stmt))
      result[result.length - 1] = { ...before, body: [...before.body, ...stmt.body] };
    else result.push(stmt);
  }
  return result.length === body.length ? body : result;
}

const areAlike = (a: For, b: For): boolean =>
  a.mode === 'vectorize' && b.mode === 'vectorize' && a.axis === b.axis && isSums(a.body) && isSums(b.body);

function bySum(body: readonly Sum[], keys: Keys): readonly (readonly Sum[])[] {
  const sums = new Map<number, Sum[]>();
  for (const stmt of body) {
    const key = keys.of({ kind: 'load', buffer: stmt.buffer, index: stmt.index });
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, [stmt]);
    else sum.push(stmt);
  }
  return [...sums.values()];
}
