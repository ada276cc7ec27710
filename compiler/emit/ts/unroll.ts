import { affine } from '../../loop/affine.ts';
import type { Stmt } from '../../loop/ir.ts';
import { copyOf } from '../../loop/transform/copy.ts';
import { constantBounds } from '../../loop/transform/unroll.ts';

/** for i in 0…2 unroll { S(i) } → S(0) S(1); loops of one iteration too. Each copy has its own axes, locals and buffers. */
export function unroll(body: readonly Stmt[]): readonly Stmt[] {
  return body.flatMap((stmt): readonly Stmt[] => {
    if (stmt.kind === 'if') return [{ ...stmt, body: unroll(stmt.body) }];
    if (stmt.kind !== 'for') return [stmt];
    const bounds = constantBounds(stmt);
    if (bounds === undefined || (stmt.mode !== 'unroll' && bounds.to - bounds.from > 1)) {
      return [{ ...stmt, body: unroll(stmt.body) }];
    }
    const { axis } = stmt;
    const copies: Stmt[] = [];
    for (let i = bounds.from; i < bounds.to; i++)
      copies.push(...unroll(copyOf(stmt.body, { axis, place: affine(i), suffix: '' })));
    return copies;
  });
}
