/** Expressions of the Loop IR as code that leaves their value on the stack: one scalar, or four lanes. */
import { invariant, InvariantError } from '../../base/invariant.ts';
import type { DType } from '../../base/types.ts';
import { bytesPerElement, fixedExtent } from '../../base/types.ts';
import { dtypeOf } from '../../loop/builder.ts';
import type { Affine, Buffer, Expr, ExprOf, Load } from '../../loop/ir.ts';
import { isMath } from '../../loop/math.ts';
import type { ValueType } from './instructions.ts';
import type { MemoryOp } from './operations.ts';
import type { Place } from './places.ts';
import * as scalars from './scalar.ts';
import type { At, KernelState } from './state.ts';
import * as vectors from './vector.ts';

type Binary = ExprOf<'binary'>;

/** Pushes the value, the same in all lanes. */
export function scalar(expr: Expr, at: At, state: KernelState): void {
  const { code } = at;
  switch (expr.kind) {
    case 'literal':
      return scalars.literal(code, expr.dtype, expr.value);
    case 'index':
      return state.places.pushIndex(code, state.places.resolve(expr.index));
    case 'batch':
      return code.get(state.batch);
    case 'load':
      return scalarLoad(expr, at, state);
    case 'local': {
      const { local, lanes } = heldOf(expr, state);
      code.get(local);
      if (lanes) vectors.extract(code, expr.local.dtype, onlyLane(state));
      return;
    }
    case 'unary':
      scalar(expr.x, at, state);
      if (isMath(expr.op)) return state.math.push(code, expr.op, 'f32');
      return scalars.unary(code, expr.op, dtypeOf(expr.x));
    case 'binary':
      scalar(expr.a, at, state);
      scalar(expr.b, at, state);
      return scalars.binary(code, expr.op, expr.dtype);
    case 'compare':
      scalar(expr.a, at, state);
      scalar(expr.b, at, state);
      return code.op(scalars.comparison(expr.op, dtypeOf(expr.a)));
    case 'select':
      scalar(expr.a, at, state);
      scalar(expr.b, at, state);
      scalar(expr.condition, at, state);
      return code.op('select');
    case 'cast':
      scalar(expr.x, at, state);
      return scalars.cast(code, dtypeOf(expr.x), expr.dtype);
    case 'bitcast':
      scalar(expr.x, at, state);
      return scalars.bitcast(code, dtypeOf(expr.x), expr.dtype);
    case 'reduced':
      throw new InvariantError('a definition in a kernel');
    default:
      return expr satisfies never;
  }
}

/** Pushes the value of one lane. */
export function laneOf(expr: Expr, lane: number, at: At, state: KernelState): void {
  invariant(state.lanes, 'there are no lanes here');
  if (!state.varies(expr)) return scalar(expr, at, state);
  state.withLanes(state.lanes.axis, lane, () => scalar(expr, at, state));
}

/** Pushes a v128; a value that is the same in all lanes is repeated. */
export function vector(expr: Expr, at: At, state: KernelState): void {
  const { code } = at;
  if (!state.varies(expr)) return repeated(expr, at, state);
  switch (expr.kind) {
    case 'index': {
      const { lane, ...place } = state.places.resolve(expr.index);
      state.places.pushIndex(code, place);
      code.op('i32x4.splat');
      code.push({ op: 'v128.const', lanes: [0, lane, 2 * lane, 3 * lane] });
      return code.op('i32x4.add');
    }
    case 'load':
      return vectorLoad(expr, at, state);
    case 'local':
      return code.get(heldOf(expr, state).local);
    case 'unary':
      vector(expr.x, at, state);
      if (isMath(expr.op)) return state.math.push(code, expr.op, 'v128');
      return vectors.unary(code, expr.op, dtypeOf(expr.x));
    case 'binary':
      return vectorBinary(expr, at, state);
    case 'compare':
      vector(expr.a, at, state);
      vector(expr.b, at, state);
      return code.op(vectors.comparison(expr.op, dtypeOf(expr.a)));
    case 'select':
      vector(expr.a, at, state);
      vector(expr.b, at, state);
      if (state.varies(expr.condition)) {
        vector(expr.condition, at, state);
        return code.op('v128.bitselect');
      }
      scalar(expr.condition, at, state);
      return code.op('select');
    case 'cast':
      vector(expr.x, at, state);
      return vectors.cast(code, dtypeOf(expr.x), expr.dtype);
    case 'bitcast':
      vector(expr.x, at, state);
      return vectors.cast(code, dtypeOf(expr.x) === 'bool' ? 'bool' : 'i32', 'i32');
    case 'literal':
    case 'batch':
    case 'reduced':
      throw new InvariantError(`a ${expr.kind} differs between lanes`);
    default:
      return expr satisfies never;
  }
}

