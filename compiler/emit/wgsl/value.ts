/** Expressions of the Loop IR as WGSL. */
import { invariant, InvariantError } from '../../base/invariant.ts';
import type { Affine, Buffer, Expr, ExprOf, Index } from '../../loop/ir.ts';
import { batchAxis } from '../../loop/ir.ts';
import { isMath } from '../../loop/math.ts';
import type { Value } from './expression.ts';
import { binary, call, literal, name, storedType, typeOf } from './expression.ts';
import { componentOf, isGroup, placeOf, variableAt } from './memory.ts';
import {
  binaryValue,
  bitcastValue,
  castValue,
  compareInfinite,
  compareValue,
  loaded,
  selectValue,
  unaryValue,
} from './operations.ts';
import { affineValue, elementPlace, elementText } from './places.ts';
import type { Scope } from './scope.ts';

/** The value of an expression, in lanes a vec4 where it differs between them. */
export function value(expr: Expr, scope: Scope): Value {
  const { helpers } = scope.state;
  switch (expr.kind) {
    case 'literal':
      return literalValue(expr, scope);
    case 'index':
      return indexValue(expr.index, scope);
    case 'batch':
      return name(scope.axis(batchAxis), 'i32');
    case 'load':
      return load(expr.buffer, expr.index, scope);
    case 'local':
      return scope.local(expr.local);
    case 'unary':
      // What WGSL computes of constants must be finite.
      if (expr.x.kind === 'literal' && isMath(expr.op))
        return literalValue({ ...expr.x, value: Math[expr.op](Math.fround(expr.x.value)) }, scope);
      return unaryValue(expr.op, value(expr.x, scope), helpers);
    case 'binary':
      return binaryValue(expr.op, expr.dtype, value(expr.a, scope), value(expr.b, scope));
    case 'compare':
      return comparison(expr, scope);
    case 'select':
      return selectValue(value(expr.condition, scope), value(expr.a, scope), value(expr.b, scope));
    case 'cast':
      return castValue(value(expr.x, scope), expr.dtype, helpers);
    case 'bitcast':
      return bitcastValue(value(expr.x, scope), expr.dtype);
    case 'reduced':
      throw new InvariantError('a definition in a kernel');
    default:
      return expr satisfies never;
  }
}

function literalValue({ dtype, value: exact }: ExprOf<'literal'>, scope: Scope): Value {
  const x = dtype === 'f32' ? Math.fround(exact) : exact;
  if (dtype !== 'f32' || Number.isFinite(x)) return literal(dtype, x);
  const bits = Number.isNaN(x) ? '0x7fc00000u' : x > 0 ? '0x7f800000u' : '0xff800000u';
  return scope.state.helpers.call('float_of', 'f32', name(bits, 'u32'));
}

function comparison(expr: ExprOf<'compare'>, scope: Scope): Value {
  const { op, a, b } = expr;
  if (b.kind === 'literal' && b.dtype === 'f32' && Math.abs(b.value) === Infinity) {
    const finite = compareInfinite(op, value(a, scope), b.value);
    if (finite !== undefined) return finite;
  }
  return compareValue(op, value(a, scope), value(b, scope));
}

function indexValue(index: Affine, scope: Scope): Value {
  const lane = index.terms.find(({ axis }) => axis === scope.lanes)?.factor ?? 0;
  if (lane === 0) return affineValue(index, scope);
  const rest = { ...index, terms: index.terms.filter(({ axis }) => axis !== scope.lanes) };
  const lanes = name(`vec4i(0, ${lane}, ${2 * lane}, ${3 * lane})`, 'i32', true);
  if (rest.terms.length === 0 && rest.constant === 0) return lanes;
  return binary('+', affineValue(rest, scope), lanes);
}

