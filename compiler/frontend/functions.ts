/** Functions on compile-time values. Those on numbers share their names with ops on tensors. */
import type { Span } from '../base/source.ts';
import { checkFinite } from './arithmetic.ts';
import type { Env } from './build.ts';
import type { Datum } from './datum.ts';
import { describe, list, number, poison } from './datum.ts';

const onNumbers: ReadonlyMap<
  string,
  { readonly arity: number | 'any'; readonly of: (...x: number[]) => number }
> = new Map([
  ['floor', { arity: 1, of: Math.floor }],
  ['ceil', { arity: 1, of: Math.ceil }],
  // To even, as the op does.
  [
    'round',
    { arity: 1, of: (x: number) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)) },
  ],
  ['abs', { arity: 1, of: Math.abs }],
  ['sqrt', { arity: 1, of: Math.sqrt }],
  ['exp', { arity: 1, of: Math.exp }],
  ['log', { arity: 1, of: Math.log }],
  ['min', { arity: 'any', of: Math.min }],
  ['max', { arity: 'any', of: Math.max }],
]);

/** Gives no value: says what arguments must fulfil. */
export const requirement = 'require';
export const functionNames: readonly string[] = [...onNumbers.keys(), 'len', 'range', requirement];
const maxRange = 100_000;

/** Undefined where `name` is no function on these values: then it may be an op on tensors. */
export function callFunction(name: string, args: readonly Datum[], env: Env, span: Span): Datum | undefined {
  if (name === 'len' || name === 'range') {
    if (args.some((argument) => argument.kind === 'poison')) return poison;
    const result = name === 'len' ? length(args) : range(args);
    if (result) return result;
    const wanted = name === 'len' ? '`len` takes a list or size' : '`range` takes one to three whole numbers';
    const got = args.map(describe).join(', ') || 'nothing';
    env.build.session.reporter.error(env.frame, span, 'E0310', `${wanted}, got ${got}`);
    return poison;
  }
  const known = onNumbers.get(name);
  if (!known) return undefined;
  const of = known.arity === 'any' && args.length === 1 ? itemsOf(args[0] ?? poison) : args;
  const values = of.flatMap((item) => (item.kind === 'number' ? [item.value] : []));
  if (values.length !== of.length || values.length === 0) return undefined;
  if (known.arity !== 'any' && known.arity !== values.length) return undefined;
  const result = known.arity === 'any' ? values.reduce((a, b) => known.of(a, b)) : known.of(...values);
  return checkFinite(number(result), `${name}(${values.join(', ')})`, env, span);
}

/** `min(kernel_size)`, `max([1, 2])`. */
function itemsOf(datum: Datum): readonly Datum[] {
  if (datum.kind === 'size') return datum.values.map(number);
  return datum.kind === 'list' ? datum.items : [datum];
}

function length(args: readonly Datum[]): Datum | undefined {
  const [of] = args;
  if (args.length !== 1 || !of) return undefined;
  if (of.kind === 'list') return number(of.items.length);
  return of.kind === 'size' ? number(of.values.length) : undefined;
}

/** As in Python: `range(3)` is [0, 1, 2]; `range(first, end, by)`. */
function range(args: readonly Datum[]): Datum | undefined {
  const values = args.flatMap((argument) =>
    argument.kind === 'number' && Number.isInteger(argument.value) ? [argument.value] : [],
  );
  if (values.length !== args.length || values.length < 1 || values.length > 3) return undefined;
  const [first = 0, end = 0, by = 1] = values.length === 1 ? [0, values[0]] : values;
  const count = Math.max(0, Math.ceil((end - first) / by));
  if (!(count <= maxRange)) return undefined;
  return list(Array.from({ length: count }, (_, i) => number(first + i * by)));
}
