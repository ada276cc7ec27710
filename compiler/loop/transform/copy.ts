import { affine } from '../affine.ts';
import type { Affine, Axis, Buffer, Expr, Local, Stmt } from '../ir.ts';
import { substituteStmts, visitStmts } from '../rewrite.ts';

/**
 * The body with one axis replaced, and its own lets and registers. With `suffix`, its loops have axes of their own, too, with
 * names that end in it: a schedule can then treat each copy of a body in another way.
 */
export function copyOf(
  body: readonly Stmt[],
  { axis, place, suffix }: { readonly axis: Axis; readonly place: Affine; readonly suffix?: string },
  unique: (wanted: string) => string = (name) => name,
): readonly Stmt[] {
  const axes = new Map<Axis, Affine>([[axis, place]]);
  const locals = new Map<Local, Expr>();
  const buffers = new Map<Buffer, Buffer>();
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'let') locals.set(stmt.local, { kind: 'local', local: { ...stmt.local } });
    if (stmt.kind === 'alloc') buffers.set(stmt.buffer, { ...stmt.buffer });
    if (suffix !== undefined && stmt.kind === 'for' && !axes.has(stmt.axis))
      axes.set(stmt.axis, affine({ ...stmt.axis, name: unique(stmt.axis.name + suffix) }));
  });
  return substituteStmts(body, { axes, locals, buffers });
}
