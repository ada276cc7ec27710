/** Addressing loops: steps name an axis, and names are unique in a kernel. */
import { constantOf } from '../affine.ts';
import type { Axis, For, Kernel, Stmt } from '../ir.ts';
import { Names } from '../names.ts';
import { bodyOf, visitStmts, withBody } from '../rewrite.ts';
import { requires } from './step-error.ts';

/** The first loop over the axis of this name, outer before inner. */
export function findLoop(kernel: Kernel, axis: string): For {
  const found = loopIn(kernel.body, axis);
  requires(found !== undefined, `${kernel.name} has no loop over ${axis}`);
  return found;
}

function loopIn(body: readonly Stmt[], axis: string): For | undefined {
  for (const stmt of body) {
    if (stmt.kind === 'for' && stmt.axis.name === axis) return stmt;
    const inside = stmt.kind === 'for' || stmt.kind === 'if' ? loopIn(stmt.body, axis) : undefined;
    if (inside !== undefined) return inside;
  }
  return undefined;
}

/** The kernel with each loop over the axis of this name replaced. Loops inside of a replaced one are left to `f`. */
export function replaceLoops(kernel: Kernel, axis: string, f: (loop: For) => readonly Stmt[]): Kernel {
  let count = 0;
  const replace = (body: readonly Stmt[]): readonly Stmt[] =>
    body.flatMap((stmt): readonly Stmt[] => {
      if (stmt.kind === 'for' && stmt.axis.name === axis) {
        count++;
        return f(stmt);
      }
      return stmt.kind === 'for' || stmt.kind === 'if' ? [withBody(stmt, replace(stmt.body))] : [stmt];
    });
  const body = replace(kernel.body);
  requires(count > 0, `${kernel.name} has no loop over ${axis}`);
  return { ...kernel, body };
}

/** Whether the loop runs over its whole axis. */
export function isWhole({ axis, range }: For): boolean {
  const [from, otherFrom] = range.from;
  const [to, otherTo] = range.to;
  if (otherFrom !== undefined || otherTo !== undefined || from === undefined || to === undefined)
    return false;
  return constantOf(from) === 0 && (to === 'N' ? 'N' : constantOf(to)) === axis.extent;
}

/** All axes that loops of a body run over. */
export function loopAxes(body: readonly Stmt[]): readonly Axis[] {
  return [
    ...new Set(
      body.flatMap((stmt) => [...(stmt.kind === 'for' ? [stmt.axis] : []), ...loopAxes(bodyOf(stmt))]),
    ),
  ];
}

/** Names for new axes: none that a loop, buffer or local of the kernel has, and none twice. */
export function namesBeside(kernel: Kernel): (wanted: string) => string {
  const names = new Names();
  for (const { name } of [...kernel.inputs, ...kernel.outputs]) names.unique(name);
  visitStmts(kernel.body, (stmt) => {
    if (stmt.kind === 'for') names.unique(stmt.axis.name);
    if (stmt.kind === 'let') names.unique(stmt.local.name);
    if (stmt.kind === 'alloc') names.unique(stmt.buffer.name);
  });
  return (wanted) => names.unique(wanted);
}
