/** Sums that several threads made parts of. */
import { affine, subAffine } from '../../affine.ts';
import { denseBuffer } from '../../builder.ts';
import type { Axis, Buffer, Condition, Expr, Stmt } from '../../ir.ts';
import { combinations, inLanes, sumAt } from './held.ts';

export interface Sums {
  readonly buffer: Buffer;
  readonly elements: readonly Axis[];
  readonly lane: Axis | undefined;
}

/**
 * The first thread along `part` gets the whole sums. In each round those of the upper half put their sums into workgroup memory
 * and those of the lower half add them to their own.
 */
export function addParts(
  { buffer, elements, lane }: Sums,
  part: Axis,
  others: readonly Axis[],
  unique: (name: string) => string,
): { readonly memory: Buffer; readonly stmts: readonly Stmt[] } {
  const parts = Number(part.extent);
  const shape = [
    ...elements.map(({ extent }) => extent),
    Math.floor(parts / 2),
    ...others.map(({ extent }) => extent),
    ...(lane === undefined ? [] : [lane.extent]),
  ];
  const memory = denseBuffer(unique('parts'), 'f32', shape, 'workgroup');
  const stmts: Stmt[] = [];
  const moved = (make: (places: Places) => Stmt, from: number): readonly Stmt[] => {
    const each = (over: Axis | undefined): readonly Stmt[] =>
      combinations(elements).map((at) => {
        const own = sumAt(buffer, elements, at, over);
        const there = [
          ...elements.map((axis) => affine(at.get(axis) ?? 0)),
          subAffine(part, from),
          ...others.map(affine),
          ...(over === undefined ? [] : [affine(over)]),
        ];
        return make({ own, there });
      });
    return lane === undefined ? each(undefined) : [inLanes(lane, unique, each)];
  };
  for (let left = parts; left > 1; left = Math.ceil(left / 2)) {
    const kept = Math.ceil(left / 2);
    const upper: Condition = { index: subAffine(part, kept), extent: left - kept };
    const lower: Condition = { index: affine(part), extent: left - kept };
    const put = moved(
      ({ own, there }) => ({ kind: 'store', buffer: memory, index: there, value: load(buffer, own) }),
      kept,
    );
    const add = moved(({ own, there }) => {
      return { kind: 'accumulate', buffer, index: own, combine: 'add', value: load(memory, there) };
    }, 0);
    if (left < parts) stmts.push({ kind: 'barrier' });
    stmts.push(
      { kind: 'if', conditions: [upper], body: put },
      { kind: 'barrier' },
      { kind: 'if', conditions: [lower], body: add },
    );
  }
  return { memory, stmts };
}

interface Places {
  readonly own: readonly ReturnType<typeof affine>[];
  readonly there: readonly ReturnType<typeof affine>[];
}

const load = (buffer: Buffer, index: readonly ReturnType<typeof affine>[]): Expr => ({
  kind: 'load',
  buffer,
  index,
});
