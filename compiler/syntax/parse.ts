/** Text to tree. */
import type { Code, Diagnostic } from '../base/diagnostic.ts';
import { invariant } from '../base/invariant.ts';
import { lineIndex } from '../base/source.ts';
import type { File } from './ast.ts';
import { pairBrackets, type Paired } from './brackets.ts';
import { buildItems } from './build/file.ts';
import { describeErrors } from './errors.ts';
import { parseTokens } from './grammar.ts';
import { mendTokens } from './habits.ts';
import { layOut, lineStarts } from './layout.ts';
import { problem, shownErrors } from './report.ts';
import { lex, type Lexed } from './tokens.ts';

export interface Parse {
  readonly file: File;
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
}

/** The tokens the grammar reads, and what was wrong with them. */
interface Prepared {
  readonly lexed: Lexed;
  readonly paired: Paired;
  readonly diagnostics: readonly Diagnostic[];
}

export function prepare(path: string, text: string): Prepared {
  const lexed = lex(text);
  const mended = mendTokens(path, text, lexed);
  const laidOut = layOut(path, text, mended.tokens);
  const paired = pairBrackets(path, laidOut.tokens, lineStarts(text, laidOut.tokens));
  return {
    lexed,
    paired,
    diagnostics: [...mended.diagnostics, ...laidOut.diagnostics, ...paired.diagnostics],
  };
}

/** Parses any text; never throws. What has errors is left out of the tree, statement by statement. */
export function parse(path: string, text: string): Parse {
  return parsePrepared(path, text, prepare(path, text));
}

export function parsePrepared(path: string, text: string, { lexed, paired, diagnostics }: Prepared): Parse {
  const whole = { file: path, start: 0, end: text.length };
  if (paired.tooDeep)
    return { file: { path, items: [], span: whole }, diagnostics: shorten(path, diagnostics) };
  const { tree, errors } = parseTokens(paired.tokens);
  const positions = lineIndex(text);
  const lineOf = (offset: number): number => positions(offset).line;
  // A string that is not closed swallows the brackets behind it.
  const open = new Set(
    diagnostics.filter(({ code }) => code === 'E0102').map(({ span }) => lineOf(span.start)),
  );
  const known = diagnostics.filter(({ code, span }) => code !== 'E0117' || !open.has(lineOf(span.start)));
  const syntax = describeErrors(
    { file: path, text, tokens: paired.tokens },
    lineOf,
    errors,
    known,
    paired.repaired,
  );
  const built = buildItems(path, text, tree, lexed.comments);
  const own = withoutConsequences(built.diagnostics, [...known, ...syntax], lineOf);
  const all = [...known, ...syntax, ...own];
  invariant(
    all.length > 0 || (errors.length === 0 && built.isComplete),
    'a syntax error without a diagnostic',
  );
  return { file: { path, items: built.items, span: whole }, diagnostics: shorten(path, all) };
}

/** What the tree of a line tells about its structure, which is guesswork where the line has another error. */
const structural: readonly Code[] = ['E0119', 'E0120', 'E0121', 'E0125', 'E0126', 'E0127', 'E0130'];
/** The errors that make it so. */
const misleading: readonly Code[] = [
  'E0101',
  'E0102',
  'E0115',
  'E0116',
  'E0117',
  'E0118',
  'E0122',
  'E0124',
  'E0128',
];

function withoutConsequences(
  diagnostics: readonly Diagnostic[],
  errors: readonly Diagnostic[],
  lineOf: (offset: number) => number,
): readonly Diagnostic[] {
  const wrong = errors.filter(({ code }) => misleading.includes(code));
  const lines = new Set(wrong.map(({ span }) => lineOf(span.start)));
  return diagnostics.filter(({ code, span }) => !structural.includes(code) || !lines.has(lineOf(span.start)));
}

function shorten(file: string, diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const sorted = [...diagnostics].sort((a, b) => a.span.start - b.span.start);
  if (sorted.length <= shownErrors) return sorted;
  const last = sorted[shownErrors - 1]?.span.end ?? 0;
  const message = `more than ${shownErrors} syntax errors: the others are not shown`;
  return [...sorted.slice(0, shownErrors), problem('E0114', { file, start: last, end: last }, message)];
}
