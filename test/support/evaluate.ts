/**
 * Evaluates definitions and graphs element by element in f64, straight from what ops say, with no loops, fusing or rounding:
 * the tests' own oracle, independent of `lower/`, `schedule/` and `loop/interpret.ts`.
 */
import { invariant } from '../../compiler/base/invariant.ts';
import type { DType, Extent, TensorType } from '../../compiler/base/types.ts';
import { elementCount } from '../../compiler/base/types.ts';
import type { Node, Value } from '../../compiler/graph/ir.ts';
import { hasTrait } from '../../compiler/graph/op.ts';
import { winograd, winogradKernel } from './winograd.ts';
import { evaluateAffine } from '../../compiler/loop/affine.ts';
import { DefinitionBuilder, denseBuffer, readerOf } from '../../compiler/loop/builder.ts';
import type { Definition } from '../../compiler/loop/definition.ts';
import type {
  Axis,
  BinaryOp,
  Buffer,
  Combine,
  CompareOp,
  Expr,
  Load,
  Local,
  UnaryOp,
} from '../../compiler/loop/ir.ts';

/** Elements in row-major order; `shape` is concrete. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export const concrete = (shape: readonly Extent[], n: number): number[] =>
  shape.map((extent) => (extent === 'N' ? n : extent));

export function tensorOf(type: TensorType, n: number, data: readonly number[]): Tensor {
  const count = elementCount(type.shape, n);
  const all = data.length === 1 ? new Array<number>(count).fill(data[0] as number) : data;
  invariant(all.length === count, `${all.length} elements for ${count}`);
  return { dtype: type.dtype, shape: concrete(type.shape, n), data: all };
}

/** The value of a node, from known values of parameters. */
export function evaluate(value: Value, known: Map<Value, Tensor>, n: number): Tensor {
  const found = known.get(value);
  if (found !== undefined) return found;
  invariant(value.kind !== 'parameter', `no value for ${value.kind === 'parameter' ? value.name : ''}`);
  const result =
    value.kind === 'constant'
      ? tensorOf(value.type, n, value.data)
      : evaluateNode(
          value,
          value.operands.map((operand) => evaluate(operand, known, n)),
          n,
        );
  known.set(value, result);
  return result;
}

function evaluateNode(node: Node, operands: readonly Tensor[], n: number): Tensor {
  const { op, type } = node;
  if (hasTrait(op, 'view')) return { ...(operands[0] as Tensor), shape: concrete(type.shape, n) };
  if (hasTrait(op, 'concatenation')) return concatenated(node, operands, n);
  if (op.name === 'winograd_kernel') return winogradKernel(node, operands, n);
  if (op.name === 'winograd_conv2d') return winograd(node, operands, n);
  invariant(op.lower !== 'none', `${op.name} cannot be evaluated`);
  const buffers = node.operands.map((operand, i) =>
    denseBuffer(`x${i}`, operand.type.dtype, operand.type.shape),
  );
  const definition = op.lower(new DefinitionBuilder(), buffers.map(readerOf), node.attributes, type);
  const memory = new Map(buffers.map((buffer, i) => [buffer, operands[i] as Tensor]));
  return tensorOf(type, n, evaluateDefinition(definition, memory, n));
}

function concatenated({ type, attributes }: Node, operands: readonly Tensor[], n: number): Tensor {
  const axis = Number(attributes['axis']);
  const along = axis < 0 ? axis + type.shape.length : axis;
  const outer = elementCount(type.shape.slice(0, along), n);
  const rows = operands.map(({ data }) => data.length / outer);
  const data = Array.from({ length: outer }, (_, i) =>
    operands.flatMap((operand, k) =>
      operand.data.slice(i * (rows[k] as number), (i + 1) * (rows[k] as number)),
    ),
  );
  return tensorOf(type, n, data.flat());
}

interface Point {
  readonly axes: Map<Axis, number>;
  readonly locals: Map<Local, number>;
  readonly memory: ReadonlyMap<Buffer, Tensor>;
  readonly n: number;
  reduced: number;
}

/** All elements of a definition in row-major order. */
export function evaluateDefinition(
  definition: Definition,
  memory: ReadonlyMap<Buffer, Tensor>,
  n: number,
): number[] {
  const results: number[] = [];
  const point: Point = { axes: new Map(), locals: new Map(), memory, n, reduced: NaN };
  const { reduce } = definition;
  forEachPoint(definition.axes, point, () => {
    if (reduce !== undefined) {
      point.reduced = reduce.init;
      for (const { axes, where, body } of [reduce, ...(reduce.more ?? [])])
        forEachPoint(axes, point, () => {
          const inside = where.every(({ index, extent }) => {
            const i = evaluateAffine(index, (axis) => axisValue(point, axis));
            return i >= 0 && i < (extent === 'N' ? n : extent);
          });
          if (inside) point.reduced = combine(reduce.combine, point.reduced, expression(body, point));
        });
    }
    for (const { local, value } of definition.lets ?? []) point.locals.set(local, expression(value, point));
    results.push(expression(definition.element, point));
  });
  return results;
}

