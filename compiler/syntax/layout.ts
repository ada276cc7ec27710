/**
 * The rules of lines. They are applied to the tokens before the grammar sees them: contextual keywords become keywords, `( [ . -`
 * at the start of a line become tokens that continue no expression, and every arrow has its stage on its own line.
 */
import type { IToken, TokenType } from 'chevrotain';
import type { Diagnostic } from '../base/diagnostic.ts';
import { invariant } from '../base/invariant.ts';
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
  const row: Row = { tokens, starts: lineStarts(text, tokens) };
  const laidOut: IToken[] = [];
  const report = new Report();
  let isImporting = false; // between `import` and its `from`
  tokens.forEach((token, i) => {
    if (token.tokenType === t.Arrow && !hasStage(row, i)) {
      if (reportMissingStage(report, file, text, row, i)) laidOut.push(token);
      return;
    }
    const type = typeAt(row, i, isImporting);
    if (type !== t.Name && type !== t.Comma) isImporting = type === t.Import;
    laidOut.push(type === token.tokenType ? token : relabel(token, type));
  });
  return { tokens: laidOut, diagnostics: report.diagnostics };
}

interface Row {
  readonly tokens: readonly IToken[];
  readonly starts: readonly boolean[];
}

/** What token `i` is at its place. */
function typeAt(row: Row, i: number, isImporting: boolean): TokenType {
  const token = row.tokens[i];
  invariant(token !== undefined, 'a token beyond the last');
  const { tokenType, image } = token;
  if (tokenType === t.Name) return keywordAt(row, i, image, isImporting) ?? t.Name;
  return (row.starts[i] === true ? atLineStart.get(tokenType) : undefined) ?? tokenType;
}

function keywordAt(row: Row, i: number, image: string, isImporting: boolean): TokenType | undefined {
  const previous = row.tokens[i - 1];
  if (image === 'as') return isConnectiveAs(row, i) ? t.As : undefined;
  if (image === 'from') return isImporting && isName(previous) ? t.From : undefined;
  if (image === 'in') return isConnectiveIn(row, i) ? t.In : undefined;
  if (!isName(sameLine(row, i + 1)) || isConnectiveAs(row, i + 1) || isLoopVariable(row, i)) return undefined;
  if (previous?.tokenType !== t.Arrow) return t.introducers.get(image);
  return image === 'output' ? t.Output : image === 'for' ? t.For : undefined;
}

const isName = (token: IToken | undefined): boolean =>
  token?.tokenType === t.Name || token?.tokenType === t.CompilerName;

/** Token `i` if it stands on the line of the one before. */
function sameLine({ tokens, starts }: Row, i: number): IToken | undefined {
  return starts[i] === true ? undefined : tokens[i];
}

/** `Conv2D(3) as stem` */
function isConnectiveAs(row: Row, i: number): boolean {
  const previous = row.tokens[i - 1];
  const isBehindStage = isName(previous) || previous?.tokenType === t.RParen;
  const isAs = sameLine(row, i)?.image === 'as' && isName(sameLine(row, i + 1));
  return isAs && isBehindStage && !isLoopVariable(row, i);
}

/** `for i in …`, and `@ digits.cnn:6:5 in layer` of graph text */
function isConnectiveIn(row: Row, i: number): boolean {
  return row.tokens[i - 1]?.tokenType === t.GraphLocation || isLoopVariable(row, i - 1);
}

function isLoopVariable({ tokens }: Row, i: number): boolean {
  const isAfterFor = tokens[i - 1]?.image === 'for' && tokens[i - 2]?.tokenType === t.Arrow;
  return isAfterFor && tokens[i + 1]?.image === 'in';
}

/** Whether something stands behind arrow `i` on its line. */
function hasStage(row: Row, i: number): boolean {
  return sameLine(row, i + 1) !== undefined;
}

/** Whether what follows arrow `i` on the next line seems to be its stage; otherwise the parser is better off without the arrow. */
function reportMissingStage(report: Report, file: string, text: string, row: Row, i: number): boolean {
  const { tokens } = row;
  const [arrow, next, second] = [tokens[i], tokens[i + 1], tokens[i + 2]];
  invariant(arrow !== undefined, 'a token beyond the last');
  const startsStatement =
    next?.tokenType !== t.Name ||
    typeAt(row, i + 1, false) !== t.Name ||
    (second !== undefined && [t.Equal, t.Colon, t.Comma].includes(second.tokenType));
  const span = spanOf(file, arrow);
  if (next === undefined || startsStatement) {
    report.add('E0116', span, 'expected a stage after `->`, found the end of the line');
    return false;
  }
  const gap = { file, start: endOf(arrow), end: next.startOffset };
  const isBlank = /^\s*$/.test(text.slice(gap.start, gap.end));
  const fix = isBlank ? { fix: replace('join the lines', gap, ' ') } : {};
  report.add('E0116', span, 'a stage stands on the line of its `->`', fix);
  return true;
}
