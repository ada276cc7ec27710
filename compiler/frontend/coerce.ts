/** Whether a value fits the declared type of a parameter or attribute, and what it becomes there. */
import type { Span } from '../base/source.ts';
import type { AttributeSpec } from '../graph/op.ts';
import type { AttributeValue } from '../graph/ir.ts';
import { dtypes } from '../base/types.ts';
import type { ParameterDeclaration } from '../syntax/ast.ts';
import type { Env } from './build.ts';
import type { Datum } from './datum.ts';
import { describe, list, number, poison, word } from './datum.ts';
import type { Details } from './report.ts';
import { suggestion, writing } from './suggest.ts';

/** What an argument may be: type names and words. */
export type Expected = readonly string[];
/** The types a parameter may have; every other name in its place is a word. */
export const typeNames: Expected = ['int', 'float', 'bool', 'string', 'size', 'list', 'stage', 'initializer'];

/** What the argument for a parameter may be. */
export const expectedBy = ({ types }: ParameterDeclaration): Expected => types.map((type) => type.text);
export const wordsOf = (expected: Expected): readonly string[] =>
  expected.filter((name) => !typeNames.includes(name));

/** `what`: "`filters` of `Conv2D`". Reports and gives poison where the value does not fit. */
export function coerce(datum: Datum, expected: Expected, what: string, env: Env, span: Span): Datum {
  if (datum.kind === 'poison') return poison;
  for (const type of expected) {
    const fitting = fit(datum, type);
    if (fitting) return fitting;
  }
  const { reporter } = env.build.session;
  const words = wordsOf(expected);
  if (datum.kind === 'number' && expected.includes('int') && !Number.isInteger(datum.value)) {
    reporter.error(env.frame, span, 'E0306', `${what} must be a whole number, got ${datum.value}`, {
      notes: [{ message: '`floor(…)` and `ceil(…)` make whole numbers' }],
    });
  } else if ((datum.kind === 'word' || datum.kind === 'string') && words.length > 0) {
    const text = datum.kind === 'word' ? datum.word : datum.value;
    const meant = words.includes(text) ? text : undefined;
    const fix = meant === undefined ? undefined : writing(meant, span);
    const message =
      meant === undefined
        ? `${what} is one of ${listed(words)}, not \`${text}\``
        : `${what} is a word, which stands without quotes: \`${text}\``;
    const notes = meant === undefined ? suggestion(text, words) : [];
    reporter.error(env.frame, span, 'E0308', message, { notes, fix });
  } else {
    const message = `${what} must be ${kinds(expected)}, got ${describe(datum)}`;
    reporter.error(env.frame, span, 'E0301', message, unquoted(datum, expected, span));
  }
  return poison;
}

/** Keras's `activation="relu"`: here without quotes. */
function unquoted(datum: Datum, expected: Expected, span: Span): Details {
  const named = expected.includes('stage') || expected.includes('initializer');
  if (!named || datum.kind !== 'string' || !/^[A-Za-z_]\w*$/.test(datum.value)) return {};
  const text = datum.value;
  return {
    notes: [{ message: `names are written without quotes: \`${text}\`` }],
    fix: writing(text, span),
  };
}

const listed = (words: readonly string[]): string => words.map((text) => `\`${text}\``).join(', ');

const kindTexts: ReadonlyMap<string, string> = new Map([
  ['int', 'a whole number'],
  ['float', 'a number'],
  ['bool', '`true` or `false`'],
  ['string', 'a string'],
  ['size', 'a size such as 3 or 3x3'],
  ['list', 'a list'],
  ['stage', 'a layer or op such as `relu`'],
  ['initializer', 'an initializer such as `zeros` or a list of numbers'],
]);
const kinds = (expected: Expected): string =>
  expected.map((name) => kindTexts.get(name) ?? `\`${name}\``).join(' or ');

function fit(datum: Datum, type: string): Datum | undefined {
  switch (type) {
    case 'int':
      return datum.kind === 'number' && Number.isInteger(datum.value) ? datum : undefined;
    case 'float':
      return datum.kind === 'number' ? datum : undefined;
    case 'bool':
    case 'string':
    case 'list':
      return datum.kind === type ? datum : undefined;
    case 'stage':
      return datum.kind === 'stage' ? datum : undefined;
    case 'size': {
      const values = sizeOf(datum);
      return values && { kind: 'size', values };
    }
    case 'initializer':
      return asInitializer(datum);
    default:
      return datum.kind === 'word' && datum.word === type ? datum : undefined;
  }
}

