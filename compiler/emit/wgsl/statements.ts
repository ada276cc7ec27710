/** Statements of the Loop IR as WGSL. */
import { invariant } from '../../base/invariant.ts';
import { addAffine, sameAffine } from '../../loop/affine.ts';
import { alwaysInside, boundsOf, boundsOfQuotient, boundsOfRange } from '../../loop/bounds.ts';
import type {
  Affine,
  Buffer,
  Combine,
  Condition,
  Expr,
  For,
  Quotient,
  Range,
  Stmt,
  StmtOf,
  Write,
} from '../../loop/ir.ts';
import { batchAxis } from '../../loop/ir.ts';
import type { Value } from './expression.ts';
import { binary, call, largest, literal, name, splat, typeOf } from './expression.ts';
import { binaryValue, loaded, toStore } from './operations.ts';
import { affineValue } from './places.ts';
import type { Scope } from './scope.ts';
import { allReduce } from './subgroups.ts';
import { component, element, isScattered, isShared, lanesOf, value } from './value.ts';

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
      return scope.push('workgroupBarrier();');
    case 'all_reduce':
      return allReduce(stmt, scope);
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
  const { wide, variables, writes } = storage;
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
    scope.allocate(own, type, writes.get(place) ?? 0);
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

function write(stmt: Write, scope: Scope): void {
  const { buffer, index } = stmt;
  const x = stmt.kind === 'store' ? stored(stmt.value, scope) : value(stmt.value, scope);
  if (!isScattered(buffer, index, scope)) return assign(stmt, element(buffer, index, scope), x, scope);
  const lanes = lanesOf(buffer, index, scope);
  const one = x.wide && !/^\w+$/.test(x.text) ? named(x, scope) : x;
  lanes.forEach((target, lane) => {
    const part = one.wide ? name(`${one.text}${component(lane)}`, one.dtype) : one;
    assign(stmt, target, part, scope);
  });
}

const shortForms: Readonly<Partial<Record<Combine, string>>> = { add: '+=', mul: '*=' };

function assign(stmt: Write, target: Value, x: Value, scope: Scope): void {
  const { buffer } = stmt;
  const { variables } = scope.memory(buffer);
  const [variable = '', part] = target.text.split('.');
  const isWhole = stmt.kind === 'store' && part === undefined;
  if (variables && !isWhole) scope.touch(variable);
  const inTarget = (v: Value): Value => (target.wide ? splat(v) : v);
  const toMemory = (v: Value): string =>
    (isShared(buffer) ? toStore(v, buffer, target.wide) : inTarget(v)).text;
  if (stmt.kind === 'accumulate') {
    const isNumber = buffer.dtype !== 'bool' && buffer.dtype !== 'u8' && !buffer.stored;
    const short = isNumber ? shortForms[stmt.combine] : undefined;
    if (short !== undefined) return scope.push(`${target.text} ${short} ${inTarget(x).text};`);
    const before = isShared(buffer) ? loaded(target, buffer) : target;
    const after = binaryValue(stmt.combine, buffer.dtype, before, x);
    return scope.push(`${target.text} = ${toMemory(after)};`);
  }
  if (!variables || !isWhole) return scope.push(`${target.text} = ${toMemory(x)};`);
  scope.store(variable, toMemory(x), stmt.value.kind === 'literal');
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

function loop(stmt: For, scope: Scope): void {
  const { axis, range, mode } = stmt;
  if (mode === 'vectorize') return statements(stmt.body, scope.inLanes(axis));
  invariant(typeof mode === 'string', `the loop over ${axis.name} is bound inside of others`);
  const bounds = boundsOfRange(range, scope.intervalOf);
  if (bounds.low > bounds.high) return;
  const from = extreme('max', range.from, scope);
  if (runsOnce(range)) {
    const only = scope.open(axis, bounds);
    scope.push(`let ${only} = ${from.text};`);
    return statements(stmt.body, scope);
  }
  let to = extreme('min', range.to, scope);
  if (to.op !== undefined || to.text.includes('(')) to = named(to, scope, `${axis.name}_end`);
  scope.pushBlock((body) => {
    const own = body.open(axis, bounds);
    statements(stmt.body, body);
    return `for (var ${own} = ${from.text}; ${own} < ${to.text}; ${own}++)`;
  });
}

/** floor(x / d) .. floor((x + d) / d) is one place: how one number stands for two that count it. */
function runsOnce({ from: [from, otherFrom], to: [to, otherTo] }: Range): boolean {
  if (from === undefined || to === undefined || otherFrom !== undefined || otherTo !== undefined)
    return false;
  if (to === 'N' || from.divisor !== to.divisor) return false;
  return sameAffine(to.numerator, addAffine(from.numerator, from.divisor));
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
function branch(stmt: StmtOf<'if'>, scope: Scope): void {
  const tests: Value[] = [];
  for (const { index, extent } of stmt.conditions) {
    invariant(placeless(index, scope), 'a condition differs between lanes');
    const { low, high } = boundsOf(index, scope.intervalOf);
    if (high < 0 || (extent !== 'N' && low >= extent)) return;
    const above = low >= 0;
    const below = extent === 'N' ? alwaysInside(index, extent, scope.intervalOf) : high < extent;
    tests.push(...testsOf({ index, extent }, above, below, scope));
  }
  if (tests.length === 0) return statements(stmt.body, scope);
  scope.pushBlock((body) => {
    statements(stmt.body, body);
    return `if (${tests.reduce((a, b) => binary('&&', a, b)).text})`;
  });
}

/** 0 <= index < extent, without what is known; i + c >= 0 reads i >= -c where i is one axis. */
function testsOf(
  { index, extent }: Condition,
  above: boolean,
  below: boolean,
  scope: Scope,
): readonly Value[] {
  const [term, more] = index.terms;
  const moved = term?.factor === 1 && more === undefined ? index.constant : 0;
  const place = affineValue({ ...index, constant: index.constant - moved }, scope);
  if (extent === 1) return [binary('==', place, literal('i32', -moved), 'bool')];
  const end =
    extent === 'N'
      ? affineValue({ constant: -moved, terms: [{ axis: batchAxis, factor: 1 }] }, scope)
      : literal('i32', extent - moved);
  return [
    ...(above ? [] : [binary('>=', place, literal('i32', -moved), 'bool')]),
    ...(below ? [] : [binary('<', place, end, 'bool')]),
  ];
}

const placeless = (index: Affine, { lanes }: Scope): boolean =>
  index.terms.every(({ axis }) => axis !== lanes);
