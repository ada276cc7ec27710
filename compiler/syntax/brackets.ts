/**
 * Pairs brackets before the parser runs: what is never closed is closed where it seems to have been meant, what closes nothing is
 * left out, and nesting beyond the limit is refused, because a recursive parser would overflow the stack.
 */
import { createTokenInstance, type IToken, type TokenType } from 'chevrotain';
import type { Diagnostic } from '../base/diagnostic.ts';
import type { Span } from '../base/source.ts';
import { endOf, problem, quote, replace, Report, shownErrors, spanOf } from './report.ts';
import * as t from './tokens.ts';

const nestingLimit = 48;

export interface Paired {
  readonly tokens: readonly IToken[];
  readonly diagnostics: readonly Diagnostic[];
  /** Where an error of the parser is only the consequence of a bracket. */
  readonly repaired: readonly Span[];
  /** Then there are no tokens. */
  readonly tooDeep: boolean;
}

/** `tokens` are those of `layout.ts`; `startsLine` says which of them begin a line. */
export function pairBrackets(
  file: string,
  tokens: readonly IToken[],
  startsLine: readonly boolean[],
): Paired {
  const pairing = new Pairing(file);
  for (const [i, token] of tokens.entries()) {
    if (pairing.report.diagnostics.length >= shownErrors) break; // the parser would only be led further astray
    if (startsLine[i] === true) pairing.startLine(token, tokens[i + 1]);
    if (!pairing.isWithinLimit(token, tokens[i - 1])) return refuse(file, token, pairing.report.diagnostics);
    pairing.take(token, tokens[i - 1]);
  }
  const last = tokens[tokens.length - 1];
  if (last !== undefined && pairing.report.diagnostics.length < shownErrors)
    pairing.closeFrom(0, endOf(last));
  const { result, report, repaired } = pairing;
  return { tokens: result, diagnostics: report.diagnostics, repaired, tooDeep: false };
}

function refuse(file: string, token: IToken, diagnostics: readonly Diagnostic[]): Paired {
  const message = `this is nested more than ${nestingLimit} deep`;
  const notes = [{ message: 'give the inner parts names of their own: `part = …`' }];
  const diagnostic = problem('E0112', spanOf(file, token), message, { notes });
  return { tokens: [], diagnostics: [...diagnostics, diagnostic], repaired: [], tooDeep: true };
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
  ...[t.Return, t.Shared, t.SetKeyword, t.Label, t.Augment],
]);
const itemStarts: ReadonlySet<TokenType> = new Set(t.itemIntroducers);

interface Open {
  readonly token: IToken;
  readonly closer: TokenType;
  /** A call's arguments rather than a group. */
  readonly isCall: boolean;
  /** Where in the result something stands that cannot stand inside this bracket. */
  suspect: number | undefined;
  /** `if`s one within another at this level. */
  ifs: number;
}

class Pairing {
  readonly result: IToken[] = [];
  readonly report = new Report();
  readonly repaired: Span[] = [];
  readonly #file: string;
  readonly #stack: Open[] = [];
  #outerIfs = 0;
  #ifs = 0; // over all levels
  #prefixes = 0; // directly before the next token

  constructor(file: string) {
    this.#file = file;
  }

  /** A line that begins an item ends all brackets; other lines may be where a bracket should have ended. */
  startLine(token: IToken, next: IToken | undefined): void {
    if (itemStarts.has(token.tokenType)) this.closeFrom(0, token.startOffset);
    const open = this.#stack.at(-1);
    if (open === undefined || open.suspect !== undefined || open.token.tokenType === t.LBrace) return;
    const isNamed =
      token.tokenType === t.Name &&
      (next?.tokenType === t.Equal || (!open.isCall && next?.tokenType === t.Colon));
    const isArrow = open.isCall && token.tokenType === t.Arrow;
    if (isNamed || isArrow || statementStarts.has(token.tokenType)) open.suspect = this.result.length;
  }

  isWithinLimit(token: IToken, previous: IToken | undefined): boolean {
    this.#countIfs(token, previous);
    const isPrefix = [t.Not, t.Minus, t.LineMinus].includes(token.tokenType);
    this.#prefixes = isPrefix && (this.#prefixes > 0 || !t.endsOperand(previous)) ? this.#prefixes + 1 : 0;
    const opens = closers.has(token.tokenType) ? 1 : 0;
    return this.#stack.length + this.#ifs + this.#prefixes + opens <= nestingLimit;
  }

  /** Only an `if` right behind `if`, `then` or `else` is within another at the same level of brackets. */
  #countIfs(token: IToken, previous: IToken | undefined): void {
    if (token.tokenType !== t.If) return;
    const isWithin = previous !== undefined && [t.If, t.Then, t.Else].includes(previous.tokenType);
    const open = this.#stack.at(-1);
    const before = open?.ifs ?? this.#outerIfs;
    const now = isWithin ? before + 1 : 1;
    this.#ifs += now - before;
    if (open === undefined) this.#outerIfs = now;
    else open.ifs = now;
  }

  take(token: IToken, previous: IToken | undefined): void {
    if (closing.has(token.tokenType)) return this.#close(token);
    const closer = closers.get(token.tokenType);
    if (closer !== undefined) {
      const isCall = token.tokenType === t.LParen && t.endsOperand(previous);
      this.#stack.push({ token, closer, isCall, suspect: undefined, ifs: 0 });
    }
    this.result.push(token);
  }

  #close(token: IToken): void {
    const match = this.#matchOf(token);
    if (match === undefined) {
      const span = spanOf(this.#file, token);
      const fix = replace(`remove ${quote(token.image)}`, span, '');
      return this.report.add('E0118', span, `${quote(token.image)} closes nothing`, { fix });
    }
    this.closeFrom(match + 1, token.startOffset);
    this.#pop();
    this.result.push(token);
  }

  /** The level of the bracket that a token closes. A round or square one is looked for no further than the braces around it. */
  #matchOf({ tokenType }: IToken): number | undefined {
    for (let level = this.#stack.length - 1; level >= 0; level--) {
      const open = this.#stack[level];
      if (open?.closer === tokenType) return level;
      if (open?.token.tokenType === t.LBrace) return undefined;
    }
    return undefined;
  }

  #pop(): Open | undefined {
    const open = this.#stack.pop();
    this.#ifs -= open?.ifs ?? 0;
    return open;
  }

  /** Closes all brackets from `level` on that are still open at `offset`, the innermost first. */
  closeFrom(level: number, offset: number): void {
    while (this.#stack.length > level) {
      const open = this.#pop();
      if (open === undefined) return;
      const at = open.suspect ?? this.result.length;
      const before = this.result[at - 1];
      const place = before === undefined ? offset : endOf(before);
      this.result.splice(at, 0, createTokenInstance(open.closer, '', place, place - 1, NaN, NaN, NaN, NaN));
      this.report.add('E0117', spanOf(this.#file, open.token), `${quote(open.token.image)} is never closed`);
      if (open.closer === t.RBrace) continue;
      this.repaired.push({ file: this.#file, start: open.token.startOffset, end: offset + 1 });
    }
  }
}
