import { mentions } from '../affine.ts';
import type { Kernel, Stmt } from '../ir.ts';

/**
 * for a { if c { S } }  →  if c { for a { S } }   where c does not depend on a, and the loop is not bound
 *
 * Conditions of `if`s directly inside of one another come together.
 */
export function liftConditions(kernel: Kernel): Kernel {
  return { ...kernel, body: kernel.body.map(lifted) };
}

function lifted(stmt: Stmt): Stmt {
  if (stmt.kind !== 'for' && stmt.kind !== 'if') return stmt;
  const body = stmt.body.map(lifted);
  const [only, more] = body;
  if (only?.kind !== 'if' || more !== undefined) return { ...stmt, body };
  if (stmt.kind === 'if') return { ...only, conditions: [...stmt.conditions, ...only.conditions] };
  if (typeof stmt.mode === 'object') return { ...stmt, body };
  const dependent = only.conditions.filter(({ index }) => mentions(index, stmt.axis));
  const free = only.conditions.filter((condition) => !dependent.includes(condition));
  if (free.length === 0) return { ...stmt, body };
  const inner = dependent.length === 0 ? only.body : [{ ...only, conditions: dependent }];
  return { kind: 'if', conditions: free, body: [{ ...stmt, body: inner }] };
}