/** Two whole numbers from `3`, `3x3` or `(3, 3)`. */
function sizeOf(datum: Datum): readonly number[] | undefined {
  if (datum.kind === 'number') return Number.isInteger(datum.value) ? [datum.value, datum.value] : undefined;
  const values = datum.kind === 'size' ? datum.values : numbersOf(datum);
  return values?.length === 2 && values.every(Number.isInteger) ? values : undefined;
}

/** The numbers of a flat list. */
function numbersOf(datum: Datum): readonly number[] | undefined {
  if (datum.kind === 'size') return datum.values;
  if (datum.kind !== 'list') return undefined;
  const values = datum.items.flatMap((item) => (item.kind === 'number' ? [item.value] : []));
  return values.length === datum.items.length ? values : undefined;
}

function asInitializer(datum: Datum): Datum | undefined {
  if (datum.kind === 'initializer') return datum;
  if (datum.kind === 'number' || datum.kind === 'list') {
    return { kind: 'initializer', initializer: { kind: 'constant', values: datum } };
  }
  return undefined;
}

/** What to expect for an attribute of an op. */
export function expectedFor(spec: AttributeSpec): Expected {
  switch (spec.type) {
    case 'int':
    case 'float':
    case 'bool':
    case 'size':
      return [spec.type];
    case 'string':
      return spec.words ?? ['string'];
    case 'ints':
      return ['list'];
    case 'dtype':
      return dtypes;
    case 'padding':
      return ['valid', 'same', 'size'];
  }
}

/** The attribute's value in a node, or undefined (and reported). */
export function attributeValue(
  datum: Datum,
  spec: AttributeSpec,
  what: string,
  env: Env,
  span: Span,
): AttributeValue | undefined {
  if (datum.kind === 'poison') return undefined;
  const value = spec.type === 'ints' ? ints(datum, what, env, span) : plain(datum, spec, what, env, span);
  if (value === undefined || spec.minimum === undefined) return value;
  const minimum = spec.minimum;
  const numbers = typeof value === 'number' ? [value] : typeof value === 'object' ? value : [];
  if (numbers.every((n) => n >= minimum)) return value;
  env.build.session.reporter.error(
    env.frame,
    span,
    'E0307',
    `${what} must be at least ${minimum}, got ${numbers.join('x')}`,
  );
  return undefined;
}

function plain(
  datum: Datum,
  spec: AttributeSpec,
  what: string,
  env: Env,
  span: Span,
): AttributeValue | undefined {
  const fitting = coerce(datum, expectedFor(spec), what, env, span);
  switch (fitting.kind) {
    case 'number':
    case 'bool':
    case 'string':
      return fitting.value;
    case 'word':
      return fitting.word;
    case 'size':
      return fitting.values;
    default:
      return undefined;
  }
}

function ints(datum: Datum, what: string, env: Env, span: Span): readonly number[] | undefined {
  const values = datum.kind === 'number' ? [datum.value] : numbersOf(datum);
  if (values?.every(Number.isInteger)) return values;
  env.build.session.reporter.error(
    env.frame,
    span,
    values ? 'E0306' : 'E0301',
    `${what} must be a list of whole numbers, got ${describe(datum)}`,
  );
  return undefined;
}

/** `--set name=value` as the parameter's type reads it: a number, `3x3`, `[16, 32]`, `(3, 3)`, a word. */
export function parseSetting(text: string): Datum {
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return number(Number(text));
  if (/^\d+(x\d+)+$/.test(text)) return { kind: 'size', values: text.split('x').map(Number) };
  if (text === 'true' || text === 'false') return { kind: 'bool', value: text === 'true' };
  const listed = /^(?:\[([^]*)\]|\(([^]*)\))$/.exec(text);
  if (listed) return list(elements(listed[1] ?? listed[2] ?? '').map(parseSetting));
  const quoted = /^"([^"]*)"$/.exec(text);
  return quoted?.[1] === undefined ? word(text) : { kind: 'string', value: quoted[1] };
}

/** The texts between the commas of a list; those of lists inside it are theirs. */
function elements(text: string): readonly string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  let inString = false;
  for (let i = 0; i <= text.length; i++) {
    const sign = text[i] ?? ',';
    if (sign === '"') inString = !inString;
    else if (inString) continue;
    else if ('[('.includes(sign)) depth++;
    else if ('])'.includes(sign)) depth--;
    if (sign !== ',' || depth > 0) continue;
    found.push(text.slice(start, i).trim());
    start = i + 1;
  }
  // `[]`, and a comma behind the last one.
  return found.at(-1) === '' ? found.slice(0, -1) : found;
}
