/** Arguments of calls and stages, with the habits of Keras's callers. */
import type { CstNode, IToken } from 'chevrotain';
import type { Span } from '../../base/source.ts';
import type { Argument, Expression } from '../ast.ts';
import { problem, replace } from '../report.ts';
import * as t from '../tokens.ts';
import * as c from './context.ts';
import { buildExpression } from './expressions.ts';
import { stringOf } from './literals.ts';

type Context = c.Context;

export function buildArguments(context: Context, args: CstNode): readonly Argument[] {
  return c.nodes(args, 'argument').flatMap((argument) => buildArgument(context, args, argument));
}

function buildArgument(context: Context, args: CstNode, argument: CstNode): readonly Argument[] {
  const expression = c.node(argument, 'expression');
  const span = c.spanOfNode(context, argument);
  const [name] = c.tokens(argument, t.Name.name);
  const [equal] = c.tokens(argument, t.Equal.name);
  if (equal !== undefined && name !== undefined)
    reportEqual(context, name, equal, c.spanOfNode(context, expression));
  const atom = soleAtom(expression);
  if (atom?.image === 'None') {
    reportNone(context, args, span, atom);
    return [];
  }
  const value = name === undefined || atom === undefined ? undefined : quotedWord(context, atom);
  if (value === undefined && hasBareArrow(expression))
    reportBareArrow(context, c.spanOfNode(context, expression));
  const built = value ?? buildExpression(context, expression);
  return [
    name === undefined ? { value: built, span } : { name: c.nameOf(context, name), value: built, span },
  ];
}

/** `'relu'` as a named argument means the word. */
function quotedWord(context: Context, atom: IToken): Expression | undefined {
  if (atom.tokenType !== t.StringLiteral || !/^'[A-Za-z_]\w*'$/.test(atom.image)) return undefined;
  return { kind: 'name', name: stringOf(context, atom, true), span: c.spanOfToken(context, atom) };
}

/** The token of an expression that is a single one. */
function soleAtom(expression: CstNode): IToken | undefined {
  const [operand, second] = c.nodes(expression, 'operand');
  if (operand === undefined || second !== undefined || c.nodes(expression, 'link').length > 0)
    return undefined;
  if (c.nodes(operand, 'suffix').length > 0 || c.tokens(operand, 'prefix').length > 0) return undefined;
  return c.tokens(operand, 'atom')[0];
}

/** Whether an arrow stands in an expression outside of all parentheses. */
export function hasBareArrow(expression: CstNode): boolean {
  const [conditional] = c.nodes(expression, 'conditional');
  if (conditional !== undefined) return c.nodes(conditional, 'expression').some(hasBareArrow);
  return c.nodes(expression, 'link').some((link) => c.nodes(link, 'stage').length > 0);
}

function reportEqual(context: Context, name: IToken, equal: IToken, value: Span): void {
  const gap = { file: context.file, start: c.spanOfToken(context, name).end, end: value.start };
  const message = `arguments are named with \`:\`, not \`=\``;
  const fix = replace('write `:`', gap, ': ');
  context.report(problem('E0107', c.spanOfToken(context, equal), message, { fix }));
}

function reportNone(context: Context, args: CstNode, argument: Span, atom: IToken): void {
  const commas = c.tokens(args, t.Comma.name).filter((comma) => !Number.isNaN(comma.startOffset));
  const before = commas.findLast((comma) => comma.startOffset < argument.start);
  const after = commas.find((comma) => comma.startOffset >= argument.end);
  const start = before?.startOffset ?? argument.start;
  let end = argument.end;
  if (before === undefined && after !== undefined) {
    end = after.startOffset + 1;
    while (context.text[end] === ' ') end++;
  }
  const fix = replace('leave the argument out', { file: context.file, start, end }, '');
  const message = 'there is no `None`: leave the argument out';
  context.report(problem('E0109', c.spanOfToken(context, atom), message, { fix }));
}

function reportBareArrow(context: Context, value: Span): void {
  const { file, start, end } = value;
  const edits = [
    { span: { file, start, end: start }, text: '(' },
    { span: { file, start: end, end }, text: ')' },
  ];
  const message = 'a chain as an argument needs parentheses';
  context.report(problem('E0121', value, message, { fix: { title: 'add parentheses', edits } }));
}
