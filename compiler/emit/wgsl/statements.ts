/** Statements of the Loop IR as WGSL. */
import { invariant } from '../../base/invariant.ts';
import { alwaysInside, boundsOf, boundsOfQuotient, boundsOfRange } from '../../loop/bounds.ts';
import type { Affine, Buffer, Expr, Quotient, Stmt } from '../../loop/ir.ts';
import { batchAxis } from '../../loop/ir.ts';
import type { Value } from './expression.ts';
import { binary, call, largest, literal, name, splat, typeOf } from './expression.ts';
import { combinedText, loaded, toStore } from './operations.ts';
import { affineValue } from './places.ts';
import type { Scope } from './scope.ts';
import { element, isScattered, isShared, lanesOf, value } from './value.ts';

export function statements(body: readonly Stmt[], scope: Scope): void {
  for (const stmt of body) statement(stmt, scope);
}

function statement(stmt: Stmt, scope: Scope): void {
  switch (stmt.kind) {
    case 'for':
      return loop(stmt, scope);
    case 'if':
      return branch(stmt, scope);
    case 'let': {
      const { text, wide } = value(stmt.value, scope);
      const local = scope.unique(stmt.local.name);
      scope.push(`let ${local} = ${text};`);
      scope.state.locals.set(stmt.local, name(local, stmt.local.dtype, wide));
      return;
    }
    case 'alloc':
      return allocate(stmt.buffer, scope);
    case 'store':
    case 'accumulate':
      return write(stmt, scope);
    case 'barrier':
      scope.declarePending();
      return scope.push('workgroupBarrier();');
    default:
      return stmt satisfies never;
  }
}

/** Registers: variables that are declared by what is stored first, or a small array. */
function allocate(buffer: Buffer, scope: Scope): void {
  const { dtype, name: wanted } = buffer;
  if (buffer.space === 'workgroup') return;
  const storage = scope.state.storages.get(buffer);
  if (storage === undefined) return;
  const { wide, variables } = storage;
  const size = Math.ceil(elements(buffer) / (wide ? 4 : 1));
  const type = typeOf(dtype, wide);
  const variable = new Map<number, string>();
  if (!variables) {
    const array = scope.unique(wanted);
    scope.push(`var ${array}: array<${type}, ${size}>;`);
    scope.state.memory.set(buffer, { ...storage, name: array, variable });
    return;
  }
  for (let place = 0; place < size; place++) {
    const own =
      size === 1 ? scope.unique(wanted) : scope.exact(`${wanted}_${placeName(buffer, place, wide)}`);
    variable.set(place, own);
    scope.allocate(own, type);
  }
  scope.state.memory.set(buffer, { ...storage, name: wanted, variable });
}

function elements({ name: buffer, shape }: Buffer): number {
  return shape.reduce<number>((product, extent) => {
    invariant(typeof extent === 'number', `${buffer} is not of constant size`);
    return product * extent;
  }, 1);
}

