/**
 * The text as the formatter sees it: tokens and comments in a row, and before each of them a gap that knows how many line breaks
 * it had and what a line break there would mean.
 */
import type { IToken, TokenType } from 'chevrotain';
import { endOf } from '../report.ts';
import * as t from '../tokens.ts';
import type { Chain, Marks } from './marks.ts';

type GapKind =
  /** Between statements, and inside the braces of a body: always a line break. */
  | 'statement'
  /** After an opening bracket, before a closing one, after a comma in brackets: breaks when its bracket is broken. */
  | 'open'
  | 'close'
  | 'comma'
  /** Before `->`. */
  | 'arrow'
  /** Before `then` and `else`. */
  | 'branch'
  /** Next to a binary operator. */
  | 'operator'
  /** Never breaks, unless a comment does it. */
  | 'other';

export interface Piece {
  readonly text: string;
  readonly token: IToken | undefined; // undefined: a comment
  readonly offset: number;
  /** Line breaks in the source before this piece: 0, 1, or 2 for a blank line. */
  readonly breaks: 0 | 1 | 2;
  readonly kind: GapKind;
  /** The innermost bracket around the gap before this piece. */
  readonly bracket: Bracket | undefined;
  /** Whether white space separates it from the piece before on the same line. */
  readonly spaced: boolean;
  /** Of an arrow: the chain it belongs to. */
  readonly chain: Chain | undefined;
}

/** `(…)`, `[…]` or the `{…}` of a `for`; bodies are no brackets. */
export interface Bracket {
  /** How many brackets are around it. */
  readonly depth: number;
  readonly opener: IToken;
}

const openers: ReadonlySet<TokenType> = new Set([
  t.LParen,
  t.LineLParen,
  t.LBracket,
  t.LineLBracket,
  t.LBrace,
]);
const closers: ReadonlySet<TokenType> = new Set([t.RParen, t.RBracket, t.RBrace]);
const operators: ReadonlySet<TokenType> = new Set([
  ...[t.Plus, t.Times, t.Divide, t.EqualEqual, t.NotEqual, t.Less],
  ...[t.LessEqual, t.Greater, t.GreaterEqual, t.And, t.Or],
]);

export const opens = (token: IToken | undefined): boolean =>
  token !== undefined && openers.has(token.tokenType);
export const closes = (token: IToken | undefined): boolean =>
  token !== undefined && closers.has(token.tokenType);

type Row = readonly { readonly token: IToken; readonly isComment: boolean }[];

/** Comments and tokens in the order of the text, without trailing commas. */
function inOrder(tokens: readonly IToken[], comments: readonly IToken[]): Row {
  const kept = tokens.filter((token, i) => token.tokenType !== t.Comma || !closes(tokens[i + 1]));
  return [
    ...kept.map((token) => ({ token, isComment: false })),
    ...comments.map((token) => ({ token, isComment: true })),
  ].sort((a, b) => a.token.startOffset - b.token.startOffset);
}

/** For each entry the first token at or after it. */
function followingTokens(row: Row): readonly (IToken | undefined)[] {
  const following: (IToken | undefined)[] = [];
  let next: IToken | undefined;
  for (let i = row.length - 1; i >= 0; i--) {
    const entry = row[i];
    if (entry?.isComment === false) next = entry.token;
    following[i] = next;
  }
  return following;
}

export function piecesOf(
  text: string,
  tokens: readonly IToken[],
  comments: readonly IToken[],
  marks: Marks,
): readonly Piece[] {
  const chains = new Map(
    marks.chains.flatMap((chain) => chain.stages.map((stage) => [stage, chain] as const)),
  );
  const row = inOrder(tokens, comments);
  const nextTokens = followingTokens(row);
  const brackets: Bracket[] = [];
  let inBody = false;
  let previous: IToken | undefined; // the last token
  let earlier: IToken | undefined; // the one before it
  let end = 0;
  return row.map(({ token, isComment }, i): Piece => {
    const bracket = brackets[brackets.length - 1];
    const stage = token.tokenType === t.Arrow ? nextTokens[i + 1] : undefined;
    const piece = {
      text: token.image.trimEnd().replace(/^@ +/, '@ '),
      token: isComment ? undefined : token,
      offset: token.startOffset,
      breaks: lineBreaks(text, end, token.startOffset),
      kind: kindOf(marks, previous, earlier, nextTokens[i], bracket),
      bracket,
      spaced: !isComment && isSpaced(previous, token, earlier),
      chain: stage === undefined ? undefined : chains.get(stage.startOffset),
    };
    end = endOf(token);
    if (isComment) return piece;
    [earlier, previous] = [previous, token];
    const isBody = token.tokenType === t.LBrace && brackets.length === 0 && !inBody;
    if (isBody) inBody = true;
    else if (opens(token)) brackets.push({ depth: brackets.length, opener: token });
    else if (closes(token) && brackets.pop() === undefined) inBody = false;
    return piece;
  });
}

/** What a line break between two tokens is. `earlier` is the token before `previous`. */
function kindOf(
  marks: Marks,
  previous: IToken | undefined,
  earlier: IToken | undefined,
  next: IToken | undefined,
  bracket: Bracket | undefined,
): GapKind {
  if (next === undefined || previous === undefined) return 'statement';
  if (bracket === undefined) {
    const isBodyEdge = previous.tokenType === t.LBrace || next.tokenType === t.RBrace;
    if (isBodyEdge || marks.starts.has(next.startOffset) || next.tokenType === t.Return) return 'statement';
  } else {
    if (opens(previous)) return 'open';
    if (closes(next)) return 'close';
    if (previous.tokenType === t.Comma) return 'comma';
  }
  if (next.tokenType === t.Arrow) return 'arrow';
  if (next.tokenType === t.Then || next.tokenType === t.Else) return 'branch';
  const isByOperator = operators.has(next.tokenType) || operators.has(previous.tokenType);
  const isAfterMinus = previous.tokenType === t.Minus && !isSign(previous, earlier);
  return isByOperator || isAfterMinus ? 'operator' : 'other';
}

/** Whether a `-` is that of a number, not one between two operands. `earlier` is the token before it. */
const isSign = (minus: IToken, earlier: IToken | undefined): boolean =>
  minus.tokenType === t.LineMinus || (minus.tokenType === t.Minus && !t.endsOperand(earlier));

function lineBreaks(text: string, start: number, end: number): 0 | 1 | 2 {
  const breaks = text.slice(start, end).match(/\r\n|\r|\n/g)?.length ?? 0;
  return breaks > 1 ? 2 : breaks === 1 ? 1 : 0;
}

const tightBefore: ReadonlySet<TokenType> = new Set([
  ...[t.RParen, t.RBracket, t.Comma, t.Colon, t.Dot, t.At, t.LeadingDotFloat],
]);
const tightAfter: ReadonlySet<TokenType> = new Set([
  ...[t.LParen, t.LineLParen, t.LBracket, t.LineLBracket, t.Dot, t.At, t.Ellipsis],
]);

/** Whether a space stands between two tokens of one line. `earlier` is the token before `previous`. */
function isSpaced(previous: IToken | undefined, token: IToken, earlier: IToken | undefined): boolean {
  if (previous === undefined) return false;
  if (tightBefore.has(token.tokenType) || tightAfter.has(previous.tokenType)) return false;
  if (previous.tokenType === t.LBrace && token.tokenType === t.RBrace) return false;
  if (isSign(previous, earlier)) return false;
  const opensGroup = openers.has(token.tokenType) && token.tokenType !== t.LBrace;
  return !(opensGroup && t.endsOperand(previous));
}
