/**
 * Pairs brackets before the parser runs: what is never closed is closed where it seems to have been meant, what closes nothing is
 * left out, and nesting beyond the limit is refused, because a recursive parser would overflow the stack.
 */
import { createTokenInstance, type IToken, type TokenType } from 'chevrotain';
import type { Diagnostic } from '../base/diagnostic.ts';
import type { Span } from '../base/source.ts';
import { endOf, problem, quote, replace, spanOf } from './report.ts';
import * as t from './tokens.ts';

export const nestingLimit = 48;

interface Open {
  readonly token: IToken;
  /** A call's arguments rather than a group. */
  readonly call: boolean;
  /** Where in the result something stands that cannot stand inside this bracket. */
  suspect: number | undefined;
  /** `if`s one within another at this level. */
  ifs: number;
}

export interface Paired {
  readonly tokens: readonly IToken[];
  readonly diagnostics: readonly Diagnostic[];
  /** Where an error of the parser is only the consequence of a bracket. */
  readonly repaired: readonly Span[];
  readonly tooDeep: boolean;
}

const closers: ReadonlyMap<TokenType, TokenType> = new Map([
  [t.LParen, t.RParen],
  [t.LineLParen, t.RParen],
  [t.LBracket, t.RBracket],
  [t.LineLBracket, t.RBracket],
  [t.LBrace, t.RBrace],
]);
const closing: ReadonlySet<TokenType> = new Set(closers.values());
const statementStarts: ReadonlySet<TokenType> = new Set([
  t.Return,
  t.Shared,
  t.SetKeyword,
  t.Label,
  t.Augment,
]);
const itemStarts: ReadonlySet<TokenType> = new Set(t.itemIntroducers);
const enders: ReadonlySet<TokenType> = new Set([
  ...[t.Name, t.CompilerName, t.Int, t.Float, t.Size, t.StringLiteral, t.True, t.False],
  ...[t.GraphValue, t.LeadingDotFloat, t.RParen, t.RBracket],
]);

/** Whether an expression may end with this token. */
export function endsOperand(token: IToken | undefined): boolean {
  return token !== undefined && enders.has(token.tokenType);
}

/** At most this many brackets are mended; beyond, the parser would only be led astray. */
const repairLimit = 20;

export function pairBrackets(
  file: string,
  tokens: readonly IToken[],
  startsLine: readonly boolean[],
): Paired {
  const result: IToken[] = [];
  const diagnostics: Diagnostic[] = [];
  const repaired: Span[] = [];
  const stack: Open[] = [];
  let outerIfs = 0;
  let nestedIfs = 0; // over all levels
  let prefixes = 0; // directly before this token

  for (const [i, token] of tokens.entries()) {
    if (diagnostics.length >= repairLimit) break;
    const previous = tokens[i - 1];
    if (startsLine[i] === true) noteSuspect(token, tokens[i + 1]);
    if (itemStarts.has(token.tokenType) && startsLine[i] === true) closeAll(0, token.startOffset);
    countIfs(token, previous);
    const isPrefix =
      token.tokenType === t.Not || (t.AnyMinus.categoryMatches ?? []).includes(token.tokenTypeIdx);
    prefixes = isPrefix && (prefixes > 0 || !endsOperand(previous)) ? prefixes + 1 : 0;
    const opens = closers.has(token.tokenType);
    if (stack.length + nestedIfs + prefixes + (opens ? 1 : 0) > nestingLimit) return refuse(token);
    if (opens) {
      stack.push({
        token,
        call: token.tokenType === t.LParen && endsOperand(previous),
        suspect: undefined,
        ifs: 0,
      });
      result.push(token);
    } else if (closing.has(token.tokenType)) {
      close(token);
    } else {
      result.push(token);
    }
  }
  const last = tokens[tokens.length - 1];
  if (last !== undefined && diagnostics.length < repairLimit) closeAll(0, endOf(last));
  return { tokens: result, diagnostics, repaired, tooDeep: false };

  function refuse(token: IToken): Paired {
    const message = `this is nested more than ${nestingLimit} deep`;
    const notes = [{ message: 'give the inner parts names of their own: `part = …`' }];
    return {
      tokens: [],
      diagnostics: [...diagnostics, problem('E0112', spanOf(file, token), message, { notes })],
      repaired,
      tooDeep: true,
    };
  }

  /** Only an `if` right behind `if`, `then` or `else` is within another at the same level of brackets. */
  function countIfs(token: IToken, previous: IToken | undefined): void {
    if (token.tokenType !== t.If) return;
    const within = [t.If, t.Then, t.Else].some((type) => previous?.tokenType === type);
    const open = stack[stack.length - 1];
    const before = open?.ifs ?? outerIfs;
    const now = within ? before + 1 : 1;
    nestedIfs += now - before;
    if (open === undefined) outerIfs = now;
    else open.ifs = now;
  }

  function noteSuspect(token: IToken, next: IToken | undefined): void {
    const open = stack[stack.length - 1];
    if (open === undefined || open.suspect !== undefined || open.token.tokenType === t.LBrace) return;
    const named =
      token.tokenType === t.Name &&
      (next?.tokenType === t.Equal || (!open.call && next?.tokenType === t.Colon));
    const arrow = open.call && token.tokenType === t.Arrow;
    if (named || arrow || statementStarts.has(token.tokenType)) open.suspect = result.length;
  }

  function close(token: IToken): void {
    let match = stack.length - 1;
    // A round or square bracket is looked for no further than the braces around it.
    while (match >= 0 && closers.get(stack[match]!.token.tokenType) !== token.tokenType) {
      if (stack[match]!.token.tokenType === t.LBrace) match = 0;
      match--;
    }
    if (match < 0) {
      const span = spanOf(file, token);
      const fix = replace(`remove ${quote(token.image)}`, span, '');
      diagnostics.push(problem('E0118', span, `${quote(token.image)} closes nothing`, { fix }));
      return;
    }
    closeAll(match + 1, token.startOffset);
    pop();
    result.push(token);
  }

  function pop(): Open | undefined {
    const open = stack.pop();
    nestedIfs -= open?.ifs ?? 0;
    return open;
  }

  /** Closes all brackets from `level` on, the innermost first, before `offset`. */
  function closeAll(level: number, offset: number): void {
    while (stack.length > level) {
      const open = pop();
      if (open === undefined) return;
      const type = closers.get(open.token.tokenType) ?? t.RParen;
      const at = open.suspect ?? result.length;
      const before = result[at - 1];
      const place = before === undefined ? offset : endOf(before);
      const inserted = createTokenInstance(type, '', place, place - 1, NaN, NaN, NaN, NaN);
      result.splice(at, 0, inserted);
      diagnostics.push(
        problem('E0117', spanOf(file, open.token), `${quote(open.token.image)} is never closed`, {
          notes: [],
        }),
      );
      if (type !== t.RBrace) repaired.push({ file, start: open.token.startOffset, end: offset + 1 });
    }
  }
}
