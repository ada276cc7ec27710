/** Makes sentences of the parser's errors: what was expected where, and what stood there. */
import { EOF, type IRecognitionException, type IToken } from 'chevrotain';
import type { Diagnostic } from '../base/diagnostic.ts';
import { lowerBound } from '../base/lower-bound.ts';
import type { Span } from '../base/source.ts';
import { didYouMean } from '../base/suggest.ts';
import { breaksLine, endOf, problem, quote, replace, spanOf } from './report.ts';
import * as t from './tokens.ts';

export interface Place {
  readonly file: string;
  readonly text: string;
  /** In the order of the text. */
  readonly tokens: readonly IToken[];
}

/** The token before. chevrotain's own notion of it is wrong for errors it found while skipping tokens. */
function previousOf({ tokens }: Place, { token }: IRecognitionException): IToken | undefined {
  if (token.tokenType === EOF) return tokens[tokens.length - 1];
  const before = lowerBound(tokens.length, (i) => (tokens[i]?.startOffset ?? Infinity) < token.startOffset);
  return tokens[before - 1];
}

/** What a rule would go on with where the parser only names the bracket that ends it. */
const instead: Readonly<Record<string, string>> = {
  file: '`model`, `layer`, `train` or `import`',
  body: 'a statement or `}`',
  train: '`label`, `augment`, a setting such as `loss:`, or `}`',
  loop: '`->` or `}`',
  parameters: '`,` or `)`',
  operands: '`,` or `)`',
  type: '`,` or `]`',
  args: '`,` or `)`',
  tuple: '`,` or `)`',
  listLiteral: '`,` or `]`',
  suffix: '`,` or `]`',
  graphList: '`,` or `]`',
};
const itemNames = ['model', 'layer', 'train', 'import'];
const closers = ['`)`', '`]`', '`}`'];

function found(token: IToken): string {
  return token.tokenType === EOF || token.image === '' ? 'the end of the file' : quote(token.image);
}

/** Where the reader should look: behind the previous token if the error is that something is missing there. */
function placeOf(place: Place, error: IRecognitionException): Span {
  const { file, text } = place;
  const { token } = error;
  const previous = previousOf(place, error);
  const after = previous === undefined ? undefined : endOf(previous);
  if (token.tokenType === EOF) return { file, start: after ?? text.length, end: after ?? text.length };
  if (after !== undefined && breaksLine(text, after, token.startOffset))
    return { file, start: after, end: after };
  return spanOf(file, token);
}

function describe(place: Place, error: IRecognitionException): Diagnostic {
  const { token, message: label } = error;
  const previous = previousOf(place, error);
  const rule = error.context.ruleStack.at(-1) ?? 'file';
  const span = placeOf(place, error);
  const special = describeSpecially(place, error, rule, span);
  if (special !== undefined) return special;
  const expected = (closers.includes(label) ? instead[rule] : undefined) ?? label;
  const after = rule === 'conditional' || label === 'a value' ? behind(previous) : '';
  return problem('E0115', span, `expected ${expected}${after}, found ${whatIs(token, span)}`);
}

function whatIs(token: IToken, span: Span): string {
  return span.start === span.end && token.tokenType !== EOF ? 'the end of the line' : found(token);
}

/** Mistakes of which more can be said than what was expected. */
function describeSpecially(
  place: Place,
  error: IRecognitionException,
  rule: string,
  span: Span,
): Diagnostic | undefined {
  const { token, message: label } = error;
  const previous = previousOf(place, error);
  const here = spanOf(place.file, token);
  if (t.reserved.includes(token.tokenType) && (label === 'a name' || isGivenAValue(place, token))) {
    return problem('E0122', here, `${quote(token.image)} is a reserved word and cannot be a name`);
  }
  const givesValue = token.tokenType === t.Equal || token.tokenType === t.Colon;
  if (previous !== undefined && t.reserved.includes(previous.tokenType) && givesValue) {
    const word = spanOf(place.file, previous);
    return problem('E0122', word, `${quote(previous.image)} is a reserved word and cannot be a name`);
  }
  if (label === 'a stage' || (previous?.tokenType === t.Arrow && label === 'a name')) {
    const notes = token.tokenType === t.If ? [{ message: ifIsAValue }] : [];
    return problem('E0116', span, `expected a stage after \`->\`, found ${whatIs(token, span)}`, { notes });
  }
  if (rule === 'body' && /^[ \t]*for\s+\w+\s+in\b/.test(lineOf(place.text, here.start))) {
    return problem('E0115', here, `expected a statement or \`}\`, found ${quote(token.image)}`, {
      notes: [{ message: forIsAStage }],
    });
  }
  if (rule === 'conditional' && label === '`else`') {
    return problem('E0124', span, `every \`if\` needs an \`else\`, found ${whatIs(token, span)}`);
  }
  if (rule === 'parameter' && label === '`:`' && !isOnlyPair(place, error)) {
    const notes = [{ message: `a parameter has a type, such as \`${previous?.image ?? 'n'}: int\`` }];
    return problem('E0115', span, `expected ${label}, found ${whatIs(token, span)}`, { notes });
  }
  const startsTensors = rule === 'parameters' && token.tokenType === t.LBracket;
  if (startsTensors || isOnlyPair(place, error) || (rule === 'operands' && label === '`(`')) {
    const message = 'a layer has two pairs of parentheses: its parameters, then its tensors';
    const notes = [{ message: 'such as `layer Twice(factor: float = 2)(x: f32[N, c])`' }];
    return problem('E0128', span, message, { notes });
  }
  if (rule === 'entry' && token.tokenType === t.Equal && previous !== undefined) {
    const fix = replace('write `:`', { ...here, start: endOf(previous) }, ':');
    return problem('E0107', here, 'settings are named with `:`, not `=`', { fix });
  }
  if ((rule === 'body' || rule === 'train') && token.tokenType === t.Comma && label === '`}`') {
    const message = 'lines are not separated by commas';
    return problem('E0115', here, message, { fix: replace('remove `,`', here, '') });
  }
  return rule === 'file' && token.tokenType === t.Name ? describeItem(place, token, here) : undefined;
}

