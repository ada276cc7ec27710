/** Loops: their bounds, the pointers that move with them, and one comparison at the end of each iteration. */
import { invariant } from '../../base/invariant.ts';
import { boundsOf, boundsOfRange } from '../../loop/bounds.ts';
import type { For, Quotient } from '../../loop/ir.ts';
import type { Code } from './code.ts';
import type { Instruction } from './instructions.ts';
import type { Loop, Pointer } from './places.ts';
import * as scalars from './scalar.ts';
import type { KernelState, Share } from './state.ts';
import type { Tickets } from './tickets.ts';
import { mostPieces } from './tickets.ts';

/** A bound: a number, or code that pushes it. */
type Bound = number | ((code: Code) => void);

/** First and end of a loop, where they are the same numbers in every run. */
export function fixedBounds({ range }: For, state: KernelState): { from: number; to: number } | undefined {
  const from = fixed(Math.max, range.from, state);
  const to = fixed(Math.min, range.to, state);
  return from === undefined || to === undefined ? undefined : { from, to };
}

function fixed(
  pick: (...values: number[]) => number,
  bounds: readonly (Quotient | 'N')[],
  { places }: KernelState,
): number | undefined {
  const values = bounds.map((q) => {
    if (q === 'N') return undefined;
    const { constant, lane, terms } = places.resolve(q.numerator);
    return lane === 0 && terms.length === 0 ? Math.floor(constant / q.divisor) : undefined;
  });
  return values.includes(undefined) ? undefined : pick(...(values as number[]));
}

/** Writes the loop; `body` writes one iteration into the code it is given. */
export function writeLoop(
  stmt: For,
  code: Code,
  state: KernelState,
  apart: boolean,
  body: (code: Code) => void,
): void {
  const { places } = state;
  const interval = boundsOfRange(stmt.range, places.intervalOf);
  if (interval.low > interval.high) return;
  const share = shareOf(stmt, state);
  const parallel = share !== undefined;
  const constant = parallel ? undefined : fixedBounds(stmt, state);
  const around = code.nested();
  const loop = places.open(stmt.axis, around, interval);
  const inner = around.nested();
  body(inner);
  places.settle(inner);
  places.close();
  let from: Bound = constant?.from ?? bound('max', stmt.range.from, state);
  let to: Bound = constant?.to ?? bound('min', stmt.range.to, state);
  const taken = share && state.tickets && leftOver(from, to, code, around, share, state.tickets);
  if (taken) ({ from, to } = taken);
  else {
    if (share !== undefined) [from, to] = shared(from, to, code, around, share);
    from = held(from, code, around);
    to = held(to, code, around);
  }
  const target = constant === undefined && !certain(stmt, parallel, state) ? guarded(around, from, to) : code;
  const early = isInnermost(inner.list);
  startLoop(loop, from, target, state, early);
  const first = around.nested();
  if (early) for (const { local, step } of loop.pointers.values()) move(local, step, first);
  countUp(loop, from, to, target, early, inner, around);
  target.push({ op: 'loop', body: [...first.list, ...inner.list], ...(apart && { apart }) });
  const whole: readonly Instruction[] = target === code ? [] : [{ op: 'block', body: target.list }];
  if (taken) code.push({ op: 'loop', body: [...whole, ...taken.next] });
  else code.push(...whole);
}

/**
 * The pointers of an innermost loop move at its beginning, from one step before the first place on: V8 knows of a sum of
 * 32 bits that its upper half is empty, and of what comes from the iteration before it does not.
 */
const isInnermost = (body: readonly Instruction[]): boolean =>
  !body.some(({ op }) => op === 'loop' || op === 'block');

/** A computed bound goes into a local, for it is needed more than once. */
function held(value: Bound, code: Code, around: Code): Bound {
  if (typeof value === 'number') return value;
  value(code);
  const local = around.local('i32');
  code.set(local);
  return (c) => c.get(local);
}

function push(value: Bound, code: Code): void {
  if (typeof value === 'number') code.i32(value);
  else value(code);
}

/** Whether there is an iteration in every run. */
function certain({ range }: For, parallel: boolean, { places }: KernelState): boolean {
  if (parallel || range.to.includes('N')) return false;
  const quotient = (pick: 'low' | 'high') => (q: Quotient | 'N') =>
    q === 'N' ? NaN : Math.floor(boundsOf(q.numerator, places.intervalOf)[pick] / q.divisor);
  return Math.max(...range.from.map(quotient('high'))) < Math.min(...range.to.map(quotient('low')));
}

