import { addAffine, affine, scaleAffine } from '../affine.ts';
import { identityOf } from '../arithmetic.ts';
import { denseBuffer } from '../builder.ts';
import type { Axis, Buffer, Combine, Expr, Kernel, Stmt, StmtOf } from '../ir.ts';
import { serial, substituteStmts, visitStmts } from '../rewrite.ts';
import { isWhole, namesBeside, replaceLoops } from './find.ts';
import { requires } from './step-error.ts';
import { lanes } from './vectorize.ts';

/**
 * for a in E { r op= f(a) }  →  alloc p[4]; for l { p[l] = identity }; for b in E/4 { for l { p[l] op= f(4·b + l) } };
 *                               r op= p[0]; … r op= p[3]; for t in E%4 { r op= f(E - E%4 + t) }
 *
 * Only for `and`, `or`, `max` and `min`, of which the order changes nothing: each lane combines every fourth element.
 */
export function spread(kernel: Kernel, axis: string): Kernel {
  const unique = namesBeside(kernel);
  return replaceLoops(kernel, axis, (loop) => {
    const { extent } = loop.axis;
    requires(
      typeof extent === 'number' && extent >= lanes && isWhole(loop),
      `${axis} is too short for lanes`,
    );
    const { buffer, combine } = onlyAccumulation(loop.body);
    const identity = identityOf(combine, buffer.dtype);
    requires(
      identity !== undefined && combine !== 'add' && combine !== 'mul',
      `the order of ${combine} matters`,
    );
    const part = denseBuffer(unique(`${buffer.name}_lanes`), buffer.dtype, [lanes], 'register');
    const axisOf = (suffix: string, count: number): Axis => ({ name: unique(axis + suffix), extent: count });
    const [start, block, lane, tail] = [
      axisOf('_start', lanes),
      axisOf('_block', Math.floor(extent / lanes)),
      axisOf('_lane', lanes),
      axisOf('_tail', extent % lanes),
    ];
    const inLanes = (over: Axis, body: readonly Stmt[]): Stmt => ({
      ...serial(over, body),
      mode: 'vectorize',
    });
    const place = addAffine(scaleAffine(block, lanes), lane);
    const spreadBody = substituteStmts(loop.body, { axes: new Map([[loop.axis, place]]) }).map(
      (stmt): Stmt => (stmt.kind === 'accumulate' ? { ...stmt, buffer: part, index: [affine(lane)] } : stmt),
    );
    const value: Expr = { kind: 'literal', dtype: part.dtype, value: identity };
    const joined = Array.from({ length: lanes }, (_, i): Stmt => {
      const load: Expr = { kind: 'load', buffer: part, index: [affine(i)] };
      return { kind: 'accumulate', buffer, index: [], combine, value: load };
    });
    const rest = substituteStmts(loop.body, {
      axes: new Map([[loop.axis, addAffine(tail, extent - (extent % lanes))]]),
    });
    return [
      { kind: 'alloc', buffer: part },
      inLanes(start, [{ kind: 'store', buffer: part, index: [affine(start)], value }]),
      serial(block, [inLanes(lane, spreadBody)]),
      ...joined,
      ...(extent % lanes === 0 ? [] : [serial(tail, rest)]),
    ];
  });
}

/** A body of lets and one accumulation into a single register. */
function onlyAccumulation(body: readonly Stmt[]): { readonly buffer: Buffer; readonly combine: Combine } {
  const found: StmtOf<'accumulate'>[] = [];
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'accumulate') found.push(stmt);
    else requires(stmt.kind === 'let', `there is ${stmt.kind} inside`);
  });
  const [only, more] = found;
  requires(only !== undefined && more === undefined, 'one value is accumulated');
  requires(only.buffer.space === 'register' && only.index.length === 0, 'it is kept in a register');
  return only;
}