/** `1_0` for the place of [1, 0]. */
function placeName({ shape }: Buffer, place: number, wide: boolean): string {
  const extents = shape.map(Number);
  if (wide) extents.push((extents.pop() ?? 4) / 4);
  const parts: number[] = [];
  let rest = place;
  for (const extent of extents.toReversed()) {
    if (extent > 1) parts.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return parts.join('_');
}

type Write = Stmt & { readonly kind: 'store' | 'accumulate' };

function write(stmt: Write, scope: Scope): void {
  const { buffer, index } = stmt;
  if (stmt.kind === 'accumulate') scope.declarePending();
  const x = stmt.kind === 'store' ? stored(stmt.value, scope) : value(stmt.value, scope);
  if (!isScattered(buffer, index, scope)) return assign(stmt, element(buffer, index, scope), x, scope);
  const lanes = lanesOf(buffer, index, scope);
  const one = x.wide && !/^\w+$/.test(x.text) ? named(x, scope) : x;
  lanes.forEach((target, lane) => {
    const part = one.wide ? name(`${one.text}.${'xyzw'.charAt(lane)}`, one.dtype) : one;
    assign(stmt, target, part, scope);
  });
}

function assign(stmt: Write, target: Value, x: Value, scope: Scope): void {
  const shared = isShared(stmt.buffer);
  const converted = (v: Value): Value => {
    const right = shared ? toStore(v) : v;
    return target.wide ? splat(right) : right;
  };
  if (stmt.kind === 'accumulate') {
    if (shared && target.dtype === 'bool') {
      const sum = combinedText(stmt.combine, { ...loaded(target), dtype: 'bool' }, x).split(' = ')[1];
      return scope.push(`${target.text} = ${typeOf('u32', target.wide)}(${sum});`);
    }
    return scope.push(`${combinedText(stmt.combine, target, x)};`);
  }
  const first = scope.declares(target.text) ? 'var ' : '';
  scope.push(`${first}${target.text} = ${converted(x).text};`);
}

/** What a store takes. An infinite number is where a maximum or minimum begins: the largest number serves as well. */
function stored(expr: Expr, scope: Scope): Value {
  if (expr.kind !== 'literal' || Math.abs(expr.value) !== Infinity) return value(expr, scope);
  return name(expr.value < 0 ? `-${largest}` : largest, 'f32');
}

function named(x: Value, scope: Scope, wanted = 't'): Value {
  const own = scope.unique(wanted);
  scope.push(`let ${own} = ${x.text};`);
  return name(own, x.dtype, x.wide);
}

type For = Stmt & { readonly kind: 'for' };

function loop(stmt: For, scope: Scope): void {
  const { axis, range, mode } = stmt;
  if (mode === 'vectorize') return statements(stmt.body, scope.inLanes(axis));
  invariant(typeof mode === 'string', `the loop over ${axis.name} is bound inside of others`);
  scope.declarePending();
  const bounds = boundsOfRange(range, scope.intervalOf);
  if (bounds.low > bounds.high) return;
  const from = extreme('max', range.from, scope);
  let to = extreme('min', range.to, scope);
  if (to.op !== undefined || to.text.includes('(')) to = named(to, scope, `${axis.name}_end`);
  const body = scope.nested();
  const own = body.open(axis, bounds);
  statements(stmt.body, body);
  body.declarePending();
  scope.pushBlock(`for (var ${own} = ${from.text}; ${own} < ${to.text}; ${own}++)`, body);
}

/** The largest or smallest of loop bounds. */
function extreme(pick: 'min' | 'max', bounds: readonly (Quotient | 'N')[], scope: Scope): Value {
  const constants: number[] = [];
  const others: Value[] = [];
  for (const bound of bounds) {
    if (bound === 'N') others.push(name(scope.axis(batchAxis), 'i32'));
    else if (bound.numerator.terms.length === 0)
      constants.push(Math.floor(bound.numerator.constant / bound.divisor));
    else others.push(quotientValue(bound, scope));
  }
  const all = constants.length > 0 ? [...others, literal('i32', Math[pick](...constants))] : others;
  const [first, ...more] = all;
  invariant(first, 'a loop without bounds');
  return more.reduce((a, b) => call(pick, 'i32', a, b), first);
}

/** Divisions cut off in WGSL: where the numerator may be negative, the quotient has to be rounded down. */
function quotientValue({ numerator, divisor }: Quotient, scope: Scope): Value {
  const x = affineValue(numerator, scope);
  if (divisor === 1) return x;
  const by = literal('i32', divisor);
  if (boundsOfQuotient({ numerator, divisor: 1 }, scope.intervalOf).low >= 0) return binary('/', x, by);
  return scope.state.helpers.call('floor_div', 'i32', x, by);
}

/** Conditions that hold in every run are not tested. */
function branch(stmt: Stmt & { readonly kind: 'if' }, scope: Scope): void {
  const tests: Value[] = [];
  for (const { index, extent } of stmt.conditions) {
    invariant(placeless(index, scope), 'a condition differs between lanes');
    const { low, high } = boundsOf(index, scope.intervalOf);
    if (high < 0 || (extent !== 'N' && low >= extent)) return;
    const above = low >= 0;
    const below = extent === 'N' ? alwaysInside(index, extent, scope.intervalOf) : high < extent;
    if (above && below) continue;
    const limit = extent === 'N' ? name(scope.axis(batchAxis), 'i32') : literal('i32', extent);
    const place = affineValue(index, scope);
    if (!above) tests.push(binary('>=', place, literal('i32', 0), 'bool'));
    if (above && extent === 1) tests.push(binary('==', place, literal('i32', 0), 'bool'));
    else if (!below) tests.push(binary('<', place, limit, 'bool'));
  }
  if (tests.length === 0) return statements(stmt.body, scope);
  scope.declarePending();
  const body = scope.nested();
  statements(stmt.body, body);
  body.declarePending();
  scope.pushBlock(`if (${tests.reduce((a, b) => binary('&&', a, b)).text})`, body);
}

const placeless = (index: Affine, { lanes }: Scope): boolean =>
  index.terms.every(({ axis }) => axis !== lanes);
