/** Diagnoses what is wrong with single tokens and puts the token that was meant in their place. */
import type { IToken, TokenType } from 'chevrotain';
import type { Diagnostic } from '../base/diagnostic.ts';
import { endOf, problem, quote, replace, spanOf } from './report.ts';
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

function unexpectedCharacters(file: string, text: string, start: number, length: number): Diagnostic {
  const run = text.slice(start, start + length);
  const instead = lookalikes[run];
  const span = { file, start, end: start + length };
  const first = run.codePointAt(0) ?? 0;
  const shown = /^[\p{L}\p{N}\p{P}\p{S}]+$/u.test(run)
    ? quote(run)
    : `the character U+${first.toString(16).toUpperCase().padStart(4, '0')}`;
  if (instead === undefined) return problem('E0101', span, `unexpected ${shown}`);
  return problem('E0101', span, `unexpected ${shown}: write ${quote(instead)}`, {
    fix: replace(`write ${quote(instead)}`, span, instead),
  });
}

function malformedNumber(file: string, token: IToken): Diagnostic {
  const { image } = token;
  const span = spanOf(file, token);
  const because = (reason: string, instead?: string): Diagnostic =>
    problem(
      'E0103',
      span,
      `${quote(image)} is not a number: ${reason}`,
      instead === undefined ? {} : { fix: replace(`write ${quote(instead)}`, span, instead) },
    );
  const plain = image.replaceAll('_', '');
  if (/^\d+$/.test(plain)) return because('digits are written without `_`', plain);
  if (/^0[xX][\da-fA-F]+$/.test(image)) return because('numbers are decimal', String(Number(image)));
  if (/^0[bBoO]\d+$/.test(image)) return because('numbers are decimal');
  if (/^\d+x$/.test(image))
    return because('a size is written with both extents', `${image}${image.slice(0, -1)}`);
  if (/^\d+(?:X\d+)+$/.test(image))
    return because('a size is written with a small `x`', image.replaceAll('X', 'x'));
  const kilo = /^(\d+)[kK]$/.exec(image)?.[1];
  if (kilo !== undefined) return because('numbers have no suffixes', `${kilo}000`);
  const typed = /^(\d+(?:\.\d+)?)[fFlLuU]$/.exec(image)?.[1];
  if (typed !== undefined) return because('numbers have no suffixes', typed);
  return because('a number ends before the first letter, and a name begins with one');
}

function numberWithoutDigit(file: string, token: IToken): Diagnostic {
  const instead = token.image.startsWith('.') ? `0${token.image}` : `${token.image}0`;
  const span = spanOf(file, token);
  return problem('E0104', span, `${quote(token.image)} needs a digit on both sides of the point`, {
    fix: replace(`write ${quote(instead)}`, span, instead),
  });
}

function foreignOperator(file: string, token: IToken, instead: string): Diagnostic {
  const span = spanOf(file, token);
  const wanted = instead.trim();
  const advice = wanted === '' ? 'statements end with their line' : `write ${quote(wanted)}`;
  return problem('E0111', span, `${quote(token.image)} is not used here: ${advice}`, {
    fix: replace(wanted === '' ? `remove ${quote(token.image)}` : advice, span, instead),
  });
}

/** `conv.0`: the point belongs to a name of graph text. */
const continuesName = (token: IToken, previous: IToken | undefined): boolean =>
  previous !== undefined &&
  endOf(previous) === token.startOffset &&
  (previous.tokenType === t.Name || previous.tokenType === t.LeadingDotFloat);

export interface Mended {
  readonly tokens: readonly IToken[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Tokens the grammar knows, and what was wrong with the others. */
export function mendTokens(file: string, text: string, lexed: t.Lexed): Mended {
  const tokens: IToken[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const { offset, length } of lexed.unexpected) {
    diagnostics.push(unexpectedCharacters(file, text, offset, length));
  }
  for (const comment of lexed.hashComments) {
    const sign = { file, start: comment.startOffset, end: comment.startOffset + 1 };
    const fix = replace('write `//`', sign, '//');
    diagnostics.push(problem('E0106', sign, 'comments begin with `//`, not `#`', { fix }));
  }
  for (const token of lexed.tokens) {
    const mended = mend(token, tokens[tokens.length - 1]);
    if (mended !== undefined) tokens.push(mended);
  }
  return { tokens, diagnostics };

  function mend(token: IToken, previous: IToken | undefined): IToken | undefined {
    const foreign = t.foreign.get(token.tokenType);
    if (foreign !== undefined) {
      diagnostics.push(foreignOperator(file, token, foreign.text));
      return foreign.type === undefined ? undefined : relabel(token, foreign.type);
    }
    switch (token.tokenType) {
      case t.MalformedNumber:
        diagnostics.push(malformedNumber(file, token));
        return relabel(token, t.Int);
      case t.TrailingDotFloat:
      case t.LeadingDotFloat:
        if (continuesName(token, previous)) return token;
        diagnostics.push(numberWithoutDigit(file, token));
        return relabel(token, t.Float);
      case t.SingleQuoted:
        return relabel(closed(token, "'"), t.StringLiteral);
      case t.StringLiteral:
        return closed(token, '"');
      default:
        return token;
    }
  }

  function closed(token: IToken, sign: string): IToken {
    if (token.image.length > 1 && token.image.endsWith(sign) && !endsInEscape(token.image)) return token;
    const span = spanOf(file, token);
    diagnostics.push(
      problem('E0102', span, `this string is not closed: ${sign} is missing before the line ends`),
    );
    return token;
  }
}

/** Whether the last character is escaped: the pattern may end in `\"` when no closing quote follows. */
function endsInEscape(image: string): boolean {
  let backslashes = 0;
  while (image[image.length - 2 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}