function forEachPoint(axes: readonly Axis[], point: Point, visit: () => void): void {
  const [axis, ...inner] = axes;
  if (axis === undefined) return visit();
  const extent = axis.extent === 'N' ? point.n : axis.extent;
  for (let i = 0; i < extent; i++) {
    point.axes.set(axis, i);
    forEachPoint(inner, point, visit);
  }
  point.axes.delete(axis);
}

function axisValue(point: Point, axis: Axis): number {
  const value = point.axes.get(axis);
  invariant(value !== undefined, `axis ${axis.name} is read outside of its loop`);
  return value;
}

function expression(expr: Expr, point: Point): number {
  const of = (e: Expr): number => expression(e, point);
  switch (expr.kind) {
    case 'literal':
      return expr.value;
    case 'index':
      return evaluateAffine(expr.index, (axis) => axisValue(point, axis));
    case 'batch':
      return point.n;
    case 'load':
      return load(expr, point);
    case 'unary':
      return unary(expr.op, of(expr.x));
    case 'binary':
      return wrap(expr.dtype, binary(expr.op, of(expr.a), of(expr.b), expr.dtype));
    case 'compare':
      return Number(compare(expr.op, of(expr.a), of(expr.b)));
    case 'select':
      return of(expr.condition) !== 0 ? of(expr.a) : of(expr.b);
    case 'cast':
      return cast(expr.dtype, of(expr.x));
    case 'local': {
      const value = point.locals.get(expr.local);
      invariant(value !== undefined, `local ${expr.local.name} is read before it is set`);
      return value;
    }
    case 'reduced':
      return point.reduced;
    case 'bitcast':
      throw new Error('no op uses bitcast');
    default:
      return expr satisfies never;
  }
}

function load({ buffer, index }: Load, point: Point): number {
  const tensor = point.memory.get(buffer);
  invariant(tensor !== undefined, `${buffer.name} is no operand`);
  const position = index.reduce((sum, place, i) => {
    const extent = tensor.shape[i] as number;
    let at: number;
    if ('clamped' in place) at = Math.min(Math.max(expression(place.clamped, point), 0), extent - 1);
    else at = evaluateAffine(place, (axis) => axisValue(point, axis));
    invariant(at >= 0 && at < extent, `${buffer.name}: ${at} is outside of axis ${i} with ${extent}`);
    return sum * extent + at;
  }, 0);
  return tensor.data[position] as number;
}

function unary(op: UnaryOp, x: number): number {
  switch (op) {
    case 'neg':
      return -x;
    case 'not':
      return Number(x === 0);
    case 'isfinite':
      return Number(Number.isFinite(x));
    case 'round': {
      const down = Math.floor(x);
      if (x - down !== 0.5) return Math.round(x);
      return down % 2 === 0 ? down : down + 1;
    }
    case 'abs':
    case 'exp':
    case 'log':
    case 'tanh':
    case 'sqrt':
    case 'floor':
    case 'ceil':
    case 'sign':
      return Math[op](x);
    default:
      return op satisfies never;
  }
}

function binary(op: BinaryOp, x: number, y: number, dtype: DType): number {
  switch (op) {
    case 'add':
      return x + y;
    case 'sub':
      return x - y;
    case 'mul':
      return dtype === 'f32' ? x * y : Math.imul(x, y);
    case 'div':
      return dtype === 'f32' ? x / y : Math.trunc(x / y);
    case 'min':
      return Math.min(x, y);
    case 'max':
      return Math.max(x, y);
    case 'and':
      return x & y;
    case 'or':
      return x | y;
    case 'xor':
      return x ^ y;
    case 'shl':
      return x << y;
    case 'shr':
      return dtype === 'u32' ? x >>> y : x >> y;
    case 'rem':
      return x % y;
    default:
      return op satisfies never;
  }
}

function compare(op: CompareOp, x: number, y: number): boolean {
  switch (op) {
    case '<':
      return x < y;
    case '<=':
      return x <= y;
    case '>':
      return x > y;
    case '>=':
      return x >= y;
    case '==':
      return x === y;
    case '!=':
      return x !== y;
    default:
      return op satisfies never;
  }
}

function combine(op: Combine, x: number, y: number): number {
  switch (op) {
    case 'add':
      return x + y;
    case 'mul':
      return x * y;
    case 'max':
      return Math.max(x, y);
    case 'min':
      return Math.min(x, y);
    case 'and':
      return x & y;
    case 'or':
      return x | y;
    default:
      return op satisfies never;
  }
}

/** Integers wrap. */
const wrap = (dtype: DType, x: number): number => (dtype === 'u32' ? x >>> 0 : dtype === 'i32' ? x | 0 : x);

/** Numbers saturate. */
function cast(dtype: DType, x: number): number {
  const between = (low: number, high: number): number =>
    Number.isNaN(x) ? 0 : Math.min(Math.max(Math.trunc(x), low), high);
  switch (dtype) {
    case 'f32':
      return x;
    case 'bool':
      return Number(x !== 0);
    case 'u8':
      return between(0, 255);
    case 'u32':
      return between(0, 2 ** 32 - 1);
    case 'i32':
      return between(-(2 ** 31), 2 ** 31 - 1);
    default:
      return dtype satisfies never;
  }
}