/** Computed indices, each clamped into its axis. */
function clampedIndices(buffer: Buffer, index: readonly Index[], scope: Scope): readonly Value[] {
  return index.flatMap((entry, i) => {
    if (!('clamped' in entry)) return [];
    const x = value(entry.clamped, scope);
    invariant(!x.wide, `${buffer.name} is read at computed places that differ between lanes`);
    const extent = buffer.shape[i];
    const last =
      extent === 'N'
        ? binary('-', name(scope.axis(batchAxis), 'i32'), literal('i32', 1))
        : literal('i32', Number(extent) - 1);
    return [call('clamp', 'i32', x, literal('i32', 0), last)];
  });
}

/** What stands for an element, or for four of them, in an expression or to the left of `=`. */
export function element(buffer: Buffer, index: readonly Index[], scope: Scope): Value {
  const memory = scope.memory(buffer);
  const place = placeOf(buffer, index, scope.lanes);
  if (memory.variables) {
    const group = isGroup(place);
    const at = variableAt(place, memory.wide);
    const variable = memory.variable.get(at);
    invariant(variable !== undefined, `${buffer.name} has no place ${at}`);
    const part = memory.wide && !group ? component(place.constant % 4) : '';
    return name(`${variable}${part}`, buffer.dtype, group);
  }
  const clamped = clampedIndices(buffer, index, scope);
  if (!memory.wide) {
    const at = elementText(buffer, index, { size: 1, clamped }, scope);
    return name(`${memory.name}[${at}]`, buffer.dtype);
  }
  if (isGroup(place)) {
    const at = elementText(buffer, index, { size: 4, clamped }, scope);
    return name(`${memory.name}[${at}]`, buffer.dtype, true);
  }
  const part = componentOf(place);
  if (part !== undefined) {
    const at = elementText(buffer, index, { size: 4, behind: -part, clamped }, scope);
    return name(`${memory.name}[${at}]${component(part)}`, buffer.dtype);
  }
  const at = elementPlace(buffer, index, { size: 1, clamped }, scope);
  const [quotient, rest] = [binary('>>', at, literal('u32', 2)), binary('&', at, literal('i32', 3))];
  return name(`${memory.name}[${quotient.text}][${rest.text}]`, buffer.dtype);
}

export const component = (part: number): string => `.${'xyzw'.charAt(part)}`;

/** The elements of all four lanes, one by one: for memory whose groups are not vec4. */
export function lanesOf(buffer: Buffer, index: readonly Index[], scope: Scope): readonly Value[] {
  const memory = scope.memory(buffer);
  const place = placeOf(buffer, index, scope.lanes);
  const clamped = clampedIndices(buffer, index, scope);
  return [0, 1, 2, 3].map((lane) => {
    const behind = lane * place.lane;
    if (memory.variables) {
      const variable = memory.variable.get(place.constant + behind);
      invariant(variable !== undefined, `${buffer.name} has no place ${place.constant + behind}`);
      return name(variable, buffer.dtype);
    }
    const at = elementText(buffer, index, { size: 1, behind, clamped }, scope);
    return name(`${memory.name}[${at}]`, buffer.dtype);
  });
}

/** Whether the lanes' elements have no name together: then `lanesOf` names them. */
export const isScattered = (buffer: Buffer, index: readonly Index[], scope: Scope): boolean =>
  placeOf(buffer, index, scope.lanes).lane !== 0 && !scope.memory(buffer).wide;

/** Only what the host sees has no bool. */
export const isShared = ({ space }: Buffer): boolean => space === 'global';

function load(buffer: Buffer, index: readonly Index[], scope: Scope): Value {
  const stored = (x: Value): Value => (isShared(buffer) ? loaded(x, buffer) : x);
  const isVariable = scope.memory(buffer).variables;
  const read = (x: Value): Value => {
    if (isVariable) scope.touch(x.text.replace(/\..*/, ''));
    return x;
  };
  if (!isScattered(buffer, index, scope)) return stored(read(element(buffer, index, scope)));
  const lanes = lanesOf(buffer, index, scope).map(read);
  const type = isShared(buffer) ? storedType(buffer, true) : typeOf(buffer.dtype, true);
  return stored(name(`${type}(${lanes.map(({ text }) => text).join(', ')})`, buffer.dtype, true));
}
