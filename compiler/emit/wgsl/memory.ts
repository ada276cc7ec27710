/** Where buffers live in a shader: arrays or variables, of single elements or of vec4. */
import type { Affine, Axis, Buffer, Index, Stmt } from '../../loop/ir.ts';
import { exprsOf, visitExpr } from '../../loop/rewrite.ts';

/** The place of an element: constant + lane · (the axis of lanes) + Σ terms, computed indices left out. */
export interface Place {
  readonly constant: number;
  readonly lane: number;
  readonly terms: ReadonlyMap<Axis, number>;
  /** Whether computed indices count in fours only. */
  readonly clampedByFour: boolean;
  readonly clamped: boolean;
}

export function placeOf(buffer: Buffer, index: readonly Index[], lanes: Axis | undefined): Place {
  const terms = new Map<Axis, number>();
  let [constant, lane, clamped, clampedByFour] = [buffer.offset, 0, false, true];
  index.forEach((entry, i) => {
    const stride = buffer.strides[i]!;
    if ('clamped' in entry) {
      clamped = true;
      clampedByFour &&= stride % 4 === 0;
      return;
    }
    constant += entry.constant * stride;
    for (const { axis, factor } of entry.terms) {
      if (axis === lanes) lane += factor * stride;
      else terms.set(axis, (terms.get(axis) ?? 0) + factor * stride);
    }
  });
  for (const [axis, factor] of terms) if (factor === 0) terms.delete(axis);
  return { constant, lane, terms, clamped, clampedByFour };
}

/** Whether an element's place modulo 4 is the same in every run. */
const isFixed = ({ terms, clampedByFour }: Place): boolean =>
  clampedByFour && [...terms.values()].every((factor) => factor % 4 === 0);

/** Whether the lanes access four neighbours, the first at a multiple of 4. */
export const isGroup = (place: Place): boolean =>
  place.lane === 1 && isFixed(place) && place.constant % 4 === 0;

/** The component of a vec4 that holds an element; undefined where it differs from run to run. */
export const componentOf = (place: Place): number | undefined =>
  isFixed(place) ? ((place.constant % 4) + 4) % 4 : undefined;

/** How the elements of a buffer are kept. */
export interface Storage {
  /** As vec4 of four neighbours. */
  readonly wide: boolean;
  /** In variables of their own: registers whose places are the same in every run. */
  readonly variables: boolean;
  /** How many statements write to each of them. */
  readonly writes: ReadonlyMap<number, number>;
}

/** Which variable a constant place is in. */
export const variableAt = ({ constant }: Place, wide: boolean): number =>
  wide ? Math.floor(constant / 4) : constant;

interface Uses {
  groups: number;
  /** Accesses that an array of vec4 in memory does not allow. */
  others: number;
  dynamic: boolean;
  readonly written: Place[];
}

/** How each buffer of a kernel is kept. Loops to be written out are written out. */
export function storagesOf(body: readonly Stmt[]): ReadonlyMap<Buffer, Storage> {
  const uses = new Map<Buffer, Uses>();
  const see = (buffer: Buffer, index: readonly Index[], lanes: Axis | undefined, write: boolean): void => {
    const use = uses.get(buffer) ?? { groups: 0, others: 0, dynamic: false, written: [] };
    uses.set(buffer, use);
    const place = placeOf(buffer, index, lanes);
    if (isGroup(place)) use.groups++;
    else if (write || place.lane !== 0 || componentOf(place) === undefined) use.others++;
    use.dynamic ||= place.terms.size > 0 || place.clamped;
    if (write) use.written.push(place);
  };
  visitAccesses(body, undefined, see);
  return new Map([...uses].map(([buffer, use]) => [buffer, storageOf(buffer, use)]));
}

function storageOf({ space }: Buffer, { groups, others, dynamic, written }: Uses): Storage {
  const inMemory = space === 'global' || space === 'workgroup';
  const wide = groups > 0 && !(inMemory && others > 0);
  const writes = new Map<number, number>();
  for (const place of written) {
    const at = variableAt(place, wide);
    writes.set(at, (writes.get(at) ?? 0) + 1);
  }
  return { wide, variables: !inMemory && !dynamic, writes };
}

type See = (buffer: Buffer, index: readonly Index[], lanes: Axis | undefined, write: boolean) => void;

function visitAccesses(body: readonly Stmt[], lanes: Axis | undefined, see: See): void {
  for (const stmt of body) {
    for (const expr of exprsOf(stmt))
      visitExpr(expr, (e) => {
        if (e.kind === 'load') see(e.buffer, e.index, lanes, false);
      });
    if (stmt.kind === 'store' || stmt.kind === 'accumulate') see(stmt.buffer, stmt.index, lanes, true);
    if (stmt.kind === 'all_reduce') see(stmt.buffer, [], lanes, true);
    if (stmt.kind === 'if') visitAccesses(stmt.body, lanes, see);
    if (stmt.kind === 'for') visitAccesses(stmt.body, stmt.mode === 'vectorize' ? stmt.axis : lanes, see);
  }
}

/** The affine index of an axis without its term of the lanes. */
export const withoutLane = ({ constant, terms }: Affine, lanes: Axis | undefined): Affine => ({
  constant,
  terms: terms.filter(({ axis }) => axis !== lanes),
});
