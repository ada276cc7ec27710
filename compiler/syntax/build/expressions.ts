/** Expressions. */
import type { CstNode, IToken } from 'chevrotain';
import type { Span } from '../../base/source.ts';
import type { Expression, Stage } from '../ast.ts';
import { problem } from '../report.ts';
import * as t from '../tokens.ts';
import { buildArguments } from './arguments.ts';
import * as c from './context.ts';
import { buildAtom } from './literals.ts';
import { buildOperation, prefixesOf, reportNot, type Read } from './operations.ts';
import { buildStage } from './stages.ts';

type Context = c.Context;

export function buildExpression(context: Context, expression: CstNode): Expression {
  return read(context, expression).value;
}

function read(context: Context, expression: CstNode): Read {
  const [conditional] = c.nodes(expression, 'conditional');
  if (conditional !== undefined) return buildConditional(context, conditional);
  return buildChain(context, expression);
}

function buildConditional(context: Context, conditional: CstNode): Read {
  const [condition = c.giveUp(), consequent = c.giveUp(), alternative = c.giveUp()] = c
    .nodes(conditional, 'expression')
    .map((part) => buildExpression(context, part));
  const span = c.spanOfNode(context, conditional);
  const value = c.nest(context, { kind: 'if', condition, consequent, alternative, span }, [
    condition,
    consequent,
    alternative,
  ]);
  return { value, extent: span };
}

/** A head and its stages. An operator behind a stage is diagnosed once and read as its fix would be. */
function buildChain(context: Context, chain: CstNode): Read {
  let head = buildOperands(context, chain);
  let stages: Stage[] = [];
  let reported = false;
  const join = (): Read => {
    const last = stages[stages.length - 1];
    if (last === undefined) return head;
    const span = c.between(head.extent, last.span);
    return {
      value: c.nest(context, { kind: 'chain', head: head.value, stages, span }, [head.value, ...stages]),
      extent: span,
    };
  };
  const links = c.nodes(chain, 'link');
  for (let i = 0; i < links.length; i++) {
    const link = links[i] ?? c.giveUp();
    const [stage] = c.nodes(link, 'stage');
    if (stage !== undefined) {
      stages.push(buildStage(context, stage));
      continue;
    }
    const whole = join();
    const run = operatorsFrom(links, i);
    const operators = run.map((operator) => c.token(operator, t.BinaryOperator.name));
    if (!reported) reportOperatorAfterStage(context, operators[0] ?? c.giveUp(), whole.extent);
    reported = true;
    head = buildOperation(
      context,
      run.map((operator) => c.node(operator, 'operand')),
      operators,
      buildOperand,
      whole,
    );
    stages = [];
    i += run.length - 1;
  }
  return join();
}

/** The operands and operators that are children of `parent`. */
export function buildOperands(context: Context, parent: CstNode): Read {
  const operators = c.tokens(parent, t.BinaryOperator.name);
  return buildOperation(context, c.nodes(parent, 'operand'), operators, buildOperand);
}

function operatorsFrom(links: readonly CstNode[], start: number): readonly CstNode[] {
  let end = start;
  while (end < links.length && c.nodes(links[end] ?? c.giveUp(), 'stage').length === 0) end++;
  return links.slice(start, end);
}

function reportOperatorAfterStage(context: Context, operator: IToken, chain: Span): void {
  const { file } = context;
  const edits = [
    { span: { file, start: chain.start, end: chain.start }, text: '(' },
    { span: { file, start: chain.end, end: chain.end }, text: ')' },
  ];
  const message = `\`${operator.image}\` after a stage: \`->\` binds weakest, so the chain before it needs parentheses`;
  const fix = { title: 'add parentheses', edits };
  context.report(problem('E0119', c.spanOfToken(context, operator), message, { fix }));
}

function buildOperand(context: Context, operand: CstNode): Read {
  const whole = c.spanOfNode(context, operand);
  const primary = buildPrimary(context, operand);
  let value = primary.value;
  for (const suffix of c.nodes(operand, 'suffix')) {
    const span = c.between(primary.extent, c.spanOfNode(context, suffix));
    value = buildSuffix(context, value, suffix, span);
  }
  // Leading `not`s are operators of the row around the operand.
  let extent = { ...whole, start: primary.extent.start };
  for (const prefix of prefixesOf(operand, 'rest').reverse()) {
    const isNot = prefix.tokenType === t.Not;
    if (isNot) reportNot(context, prefix, extent);
    extent = c.between(c.spanOfToken(context, prefix), whole);
    const operator = isNot ? 'not' : '-';
    value = c.nest(context, { kind: 'unary', operator, operand: value, span: extent }, [value]);
  }
  return { value, extent };
}

function buildSuffix(context: Context, object: Expression, suffix: CstNode, span: Span): Expression {
  const [args] = c.nodes(suffix, 'args');
  if (args !== undefined) {
    const built = buildArguments(context, args);
    const values = built.map((argument) => argument.value);
    return c.nest(context, { kind: 'call', callee: object, args: built, span }, [object, ...values]);
  }
  const [member] = c.tokens(suffix, t.Name.name);
  if (member !== undefined) {
    return c.nest(context, { kind: 'member', object, member: c.nameOf(context, member), span }, [object]);
  }
  const indices = c.nodes(suffix, 'expression').map((index) => buildExpression(context, index));
  if (indices.length === 0) c.giveUp();
  return c.nest(context, { kind: 'subscript', object, indices, span }, [object, ...indices]);
}

/** The value an operand begins with; its extent has the parentheses. */
function buildPrimary(context: Context, operand: CstNode): Read {
  const [atom] = c.tokens(operand, 'atom');
  if (atom !== undefined) return { value: buildAtom(context, atom), extent: c.spanOfToken(context, atom) };
  const [tuple] = c.nodes(operand, 'tuple');
  const group = tuple ?? c.node(operand, 'listLiteral');
  const span = c.spanOfNode(context, group);
  const items = c.nodes(group, 'expression').map((item) => buildExpression(context, item));
  if (tuple === undefined)
    return { value: c.nest(context, { kind: 'list', items, span }, items), extent: span };
  const [only] = items;
  if (only === undefined) {
    context.report(problem('E0125', span, 'these parentheses hold nothing'));
    return c.giveUp();
  }
  const value = items.length === 1 ? only : c.nest(context, { kind: 'tuple', items, span }, items);
  return { value, extent: span };
}
