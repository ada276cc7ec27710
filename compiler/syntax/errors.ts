/** Makes sentences of the parser's errors: what was expected where, and what stood there. */
import { EOF, type IRecognitionException, type IToken } from 'chevrotain';
import type { Diagnostic } from '../base/diagnostic.ts';
import type { Span } from '../base/source.ts';
import { breaksLine, endOf, problem, quote, spanOf } from './report.ts';
import * as t from './tokens.ts';

interface Place {
  readonly file: string;
  readonly text: string;
}

/** All of chevrotain's errors know the token before, but their common type does not say so. */
function previousOf(error: IRecognitionException): IToken | undefined {
  const { previousToken } = error as IRecognitionException & { readonly previousToken?: IToken };
  return previousToken;
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
const closers = ['`)`', '`]`', '`}`'];

function found(token: IToken): string {
  return token.tokenType === EOF || token.image === '' ? 'the end of the file' : quote(token.image);
}

/** Where the reader should look: behind the previous token if the error is that something is missing there. */
function placeOf({ file, text }: Place, error: IRecognitionException): Span {
  const { token } = error;
  const previous = previousOf(error);
  const after = previous === undefined || Number.isNaN(previous.startOffset) ? undefined : endOf(previous);
  if (token.tokenType === EOF) return { file, start: after ?? text.length, end: after ?? text.length };
  if (after !== undefined && breaksLine(text, after, token.startOffset))
    return { file, start: after, end: after };
  return spanOf(file, token);
}

function describe(place: Place, error: IRecognitionException): Diagnostic {
  const { token, message: label } = error;
  const previous = previousOf(error);
  const rule = error.context.ruleStack.at(-1) ?? 'file';
  const span = placeOf(place, error);
  const onNextLine = span.start === span.end && token.tokenType !== EOF;
  const what = onNextLine ? `the end of the line` : found(token);
  if (t.reserved.includes(token.tokenType) && (label === 'a name' || isGivenAValue(place, token))) {
    return problem(
      'E0122',
      spanOf(place.file, token),
      `${quote(token.image)} is a reserved word and cannot be a name`,
    );
  }
  if (label === 'a stage' || (previous?.tokenType === t.Arrow && label === 'a name')) {
    return problem('E0116', span, `expected a stage after \`->\`, found ${what}`);
  }
  if (rule === 'conditional' && label === '`else`') {
    return problem('E0124', span, `every \`if\` needs an \`else\`, found ${what}`);
  }
  if (rule === 'operands' && label === '`(`') {
    const message = 'a layer has two pairs of parentheses: its parameters, then its tensors';
    return problem('E0128', span, message, {
      notes: [{ message: 'such as `layer Twice(factor: float = 2)(x: f32[N, c])`' }],
    });
  }
  const expected = (closers.includes(label) ? instead[rule] : undefined) ?? label;
  const after = rule === 'conditional' || label === 'a value' ? behind(previous) : '';
  return problem('E0115', span, `expected ${expected}${after}, found ${what}`);
}

/** `then = …`, `else: …` */
function isGivenAValue({ text }: Place, token: IToken): boolean {
  return /^[ \t]*(?:=(?!=)|:)/.test(text.slice(endOf(token), endOf(token) + 40));
}

function behind(previous: IToken | undefined): string {
  return previous === undefined || !previous.image ? '' : ` after ${quote(previous.image)}`;
}

/** At most one diagnostic per line, none on the lines of what is `known` and none where a bracket is to blame. */
export function describeErrors(
  file: string,
  text: string,
  lineOf: (offset: number) => number,
  errors: readonly IRecognitionException[],
  known: readonly Diagnostic[],
  repaired: readonly Span[],
): Diagnostic[] {
  const lines = new Set(known.map((diagnostic) => lineOf(diagnostic.span.start)));
  const described: Diagnostic[] = [];
  for (const error of errors) {
    const diagnostic = describe({ file, text }, error);
    const { start } = diagnostic.span;
    const line = lineOf(start);
    if (lines.has(line) || repaired.some((span) => span.start <= start && start < span.end)) continue;
    lines.add(line);
    described.push(diagnostic);
  }
  return described;
}