/** Code that does not run if there is no iteration. */
function guarded(around: Code, from: Bound, to: Bound): Code {
  const inside = around.nested();
  push(from, inside);
  push(to, inside);
  inside.op('i32.ge_s');
  inside.push({ op: 'br_if', depth: 0 });
  return inside;
}

/** The largest or smallest of several bounds. */
function bound(pick: 'min' | 'max', bounds: readonly (Quotient | 'N')[], state: KernelState): Bound {
  const numbers: number[] = [];
  const others: ((code: Code) => void)[] = [];
  for (const q of bounds) {
    const value = q === 'N' ? (c: Code) => c.get(state.batch) : quotient(q, state);
    if (typeof value === 'number') numbers.push(value);
    else others.push(value);
  }
  if (numbers.length > 0) {
    const number = Math[pick](...numbers);
    if (others.length === 0) return number;
    others.push((c) => c.i32(number));
  }
  return (c) => {
    others.forEach((push, i) => {
      push(c);
      if (i > 0) scalars.binary(c, pick, 'i32');
    });
  };
}

/** Rounded down, whatever the sign. */
function quotient({ numerator, divisor }: Quotient, { places }: KernelState): Bound {
  const place = places.resolve(numerator);
  invariant(place.lane === 0, 'the bounds of a loop differ between lanes');
  if (place.terms.length === 0) return Math.floor(place.constant / divisor);
  return (code) => {
    places.pushIndex(code, place);
    if (divisor === 1) return;
    if (Number.isInteger(Math.log2(divisor))) {
      code.i32(Math.log2(divisor));
      return code.op('i32.shr_s');
    }
    if (boundsOf(numerator, places.intervalOf).low < 0) {
      // Division rounds towards 0: one less than a multiple of the divisor is taken from negative numbers.
      const value = code.keep('i32');
      code.get(value);
      code.get(value);
      code.i32(31);
      code.op('i32.shr_s');
      code.i32(divisor - 1);
      code.op('i32.and', 'i32.sub');
    }
    code.i32(divisor);
    code.op('i32.div_s');
  };
}

/** Whether threads share the loop, and how. */
function shareOf({ axis, mode }: For, { share, samples }: KernelState): Share | undefined {
  if (mode === 'parallel') return share;
  return axis.extent === 'N' ? samples : undefined;
}

/** Thread t of T gets the iterations len · t / T … len · (t + 1) / T. */
function shared(from: Bound, to: Bound, code: Code, around: Code, share: Share): [Bound, Bound] {
  const first = held(from, code, around);
  return partOf(first, lengthOf(first, to, code, around), share);
}

/** A local with the number of iterations. */
function lengthOf(first: Bound, to: Bound, code: Code, around: Code): number {
  push(to, code);
  if (first !== 0) {
    push(first, code);
    code.op('i32.sub');
  }
  const length = around.local('i32');
  code.set(length);
  return length;
}

/** The bounds of one of so many parts of the iterations from the first on. */
function partOf(first: Bound, length: number, share: Share): [Bound, Bound] {
  const part = (next: boolean) => (c: Code) => {
    c.get(length);
    c.get(share.thread);
    if (next) {
      c.i32(1);
      c.op('i32.add');
    }
    c.op('i32.mul');
    c.get(share.threads);
    c.op('i32.div_s');
    if (first === 0) return;
    push(first, c);
    c.op('i32.add');
  };
  return [part(false), part(true)];
}

/** What a thread runs first, and code behind that which begins again (`br 1` from an `if`) with a piece of what is left over. */
interface Taken {
  readonly from: Bound;
  readonly to: Bound;
  readonly next: readonly Instruction[];
}