/** `layer Block(x) {`: the name of a tensor where parameters stand. */
function isOnlyPair({ text }: Place, { token, context }: IRecognitionException): boolean {
  const untyped = context.ruleStack.at(-1) === 'parameter' && context.ruleStack.includes('layer');
  return (
    untyped && /^[^(){}\n]{0,80}\)\s{0,80}\{/.test(text.slice(token.startOffset, token.startOffset + 200))
  );
}

const ifIsAValue = '`if` chooses between values: `y = if deep then x -> Wide else x -> Narrow`';
const forIsAStage = '`for` is a stage, which stands behind an arrow: `x -> for i in 3 { -> Layer }`';
const aModel = 'a model is `model Name { input … -> output … }`';

const lineOf = (text: string, at: number): string =>
  text.slice(text.lastIndexOf('\n', at - 1) + 1).split('\n', 1)[0] ?? '';

/** A name where an item should begin. */
function describeItem({ file, text }: Place, name: IToken, span: Span): Diagnostic | undefined {
  const after = /^[ \t]*(\w+|[^\s]?)/.exec(text.slice(endOf(name), endOf(name) + 80))?.[1] ?? '';
  const what = after === '' ? 'the end of the line' : quote(after);
  if (itemNames.includes(name.image)) {
    const behindName = { file, start: span.end, end: span.end };
    const notes = name.image === 'model' ? [{ message: aModel }] : [];
    return problem('E0115', behindName, `expected a name after ${quote(name.image)}, found ${what}`, {
      notes,
    });
  }
  const meant = /\w/.test(after) ? didYouMean(name.image, itemNames) : undefined;
  const message = `expected ${instead['file']}, found ${quote(name.image)}`;
  if (meant !== undefined) {
    return problem('E0115', span, message, { fix: replace(`write ${quote(meant)}`, span, meant) });
  }
  return problem('E0115', span, message, {
    notes: [{ message: 'statements stand inside of `model NAME { … }`' }],
  });
}

/** `then = …`, `else: …` */
function isGivenAValue({ text }: Place, token: IToken): boolean {
  return /^[ \t]*(?:=(?!=)|:)/.test(text.slice(endOf(token), endOf(token) + 40));
}

function behind(previous: IToken | undefined): string {
  return previous === undefined || !previous.image ? '' : ` after ${quote(previous.image)}`;
}

/**
 * At least one if nothing else is `known`; at most one per line, none on the lines of what is known and none where a bracket is to
 * blame.
 */
export function describeErrors(
  place: Place,
  lineOf: (offset: number) => number,
  errors: readonly IRecognitionException[],
  known: readonly Diagnostic[],
  repaired: readonly Span[],
): Diagnostic[] {
  const lines = new Set(known.map((diagnostic) => lineOf(diagnostic.span.start)));
  const described: Diagnostic[] = [];
  for (const error of errors) {
    // Behind an error inside of an item, what is left of the item looks like something between items.
    if (described.length > 0 && error.context.ruleStack.length === 1) continue;
    const diagnostic = describe(place, error);
    const { start } = diagnostic.span;
    const line = lineOf(start);
    if (lines.has(line) || repaired.some((span) => span.start <= start && start < span.end)) continue;
    lines.add(line);
    described.push(diagnostic);
  }
  const [first] = errors;
  if (first !== undefined && described.length === 0 && known.length === 0)
    described.push(describe(place, first));
  return described;
}