function heldOf(expr: ExprOf<'local'>, state: KernelState) {
  const held = state.values.get(expr.local);
  if (held === undefined) throw new InvariantError(`${expr.local.name} is used before its let`);
  return held;
}

function onlyLane({ lanes }: KernelState): number {
  invariant(lanes?.only !== undefined, 'a value of four lanes where one is needed');
  return lanes.only;
}

/** Loads that fill all lanes need no scalar between. */
function repeated(expr: Expr, at: At, state: KernelState): void {
  const { code } = at;
  const dtype = dtypeOf(expr);
  if (expr.kind === 'load' && !state.isRegister(expr.buffer) && bytesPerElement[dtype] === 4) {
    const { buffer, index } = expr;
    if (!index.some((place) => 'clamped' in place)) {
      const place = state.places.flatten(buffer, index);
      return cachedLoad(buffer, place, 'repeated', 'v128', at, () =>
        pushLoad('v128.load32_splat', buffer, place, at, state),
      );
    }
  }
  scalar(expr, at, state);
  vectors.splat(code, dtype);
}

function vectorBinary(expr: Binary, at: At, state: KernelState): void {
  const { code } = at;
  const { op, dtype, a, b } = expr;
  if (op === 'add' && dtype === 'f32') {
    if (isProduct(b, state)) return multiplyAdd(b, a, at, state);
    if (isProduct(a, state)) return multiplyAdd(a, b, at, state);
  }
  if ((op === 'min' || op === 'max') && dtype === 'f32') {
    for (const [x, limit] of [[a, b] as const, [b, a] as const]) {
      if (limit.kind === 'literal' && vectors.canClip(op, limit.value)) {
        vector(x, at, state);
        return vectors.clip(code, op, limit.value);
      }
    }
  }
  if ((op === 'shl' || op === 'shr') && !state.varies(b)) {
    vector(a, at, state);
    scalar(b, at, state);
    return vectors.shift(code, op, dtype);
  }
  if (!vectors.isLaneWise(op, dtype)) return laneByLane(expr, at, state);
  vector(a, at, state);
  vector(b, at, state);
  return vectors.binary(code, op, dtype);
}

const isProduct = (expr: Expr, state: KernelState): expr is Binary =>
  expr.kind === 'binary' && expr.op === 'mul' && state.varies(expr);

/** x · y + z in the order of a fused multiply-add, which a loader may put there. */
function multiplyAdd({ a, b }: Binary, z: Expr, at: At, state: KernelState): void {
  vector(a, at, state);
  vector(b, at, state);
  at.code.push({ op: 'f32x4.mul', fused: true });
  vector(z, at, state);
  at.code.push({ op: 'f32x4.add', fused: true });
}

/** What has no instruction for four lanes is computed for each of them. */
function laneByLane(expr: Expr, at: At, state: KernelState): void {
  const dtype = dtypeOf(expr);
  laneOf(expr, 0, at, state);
  vectors.splat(at.code, dtype);
  for (let lane = 1; lane < 4; lane++) {
    laneOf(expr, lane, at, state);
    vectors.replace(at.code, dtype, lane);
  }
}

