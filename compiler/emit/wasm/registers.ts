/** Which register arrays of a kernel can be locals, and which of them hold four lanes each. */
import { invariant } from '../../base/invariant.ts';
import { append } from '../../base/multimap.ts';
import type { Axis, Buffer, For, Index, Kernel, Stmt } from '../../loop/ir.ts';
import { exprsOf, visitExpr } from '../../loop/rewrite.ts';
import { constantBounds } from '../../loop/transform/unroll.ts';

/**
 * `scalars`: a local per element. `lanes`: the last index is always the lane or a constant, so a v128 local per element of
 * the others. `memory`: a loop that runs indexes it, so it must have addresses.
 */
export type RegisterKind = 'scalars' | 'lanes' | 'memory';

type AxisKind = 'number' | 'lanes' | 'loop';

/** The kind of each register buffer of a kernel. */
export function registerKinds(kernel: Kernel): ReadonlyMap<Buffer, RegisterKind> {
  const accesses = new Map<Buffer, AxisKind[][]>();
  const axes = new Map<Axis, AxisKind>();
  const see = (buffer: Buffer, index: readonly Index[]): void => {
    if (buffer.space !== 'register') return;
    const kinds = index.map((place, i) => kindOf(place, i === index.length - 1, axes));
    append(accesses, buffer, kinds);
  };
  const walk = (body: readonly Stmt[]): void => {
    for (const stmt of body) {
      if (stmt.kind === 'for') axes.set(stmt.axis, axisKind(stmt));
      if (stmt.kind === 'for' || stmt.kind === 'if') walk(stmt.body);
      if (stmt.kind === 'alloc' && stmt.buffer.space === 'register' && !accesses.has(stmt.buffer))
        accesses.set(stmt.buffer, []);
      for (const expr of exprsOf(stmt))
        visitExpr(expr, (e) => {
          if (e.kind === 'load') see(e.buffer, e.index);
        });
      if (stmt.kind === 'store' || stmt.kind === 'accumulate') see(stmt.buffer, stmt.index);
    }
  };
  walk(kernel.body);
  return new Map([...accesses].map(([buffer, kinds]) => [buffer, registerKind(buffer, kinds)]));
}

function axisKind(loop: For): AxisKind {
  if (loop.mode === 'unroll') return 'number';
  if (loop.mode === 'vectorize') return 'lanes';
  const bounds = constantBounds(loop);
  return bounds !== undefined && bounds.to - bounds.from === 1 ? 'number' : 'loop';
}

/** `lanes` is the lane itself, as the last index; in any other place it must be an address. */
function kindOf(place: Index, isLast: boolean, axes: ReadonlyMap<Axis, AxisKind>): AxisKind {
  if ('clamped' in place) return 'loop';
  const moving = place.terms.filter(({ axis }) => axes.get(axis) !== 'number');
  const [only] = moving;
  if (only === undefined) return 'number';
  const isLane = moving.length === 1 && axes.get(only.axis) === 'lanes' && only.factor === 1;
  return isLast && isLane && place.terms.length === 1 && place.constant === 0 ? 'lanes' : 'loop';
}

function registerKind({ name, shape }: Buffer, accesses: readonly (readonly AxisKind[])[]): RegisterKind {
  invariant(!shape.includes('N'), `registers ${name} cannot depend on the batch`);
  const kinds = accesses.flat();
  if (kinds.includes('loop')) return 'memory';
  if (!kinds.includes('lanes')) return 'scalars';
  return shape.at(-1) === 4 ? 'lanes' : 'memory';
}
