/** Diagnoses what is wrong with single tokens and puts the token that was meant in their place. */
import type { IToken, TokenType } from 'chevrotain';
import type { Diagnostic } from '../base/diagnostic.ts';
import { endOf, quote, replace, Report, spanOf } from './report.ts';
import * as t from './tokens.ts';

/** The same text as another kind of token. */
export function relabel(token: IToken, type: TokenType): IToken {
  return { ...token, tokenType: type, tokenTypeIdx: type.tokenTypeIdx ?? 0 };
}

/** Characters that word processors and other languages put where the language has its own. */
const lookalikes: Readonly<Record<string, string>> = {
  '×': 'x',
  '→': '->',
  '−': '-',
  '–': '-',
  '—': '-',
  '“': '"',
  '”': '"',
  '„': '"',
  '‘': '"',
  '’': '"',
  '≤': '<=',
  '≥': '>=',
  '≠': '!=',
  '·': '*',
  '\u00a0': ' ',
};

function reportUnexpected(report: Report, file: string, text: string, start: number, length: number): void {
  const run = text.slice(start, start + length);
  const instead = lookalikes[run];
  const span = { file, start, end: start + length };
  const first = run.codePointAt(0) ?? 0;
  const shown = /^[\p{L}\p{N}\p{P}\p{S}]+$/u.test(run)
    ? quote(run)
    : `the character U+${first.toString(16).toUpperCase().padStart(4, '0')}`;
  if (instead === undefined) return report.add('E0101', span, `unexpected ${shown}`);
  const advice = `write ${quote(instead)}`;
  report.add('E0101', span, `unexpected ${shown}: ${advice}`, { fix: replace(advice, span, instead) });
}

function reportMalformedNumber(report: Report, file: string, token: IToken): void {
  const { image } = token;
  const span = spanOf(file, token);
  const { reason, instead } = whyMalformed(image);
  const message = `${quote(image)} is not a number: ${reason}`;
  const fix = instead === undefined ? {} : { fix: replace(`write ${quote(instead)}`, span, instead) };
  report.add('E0103', span, message, fix);
}

function whyMalformed(image: string): { readonly reason: string; readonly instead?: string } {
  const plain = image.replaceAll('_', '');
  if (/^\d+$/.test(plain)) return { reason: 'digits are written without `_`', instead: plain };
  if (/^0[xX][\da-fA-F]+$/.test(image))
    return { reason: 'numbers are decimal', instead: String(Number(image)) };
  if (/^0[bBoO]\d+$/.test(image)) return { reason: 'numbers are decimal' };
  const side = /^(\d+)x$/.exec(image)?.[1];
  if (side !== undefined)
    return { reason: 'a size is written with both extents', instead: `${side}x${side}` };
  if (/^\d+(?:X\d+)+$/.test(image)) {
    return { reason: 'a size is written with a small `x`', instead: image.replaceAll('X', 'x') };
  }
  const kilo = /^(\d+)[kK]$/.exec(image)?.[1];
  if (kilo !== undefined) return { reason: 'numbers have no suffixes', instead: `${kilo}000` };
  const typed = /^(\d+(?:\.\d+)?)[fFlLuU]$/.exec(image)?.[1];
  if (typed !== undefined) return { reason: 'numbers have no suffixes', instead: typed };
  return { reason: 'a number ends before the first letter, and a name begins with one' };
}

function reportMissingDigit(report: Report, file: string, token: IToken): void {
  const instead = token.image.startsWith('.') ? `0${token.image}` : `${token.image}0`;
  const span = spanOf(file, token);
  const message = `${quote(token.image)} needs a digit on both sides of the point`;
  report.add('E0104', span, message, { fix: replace(`write ${quote(instead)}`, span, instead) });
}

function reportForeign(report: Report, file: string, token: IToken, instead: string): void {
  const span = spanOf(file, token);
  const wanted = instead.trim();
  const advice = wanted === '' ? 'statements end with their line' : `write ${quote(wanted)}`;
  const title = wanted === '' ? `remove ${quote(token.image)}` : advice;
  const message = `${quote(token.image)} is not used here: ${advice}`;
  report.add('E0111', span, message, { fix: replace(title, span, instead) });
}

