/** Index arithmetic as text, in i32. */
import { invariant } from '../../base/invariant.ts';
import type { Affine, Axis, Buffer, Index } from '../../loop/ir.ts';
import type { Value } from './expression.ts';
import { binary, literal, name } from './expression.ts';
import { placeOf, withoutLane } from './memory.ts';
import { shaderName } from './names.ts';
import type { Scope } from './scope.ts';

const whole = (value: number): Value => literal('i32', value);

/** A sum that grows term by term; what is subtracted stands behind what is added. */
class Sum {
  #added: Value | undefined;
  readonly #subtracted: Value[] = [];
  #constant = 0;

  add(x: Value, factor: number): void {
    if (factor === 0) return;
    const size = Math.abs(factor);
    const product = size === 1 ? x : binary('*', x, whole(size));
    if (factor < 0) this.#subtracted.push(product);
    else this.#added = this.#added === undefined ? product : binary('+', this.#added, product);
  }

  addConstant(value: number): void {
    this.#constant += value;
  }

  value(): Value {
    let constant = this.#constant;
    let sum = this.#added;
    if (sum === undefined && (this.#subtracted.length === 0 || constant > 0)) {
      sum = whole(constant);
      constant = 0;
    }
    for (const x of this.#subtracted) sum = sum === undefined ? negative(x) : binary('-', sum, x);
    invariant(sum, 'a sum of nothing');
    if (constant === 0) return sum;
    return binary(constant > 0 ? '+' : '-', sum, whole(Math.abs(constant)));
  }
}

const negative = (x: Value): Value => ({
  ...x,
  text: x.op === undefined ? `-${x.text}` : `-(${x.text})`,
  op: 'unary',
});

/** As in the places of a row-major array; of equal factors, the outer loop's first. */
const slowestFirst = (terms: Affine['terms'], { state: { ids } }: Scope): Affine['terms'] =>
  terms.toSorted(
    (a, b) => Math.abs(b.factor) - Math.abs(a.factor) || (ids.get(a.axis) ?? 0) - (ids.get(b.axis) ?? 0),
  );

/** The value of index arithmetic as it stands. */
function plainAffine({ constant, terms }: Affine, scope: Scope): Value {
  const sum = new Sum();
  for (const { axis, factor } of slowestFirst(terms, scope)) sum.add(name(scope.axis(axis), 'i32'), factor);
  sum.addConstant(constant);
  return sum.value();
}

/** The value of index arithmetic; named where it stands more than once. */
export function affineValue(index: Affine, scope: Scope): Value {
  const plain = plainAffine(index, scope);
  if (index.terms.length < 2) return plain;
  const variable = plainAffine({ constant: 0, terms: index.terms }, scope).text;
  const key = keyOf(
    index.terms.map(({ axis, factor }) => [axis, factor]),
    scope,
  );
  return {
    ...plain,
    text: scope.state.sums.add({ key, text: plain.text, variable, constant: index.constant }),
  };
}

function keyOf(terms: Iterable<readonly [Axis, number]>, { state }: Scope): string {
  return [...terms]
    .map(([axis, factor]) => `${state.ids.get(axis) ?? ''}*${factor}`)
    .sort()
    .join('+');
}

interface ElementOptions {
  /** Elements in one element of the array: 4 of a vec4. */
  readonly size: 1 | 4;
  /** Elements behind the one that the index says. */
  readonly behind?: number;
  /** Computed indices, clamped, in order. */
  readonly clamped: readonly Value[];
}

/**
 * The place in its array of an element or, with `size` 4, of the vec4 that holds it, as text between brackets; the axis of
 * lanes counts as 0. Named where it stands more than once.
 */
export function elementText(
  buffer: Buffer,
  index: readonly Index[],
  options: ElementOptions,
  scope: Scope,
): string {
  const { text } = elementPlace(buffer, index, options, scope);
  const { size, behind = 0, clamped } = options;
  const { terms, constant } = placeOf(buffer, index, scope.lanes);
  if (clamped.length > 0 || terms.size < 2) return text;
  const start: Index[] = index.map((entry) => ('clamped' in entry ? entry : { ...entry, constant: 0 }));
  const variable = elementPlace({ ...buffer, offset: 0 }, start, { size, clamped }, scope).text;
  const key = keyOf(
    [...terms].map(([axis, factor]) => [axis, factor / size]),
    scope,
  );
  return scope.state.sums.add({
    key,
    buffer: shaderName(buffer.name),
    text,
    variable,
    constant: (constant + behind) / size,
  });
}

/** The same as a value, unnamed. */
export function elementPlace(
  buffer: Buffer,
  index: readonly Index[],
  { size, behind = 0, clamped }: ElementOptions,
  scope: Scope,
): Value {
  const sum = new Sum();
  let computed = 0;
  const places = index.map((entry): Affine | Value =>
    'clamped' in entry ? clamped[computed++]! : withoutLane(entry, scope.lanes),
  );
  const strides = buffer.strides.map((stride) => stride / size);
  const byAxis = places.every(
    (place, i) =>
      'text' in place || place.terms.every(({ factor }) => Number.isInteger(factor * strides[i]!)),
  );
  let constant = buffer.offset + behind;
  if (!byAxis) {
    // Terms of several axes make up fours only together.
    const flat = placeOf(buffer, index, scope.lanes);
    constant = flat.constant + behind;
    for (const [axis, factor] of flat.terms) addTerm(sum, axis, factor / size, scope);
  }
  places.forEach((place, i) => {
    const stride = strides[i]!;
    if ('text' in place) return sum.add(place, stride);
    if (!byAxis) return;
    if (Number.isInteger(stride)) return addPlace(sum, place, stride, scope);
    constant += place.constant * stride * size;
    for (const { axis, factor } of place.terms) addTerm(sum, axis, factor * stride, scope);
  });
  invariant(constant % size === 0, `${buffer.name}: no vec4 begins at ${constant}`);
  sum.addConstant(constant / size);
  return sum.value();
}

/** sum += stride · place, with the place in parentheses where it is a sum itself. */
function addPlace(sum: Sum, place: Affine, stride: number, scope: Scope): void {
  const parts = place.terms.length + (place.constant === 0 ? 0 : 1);
  if (stride !== 1 && parts > 1 && place.terms.length > 0) return sum.add(plainAffine(place, scope), stride);
  for (const { axis, factor } of slowestFirst(place.terms, scope)) addTerm(sum, axis, factor * stride, scope);
  sum.addConstant(place.constant * stride);
}

function addTerm(sum: Sum, axis: Axis, factor: number, scope: Scope): void {
  invariant(Number.isInteger(factor), `${axis.name} counts parts of a vec4`);
  sum.add(name(scope.axis(axis), 'i32'), factor);
}
