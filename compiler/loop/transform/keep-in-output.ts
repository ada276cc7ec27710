import { sameType } from '../../base/types.ts';
import { loadsIn, writesOf } from '../accesses.ts';
import { substituteAffine } from '../affine.ts';
import type { Affine, Axis, Buffer, Expr, Index, Kernel, Load, Stmt, StmtOf } from '../ir.ts';
import { flatMapStmts, substituteStmts, visitStmts } from '../rewrite.ts';

type Store = StmtOf<'store'>;

/**
 * alloc r[E…]; … r[a…] … ; y[f(a…)] = g(r[a…])   →   … y[f(a…)] … ; y[f(a…)] = g(y[f(a…)])
 *
 * A register array moves into the output that is made of it, element by element; a store of the element itself goes.
 * undefined where that is not possible: no output of the array's type is stored from it alone, or the stores also read an
 * input that could share its memory.
 */
export function keepInOutput(kernel: Kernel, array: Buffer): Kernel | undefined {
  const stores = writesOf(kernel.body)
    .filter((write) => write.kind === 'store')
    .filter(({ buffer }) => kernel.outputs.includes(buffer))
    .filter(({ value }) => loadsIn(value).some((load) => load.buffer === array));
  const verbatim = stores.find(({ value }) => value.kind === 'load' && value.buffer === array);
  const home = verbatim ?? stores.find(({ buffer }) => buffer.dtype === array.dtype);
  if (home === undefined || home.buffer.dtype !== array.dtype) return undefined;
  const read = loadsIn(home.value).find((load) => load.buffer === array);
  const axes = read?.index.map(axisOf) ?? [];
  if (read === undefined || axes.some((axis) => axis === undefined)) return undefined;
  if (stores.some((store) => mayShareMemory(kernel, store, home))) return undefined;
  const place = (index: readonly Index[]): readonly Affine[] => {
    const values = new Map<Axis, Affine>();
    index.forEach((at, i) => {
      if (!('clamped' in at)) values.set(axes[i]!, at);
    });
    return home.index.map((at) => substituteAffine(at, values));
  };
  return moved(kernel, array, home, place);
}

function moved(
  kernel: Kernel,
  array: Buffer,
  home: Store,
  place: (index: readonly Index[]) => readonly Affine[],
): Kernel {
  const load = (e: Load): Expr =>
    e.buffer === array ? { ...e, buffer: home.buffer, index: place(e.index) } : e;
  const body = flatMapStmts(kernel.body, (stmt): readonly Stmt[] => {
    if (stmt.kind === 'alloc' && stmt.buffer === array) return [];
    if (stmt === home && home.value.kind === 'load') return [];
    if ((stmt.kind === 'store' || stmt.kind === 'accumulate') && stmt.buffer === array)
      return [{ ...stmt, buffer: home.buffer, index: place(stmt.index) }];
    return [stmt];
  });
  return { ...kernel, body: substituteStmts(body, { load }) };
}

/** Whether the plan could put an input that is read for this store where `home` already holds partial results. */
function mayShareMemory({ inputs, body }: Kernel, store: Store, home: Store): boolean {
  const values = [store.value];
  // Values that were named before the store count as well.
  visitStmts(body, (stmt) => {
    if (stmt.kind === 'let') values.push(stmt.value);
  });
  return values
    .flatMap(loadsIn)
    .some(({ buffer }) => inputs.includes(buffer) && sameType(buffer, home.buffer));
}

function axisOf(place: Index): Axis | undefined {
  if ('clamped' in place) return undefined;
  const [term, more] = place.terms;
  if (term === undefined || more !== undefined || term.factor !== 1 || place.constant !== 0) return undefined;
  return term.axis;
}