function reportBlockComment(report: Report, file: string, text: string, comment: IToken): void {
  const span = spanOf(file, comment);
  // What stands behind it in its last line would become a part of the comment.
  const isClosed = comment.image.length > 3 && comment.image.endsWith('*/');
  const isLast = /^[ \t]*(?:[\r\n]|$)/.test(text.slice(span.end, span.end + 200));
  const fix = isClosed && isLast ? { fix: replace('write `//`', span, asLines(comment.image)) } : {};
  const sign = { file, start: span.start, end: span.start + 2 };
  report.add('E0106', sign, 'comments begin with `//` and end with their line; there is no `/* … */`', fix);
}

/** The lines of a block comment, each with its `//`. */
function asLines(comment: string): string {
  const lines = comment
    .slice(2, -2)
    .split(/\r\n|\r|\n/)
    .map((line) => ({ words: line.trim().replace(/^\*+/, '').trim(), line }));
  // `/**` and `*/` on lines of their own hold nothing.
  const first = lines.findIndex(({ words }) => words !== '');
  const last = lines.findLastIndex(({ words }) => words !== '');
  return lines
    .slice(Math.max(first, 0), last + 1)
    .map(({ words, line }, i) => {
      const indent = i === 0 ? '' : line.slice(0, line.length - line.trimStart().length);
      // The stars of the lines stand one further in than the comment.
      const place = line.trimStart().startsWith('*') ? indent.slice(0, -1) : indent;
      return `${place}//${words === '' ? '' : ' '}${words}`;
    })
    .join('\n');
}

/** `conv.0`: the point belongs to a name of graph text. */
const continuesName = (token: IToken, previous: IToken | undefined): boolean =>
  previous !== undefined &&
  endOf(previous) === token.startOffset &&
  (previous.tokenType === t.Name || previous.tokenType === t.LeadingDotFloat);

interface Mended {
  readonly tokens: readonly IToken[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Tokens the grammar knows, and what was wrong with the others. */
export function mendTokens(file: string, text: string, lexed: t.Lexed): Mended {
  const unexpected = new Report();
  for (const { offset, length } of lexed.unexpected) {
    if (unexpected.isFull) break;
    reportUnexpected(unexpected, file, text, offset, length);
  }
  const comments = new Report();
  for (const comment of lexed.hashComments) {
    const sign = { file, start: comment.startOffset, end: comment.startOffset + 1 };
    comments.add('E0106', sign, 'comments begin with `//`, not `#`', {
      fix: replace('write `//`', sign, '//'),
    });
  }
  for (const comment of lexed.blockComments) reportBlockComment(comments, file, text, comment);
  const mended = new Report();
  const tokens: IToken[] = [];
  for (const token of lexed.tokens) {
    const kept = mend(mended, file, token, tokens[tokens.length - 1]);
    if (kept !== undefined) tokens.push(kept);
  }
  return { tokens, diagnostics: [unexpected, comments, mended].flatMap((report) => report.diagnostics) };
}

function mend(report: Report, file: string, token: IToken, previous: IToken | undefined): IToken | undefined {
  const foreign = t.foreign.get(token.tokenType);
  if (foreign !== undefined) {
    reportForeign(report, file, token, foreign.text);
    return foreign.type === undefined ? undefined : relabel(token, foreign.type);
  }
  switch (token.tokenType) {
    case t.MalformedNumber:
      reportMalformedNumber(report, file, token);
      return relabel(token, t.Int);
    case t.TrailingDotFloat:
    case t.LeadingDotFloat:
      if (continuesName(token, previous)) return token;
      reportMissingDigit(report, file, token);
      return relabel(token, t.Float);
    case t.SingleQuoted:
      checkClosed(report, file, token, "'");
      return relabel(token, t.StringLiteral);
    case t.StringLiteral:
      checkClosed(report, file, token, '"');
      return token;
    default:
      return token;
  }
}

function checkClosed(report: Report, file: string, token: IToken, sign: string): void {
  if (token.image.length > 1 && token.image.endsWith(sign) && !endsInEscape(token.image)) return;
  const message = `this string is not closed: ${sign} is missing before the line ends`;
  report.add('E0102', spanOf(file, token), message);
}

/** Whether the last character is escaped: the pattern may end in `\"` when no closing quote follows. */
function endsInEscape(image: string): boolean {
  let backslashes = 0;
  while (image[image.length - 2 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}