const scalarLoads: Readonly<Record<DType, MemoryOp>> = {
  f32: 'f32.load',
  i32: 'i32.load',
  u32: 'i32.load',
  u8: 'i32.load8_u',
  bool: 'i32.load8_u',
};

export const alignOf = ({ dtype }: Buffer): number => (bytesPerElement[dtype] === 4 ? 2 : 0);

function scalarLoad(expr: Load, at: At, state: KernelState): void {
  const { buffer, index } = expr;
  if (state.isRegister(buffer)) {
    const { local, lanes, lane } = state.register(buffer, index as readonly Affine[]);
    at.code.get(local);
    if (lanes) vectors.extract(at.code, buffer.dtype, lane ?? onlyLane(state));
    return;
  }
  const place = state.places.flatten(buffer, index);
  const op = scalarLoads[buffer.dtype];
  if (index.some((entry) => 'clamped' in entry)) return clampedLoad(expr, place, at, state);
  cachedLoad(buffer, place, '', scalars.scalarType(buffer.dtype), at, () =>
    pushLoad(op, buffer, place, at, state),
  );
}

function pushLoad(op: MemoryOp, buffer: Buffer, place: Place, at: At, state: KernelState): void {
  const access = { op, offset: 0, align: alignOf(buffer) };
  state.places.pushAddress(at.code, buffer, place, access);
  at.code.push(access);
}

/** A computed index is clamped into its axis. */
function clampedLoad({ buffer, index }: Load, place: Place, at: At, state: KernelState): void {
  const { code } = at;
  const access = {
    op: scalarLoads[buffer.dtype],
    offset: 0,
    align: alignOf(buffer),
  };
  state.places.pushAddress(code, buffer, place, access);
  index.forEach((entry, axis) => {
    if (!('clamped' in entry)) return;
    scalar(entry.clamped, at, state);
    code.i32(0);
    scalars.binary(code, 'max', 'i32');
    const extent = buffer.shape[axis];
    if (extent === 'N') {
      code.get(state.batch);
      code.i32(1);
      code.op('i32.sub');
    } else code.i32(fixedExtent(extent) - 1);
    scalars.binary(code, 'min', 'i32');
    code.i32(buffer.strides[axis]! * bytesPerElement[buffer.dtype]);
    code.op('i32.mul', 'i32.add');
  });
  code.push(access);
}

/** Loads once what has not been written to since. `form` tells values of one element apart. */
function cachedLoad(
  buffer: Buffer,
  place: Place,
  form: string,
  type: ValueType,
  at: At,
  load: () => void,
): void {
  const key = `${place.key} ${place.constant} ${form}`;
  const known = at.loads.get(key);
  if (known !== undefined) return at.code.get(known.local);
  load();
  const local = at.code.local(type);
  at.code.tee(local);
  at.loads.set(key, { local, buffer });
}

function vectorLoad(expr: Load, at: At, state: KernelState): void {
  const { code } = at;
  const { buffer, index } = expr;
  if (state.isRegister(buffer)) return code.get(state.register(buffer, index as readonly Affine[]).local);
  const place = state.places.flatten(buffer, index);
  const isAffine = !index.some((entry) => 'clamped' in entry && state.varies(entry.clamped));
  const clamped = index.some((entry) => 'clamped' in entry);
  if (!isAffine || clamped || place.lane !== 1) return laneByLane(expr, at, state);
  cachedLoad(buffer, place, 'lanes', 'v128', at, () => {
    const isWord = bytesPerElement[buffer.dtype] === 4;
    pushLoad(isWord ? 'v128.load' : 'v128.load32_zero', buffer, place, at, state);
    if (!isWord) vectors.widen(code, buffer.dtype);
  });
}
