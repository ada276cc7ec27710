/** Precedence: the grammar reads operands and operators in a row, here they become a tree. Iterative, so length costs no stack. */
import type { CstNode, IToken } from 'chevrotain';
import type { Span } from '../../base/source.ts';
import type { BinaryOperator, Expression } from '../ast.ts';
import { problem, quote } from '../report.ts';
import * as t from '../tokens.ts';
import { between, giveUp, nest, spanOfNode, spanOfToken, tokens, type Context } from './context.ts';

const levels: Readonly<Record<BinaryOperator, number>> = {
  or: 1,
  and: 2,
  '==': 4,
  '!=': 4,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
};
const notLevel = 3;
const comparison = 4;

/** By token type, because the text may be that of another language (`&&`). */
const operators: ReadonlyMap<unknown, BinaryOperator> = new Map<unknown, BinaryOperator>([
  [t.Or, 'or'],
  [t.And, 'and'],
  [t.EqualEqual, '=='],
  [t.NotEqual, '!='],
  [t.Less, '<'],
  [t.LessEqual, '<='],
  [t.Greater, '>'],
  [t.GreaterEqual, '>='],
  [t.Plus, '+'],
  [t.Minus, '-'],
  [t.Times, '*'],
  [t.Divide, '/'],
  [t.IntegerDivision, '/'],
  [t.Power, '*'],
]);

/** An expression and the text it was read from, which may have parentheses around it. */
export interface Read {
  readonly value: Expression;
  readonly extent: Span;
}

interface Pending {
  readonly token: IToken;
  readonly operator: BinaryOperator | 'not';
  readonly level: number;
}

interface OperandBuilder {
  (context: Context, operand: CstNode): Read;
}

/** Joins `first` and the operands that follow it. `rest` has one operator per operand. */
export function buildOperation(
  context: Context,
  operands: readonly CstNode[],
  between: readonly IToken[],
  buildOperand: OperandBuilder,
  first?: Read,
): Read {
  const values: Read[] = first === undefined ? [] : [first];
  const pending: Pending[] = [];
  const offset = first === undefined ? 1 : 0;
  if (operands.length !== between.length + offset) giveUp();
  operands.forEach((operand, i) => {
    const operatorToken = between[i - offset];
    if (operatorToken !== undefined && i >= offset) pushOperator(context, values, pending, operatorToken);
    for (const prefix of prefixesOf(operand, 'not'))
      pushNot(context, pending, prefix, spanOfNode(context, operand));
    values.push(buildOperand(context, operand));
  });
  while (pending.length > 0) reduce(context, values, pending);
  return values[0] ?? giveUp();
}

/** The prefix operators of an operand: `not` before the first `-`, or all the others. */
export function prefixesOf(operand: CstNode, which: 'not' | 'rest'): IToken[] {
  const prefixes = tokens(operand, 'prefix');
  const firstMinus = prefixes.findIndex((prefix) => prefix.tokenType !== t.Not);
  const split = firstMinus < 0 ? prefixes.length : firstMinus;
  return which === 'not' ? prefixes.slice(0, split) : prefixes.slice(split);
}

function pushOperator(context: Context, values: Read[], pending: Pending[], token: IToken): void {
  const operator = operators.get(token.tokenType) ?? giveUp();
  const level = levels[operator];
  let top = pending[pending.length - 1];
  while (top !== undefined && top.level >= level) {
    if (level === comparison && top.level === comparison) reportChainedComparison(context, token);
    reduce(context, values, pending);
    top = pending[pending.length - 1];
  }
  pending.push({ token, operator, level });
}

function pushNot(context: Context, pending: Pending[], token: IToken, operand: Span): void {
  const top = pending[pending.length - 1];
  if (top !== undefined && top.level > notLevel) reportNot(context, token, operand);
  pending.push({ token, operator: 'not', level: notLevel });
}

function reduce(context: Context, values: Read[], pending: Pending[]): void {
  const { token, operator } = pending.pop() ?? giveUp();
  const right = values.pop() ?? giveUp();
  if (operator === 'not') {
    const span = between(spanOfToken(context, token), right.extent);
    const value = nest(context, { kind: 'unary', operator, operand: right.value, span }, [right.value]);
    values.push({ value, extent: span });
    return;
  }
  const left = values.pop() ?? giveUp();
  if (token.tokenType === t.IntegerDivision || token.tokenType === t.Power)
    reportCall(context, token, left, right);
  const span = between(left.extent, right.extent);
  const value = nest(context, { kind: 'binary', operator, left: left.value, right: right.value, span }, [
    left.value,
    right.value,
  ]);
  values.push({ value, extent: span });
}

/** `a // b` and `a ** b` are calls here. */
function reportCall(context: Context, token: IToken, left: Read, right: Read): void {
  const { file } = context;
  const isDivision = token.tokenType === t.IntegerDivision;
  const instead = isDivision ? 'floor(a / b)' : 'power(a, b)';
  const middle = { file, start: left.extent.end, end: right.extent.start };
  const edits = [
    {
      span: { file, start: left.extent.start, end: left.extent.start },
      text: isDivision ? 'floor(' : 'power(',
    },
    { span: middle, text: isDivision ? ' / ' : ', ' },
    { span: { file, start: right.extent.end, end: right.extent.end }, text: ')' },
  ];
  const message = isDivision
    ? `\`//\` begins a comment; a division rounded down is \`${instead}\``
    : `there is no \`**\`: write \`${instead}\``;
  const fix = { title: `write \`${instead}\``, edits };
  context.report(problem(isDivision ? 'E0110' : 'E0111', spanOfToken(context, token), message, { fix }));
}

function reportChainedComparison(context: Context, token: IToken): void {
  const message = `comparisons cannot be chained: join two of them with \`and\``;
  context.report(problem('E0120', spanOfToken(context, token), message));
}

export function reportNot(context: Context, token: IToken, operand: Span): void {
  const { file } = context;
  const span = spanOfToken(context, token);
  const edits = [
    { span: { file, start: span.start, end: span.start }, text: '(' },
    { span: { file, start: operand.end, end: operand.end }, text: ')' },
  ];
  const message = `${quote(token.image)} binds weaker than the operator before it and needs parentheses`;
  context.report(problem('E0126', span, message, { fix: { title: 'add parentheses', edits } }));
}
