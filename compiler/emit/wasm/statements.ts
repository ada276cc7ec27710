/** Statements that are not loops: values into locals, registers and memory. */
import { bytesPerElement } from '../../base/types.ts';
import type { Affine, Buffer, Expr, StmtOf } from '../../loop/ir.ts';
import type { MemoryLaneOp, MemoryOp } from './operations.ts';
import type { Place } from './places.ts';
import * as scalars from './scalar.ts';
import type { At, KernelState } from './state.ts';
import { alignOf, laneOf, scalar, vector } from './value.ts';
import * as vectors from './vector.ts';

type Store = StmtOf<'store'>;
type Accumulate = StmtOf<'accumulate'>;

/** A value once; with lanes only where it differs between them. */
export function bindLocal({ local, value }: StmtOf<'let'>, at: At, state: KernelState): void {
  const lanes = state.varies(value);
  if (lanes) vector(value, at, state);
  else scalar(value, at, state);
  const held = at.code.keep(lanes ? 'v128' : scalars.scalarType(local.dtype));
  state.values.set(local, { local: held, lanes });
}

const whole = (state: KernelState): boolean => state.lanes !== undefined && state.lanes.only === undefined;

export function store({ buffer, index, value }: Store, at: At, state: KernelState): void {
  if (state.isRegister(buffer)) return storeRegister(buffer, index, value, at, state);
  const place = state.places.flatten(buffer, index);
  if (place.lane === 0) {
    // Of four stores to one place the last remains.
    scalarStore(buffer, place, at, state, () =>
      whole(state) ? laneOf(value, 3, at, state) : scalar(value, at, state),
    );
  } else if (place.lane === 1) unitStore(buffer, place, value, at, state);
  else scatter(buffer, place, value, at, state);
  forget(buffer, at);
}

const scalarStores = {
  f32: 'f32.store',
  i32: 'i32.store',
  u32: 'i32.store',
  u8: 'i32.store8',
  bool: 'i32.store8',
} as const;

function scalarStore(buffer: Buffer, place: Place, at: At, state: KernelState, value: () => void): void {
  const access: { op: MemoryOp; offset: number; align: number } = {
    op: scalarStores[buffer.dtype],
    offset: 0,
    align: alignOf(buffer),
  };
  state.places.pushAddress(at.code, buffer, place, access);
  value();
  at.code.push(access);
}

function unitStore(buffer: Buffer, place: Place, value: Expr, at: At, state: KernelState): void {
  if (bytesPerElement[buffer.dtype] === 4) {
    const access = { op: 'v128.store' as const, offset: 0, align: alignOf(buffer) };
    state.places.pushAddress(at.code, buffer, place, access);
    vector(value, at, state);
    return at.code.push(access);
  }
  const access = { op: 'v128.store32_lane' as const, offset: 0, lane: 0, align: 0 };
  state.places.pushAddress(at.code, buffer, place, access);
  vector(value, at, state);
  vectors.narrow(at.code, buffer.dtype);
  at.code.push(access);
}

/** Lane by lane to places that are not side by side. */
function scatter(buffer: Buffer, place: Place, value: Expr, at: At, state: KernelState): void {
  const isWord = bytesPerElement[buffer.dtype] === 4;
  const op: MemoryLaneOp = isWord ? 'v128.store32_lane' : 'v128.store8_lane';
  vector(value, at, state);
  if (!isWord) vectors.narrow(at.code, buffer.dtype);
  const lanes = at.code.keep('v128');
  for (let lane = 0; lane < 4; lane++) {
    const access = { op, offset: 0, lane, align: alignOf(buffer) };
    const there = { ...place, constant: place.constant + lane * place.lane, lane: 0 };
    state.places.pushAddress(at.code, buffer, there, access);
    at.code.get(lanes);
    at.code.push(access);
  }
}

/** What was loaded may have changed: outputs may share memory with inputs, scratch memory with nothing. */
function forget(written: Buffer, { loads }: At): void {
  for (const [key, { buffer }] of loads)
    if (buffer === written || (written.space === 'global' && buffer.space === 'global')) loads.delete(key);
}

function storeRegister(
  buffer: Buffer,
  index: readonly Affine[],
  value: Expr,
  at: At,
  state: KernelState,
): void {
  const { code } = at;
  const { local, lanes, lane } = state.register(buffer, index);
  if (!lanes) {
    if (whole(state)) laneOf(value, 3, at, state);
    else scalar(value, at, state);
    return code.set(local);
  }
  if (lane === undefined) {
    vector(value, at, state);
    return code.set(local);
  }
  code.get(local);
  if (whole(state)) laneOf(value, 3, at, state);
  else scalar(value, at, state);
  vectors.replace(code, buffer.dtype, lane);
  code.set(local);
}

/** buffer[index] = combine(buffer[index], value); where all lanes meet in one place, one after the other. */
export function accumulate(stmt: Accumulate, at: At, state: KernelState): void {
  const { buffer, index, combine, value } = stmt;
  const current: Expr = { kind: 'load', buffer, index };
  if (whole(state) && !state.varies(current)) return accumulateLanes(stmt, current, at, state);
  const sum: Expr = { kind: 'binary', op: combine, dtype: buffer.dtype, a: current, b: value };
  store({ kind: 'store', buffer, index, value: sum }, at, state);
}

function accumulateLanes(stmt: Accumulate, current: Expr, at: At, state: KernelState): void {
  const { buffer, index, combine, value } = stmt;
  const { code } = at;
  const dtype = buffer.dtype;
  const differs = state.varies(value);
  if (differs) vector(value, at, state);
  else scalar(value, at, state);
  const held = code.keep(differs ? 'v128' : scalars.scalarType(dtype));
  const sum = (): void => {
    scalar(current, at, state);
    for (let lane = 0; lane < 4; lane++) {
      code.get(held);
      if (differs) vectors.extract(code, dtype, lane);
      scalars.binary(code, combine, dtype);
    }
  };
  if (!state.isRegister(buffer)) {
    scalarStore(buffer, state.places.flatten(buffer, index), at, state, sum);
    return forget(buffer, at);
  }
  const { local, lanes, lane } = state.register(buffer, index);
  if (lanes) code.get(local);
  sum();
  if (lanes) vectors.replace(code, dtype, lane as number);
  code.set(local);
}
