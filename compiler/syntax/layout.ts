/**
 * The rules of lines. They are applied to the tokens before the grammar sees them: contextual keywords become keywords, `( [ . -`
 * at the start of a line become tokens that continue no expression, and every arrow has its stage on its own line.
 */
import type { IToken, TokenType } from 'chevrotain';
import type { Diagnostic } from '../base/diagnostic.ts';
import { relabel } from './habits.ts';
import { breaksLine, endOf, replace, Report, spanOf } from './report.ts';
import * as t from './tokens.ts';

const atLineStart: ReadonlyMap<TokenType, TokenType> = new Map([
  [t.LParen, t.LineLParen],
  [t.LBracket, t.LineLBracket],
  [t.Dot, t.LineDot],
  [t.Minus, t.LineMinus],
]);

/** Whether each token is the first of its line. */
export function lineStarts(text: string, tokens: readonly IToken[]): readonly boolean[] {
  return tokens.map((token, i) => {
    const previous = tokens[i - 1];
    return previous === undefined || breaksLine(text, endOf(previous), token.startOffset);
  });
}

export interface LaidOut {
  readonly tokens: readonly IToken[];
  readonly diagnostics: readonly Diagnostic[];
}

export function layOut(file: string, text: string, tokens: readonly IToken[]): LaidOut {
  const starts = lineStarts(text, tokens);
  const laidOut: IToken[] = [];
  const report = new Report();
  let importing = false; // between `import` and its `from`
  const sameLine = (i: number): IToken | undefined => (starts[i] === true ? undefined : tokens[i]);
  const isName = (token: IToken | undefined): boolean =>
    token?.tokenType === t.Name || token?.tokenType === t.CompilerName;

  tokens.forEach((token, i) => {
    const type = starts[i] === true ? atLineStart.get(token.tokenType) : undefined;
    if (token.tokenType !== t.Name && token.tokenType !== t.Comma) importing = false;
    if (type !== undefined) laidOut.push(relabel(token, type));
    else if (token.tokenType === t.Name) laidOut.push(nameOrKeyword(token, i));
    else if (token.tokenType !== t.Arrow || keepsStage(token, i)) laidOut.push(token);
  });
  return { tokens: laidOut, diagnostics: report.diagnostics };

  function nameOrKeyword(token: IToken, i: number): IToken {
    const type = keywordAt(token.image, i);
    if (type === t.Import) importing = true;
    if (type === t.From) importing = false;
    return type === undefined ? token : relabel(token, type);
  }

  function keywordAt(image: string, i: number): TokenType | undefined {
    if (image === 'as') return isConnectiveAs(i) ? t.As : undefined;
    const next = sameLine(i + 1);
    if (image === 'from') return importing && isName(tokens[i - 1]) ? t.From : undefined;
    if (image === 'in') return isConnectiveIn(i) ? t.In : undefined;
    const afterArrow = tokens[i - 1]?.tokenType === t.Arrow;
    if (!isName(next) || isConnectiveAs(i + 1) || isLoopVariable(i)) return undefined;
    if (image === 'output') return afterArrow ? t.Output : undefined;
    if (image === 'for') return afterArrow ? t.For : undefined;
    return afterArrow ? undefined : t.introducers.get(image);
  }

  /** `Conv2D(3) as stem` */
  function isConnectiveAs(i: number): boolean {
    const previous = tokens[i - 1];
    const stageBefore = isName(previous) || previous?.tokenType === t.RParen;
    return sameLine(i)?.image === 'as' && !isLoopVariable(i) && stageBefore && isName(sameLine(i + 1));
  }

  /** `for i in …`, and `@ digits.cnn:6:5 in layer` of graph text */
  function isConnectiveIn(i: number): boolean {
    return tokens[i - 1]?.tokenType === t.GraphLocation || isLoopVariable(i - 1);
  }

  function isLoopVariable(i: number): boolean {
    return (
      tokens[i - 1]?.image === 'for' && tokens[i - 2]?.tokenType === t.Arrow && tokens[i + 1]?.image === 'in'
    );
  }

  /** Diagnoses an arrow without a stage on its line; false: the parser is better off without the arrow. */
  function keepsStage(arrow: IToken, i: number): boolean {
    const next = tokens[i + 1];
    if (next !== undefined && starts[i + 1] === false) return true;
    const stageFollows =
      next !== undefined &&
      next.tokenType === t.Name &&
      keywordAt(next.image, i + 1) === undefined &&
      ![t.Equal, t.Colon, t.Comma].some((type) => tokens[i + 2]?.tokenType === type);
    const gap = { file, start: endOf(arrow), end: next?.startOffset ?? endOf(arrow) };
    const joinable = stageFollows && /^\s*$/.test(text.slice(gap.start, gap.end));
    const message = stageFollows
      ? 'a stage stands on the line of its `->`'
      : 'expected a stage after `->`, found the end of the line';
    const fix = joinable ? { fix: replace('join the lines', gap, ' ') } : {};
    report.add('E0116', spanOf(file, arrow), message, fix);
    return stageFollows;
  }
}