/** The thread's part of all but what is left over; then a piece of that, and another one, as long as there are some. */
function leftOver(from: Bound, to: Bound, code: Code, around: Code, share: Share, tickets: Tickets): Taken {
  const first = held(from, code, around);
  const length = lengthOf(first, to, code, around);
  const local = (): number => around.local('i32');
  const [rest, pieces, begin] = [local(), local(), local()];
  const [low, high] = [local(), local()];
  code.get(length);
  code.get(share.threads);
  code.push({ op: 'call', function: tickets.rest });
  code.tee(rest);
  code.i32(mostPieces);
  scalars.binary(code, 'min', 'i32');
  code.set(pieces);
  code.get(length);
  code.get(rest);
  code.op('i32.sub');
  code.set(length);
  const bounds = (start: Bound, count: number, part: Share, c: Code): void => {
    const [atLow, atHigh] = partOf(start, count, part);
    push(atLow, c);
    c.set(low);
    push(atHigh, c);
    c.set(high);
  };
  bounds(first, length, share, code);
  push(first, code);
  code.get(length);
  code.op('i32.add');
  code.set(begin);
  const next = around.nested();
  const piece = next.local('i32');
  next.get(pieces);
  next.push({ op: 'call', function: tickets.take });
  next.tee(piece);
  next.i32(0);
  next.op('i32.ge_s');
  const again = next.nested();
  bounds((c) => c.get(begin), rest, { thread: piece, threads: pieces }, again);
  again.push({ op: 'br', depth: 1 });
  next.push({ op: 'if', then: again.list, otherwise: [] });
  return { from: (c) => c.get(low), to: (c) => c.get(high), next: next.list };
}

/** Pushes x · factor, which is nothing for 0; says whether there is anything to add. */
function pushScaled(x: Bound, factor: number, code: Code): boolean {
  if (x === 0) return false;
  if (typeof x === 'number') {
    code.i32(x * factor);
    return true;
  }
  x(code);
  if (factor !== 1) {
    code.i32(factor);
    code.op('i32.mul');
  }
  return true;
}

/** Sets the pointers and the counter to the first iteration; with `early` the pointers to the one before. */
export function startLoop(
  loop: Loop,
  from: Bound,
  code: Code,
  { places, batch }: KernelState,
  early = false,
): void {
  const first: Bound = early && typeof from === 'number' ? from - 1 : from;
  for (const pointer of loop.pointers.values()) {
    places.pushStart(code, pointer);
    if (pushScaled(first, pointer.step, code)) code.op('i32.add');
    code.set(pointer.local);
    if (early && typeof from !== 'number') move(pointer.local, -pointer.step, code);
  }
  if (loop.counter === undefined || loop.counter === batch) return;
  push(from, code);
  code.set(loop.counter);
}

/** Moves the pointers at the end of the body, unless they have `moved`, and goes on where the end is not reached. */
function countUp(
  loop: Loop,
  from: Bound,
  to: Bound,
  before: Code,
  moved: boolean,
  body: Code,
  around: Code,
): void {
  const [first, ...others] = loop.pointers.values();
  const ruler = loop.counter === undefined ? first : undefined;
  const moving = ruler === undefined && first !== undefined ? [first, ...others] : others;
  if (!moved) for (const { local, step } of moving) move(local, step, body);
  // No counter is needed where a pointer can be compared with where it ends.
  const { local, step, end } =
    ruler === undefined
      ? counterOf(loop, from, to, before, around)
      : { ...ruler, end: endOf(ruler, from, to, before, around) };
  body.get(local);
  if (ruler === undefined || !moved) {
    body.i32(step);
    body.op('i32.add');
    body.tee(local);
  }
  push(end, body);
  body.op(ruler === undefined ? 'i32.lt_s' : 'i32.ne');
  body.push({ op: 'br_if', depth: 0 });
}

function move(local: number, step: number, body: Code): void {
  body.get(local);
  body.i32(step);
  body.op('i32.add');
  body.set(local);
}

/** A counter that begins with the first iteration. */
function counterOf(
  loop: Loop,
  from: Bound,
  to: Bound,
  before: Code,
  around: Code,
): { readonly local: number; readonly step: number; readonly end: Bound } {
  if (loop.counter !== undefined) return { local: loop.counter, step: 1, end: to };
  const local = around.local('i32');
  push(from, before);
  before.set(local);
  return { local, step: 1, end: to };
}

/** Where a pointer that stands at the first iteration stands behind the last one. */
function endOf({ local, step }: Pointer, from: Bound, to: Bound, before: Code, around: Code): Bound {
  const end = around.local('i32');
  before.get(local);
  if (typeof from === 'number' && typeof to === 'number') before.i32((to - from) * step);
  else {
    push(to, before);
    push(from, before);
    before.op('i32.sub');
    before.i32(step);
    before.op('i32.mul');
  }
  before.op('i32.add');
  before.set(end);
  return (code) => code.get(end);
}
