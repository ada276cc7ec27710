/** Expressions, arguments and stages. */
import type { CstNode, IToken } from 'chevrotain';
import type { Span } from '../../base/source.ts';
import type { Argument, Expression, Stage } from '../ast.ts';
import { problem, replace } from '../report.ts';
import * as t from '../tokens.ts';
import * as c from './context.ts';
import { buildAtom, stringOf } from './literals.ts';
import { buildOperation, prefixesOf, reportNot, type Read } from './operations.ts';

type Context = c.Context;

export function buildExpression(context: Context, expression: CstNode): Expression {
  return read(context, expression).value;
}

function read(context: Context, expression: CstNode): Read {
  const [conditional] = c.nodes(expression, 'conditional');
  if (conditional !== undefined) return buildConditional(context, conditional);
  return buildChain(context, c.node(expression, 'chain'));
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
  const operation = c.node(chain, 'operation');
  let head = buildOperation(
    context,
    c.nodes(operation, 'operand'),
    c.tokens(operation, t.BinaryOperator.name),
    buildOperand,
  );
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
  const fix = { title: 'put the chain in parentheses', edits };
  context.report(problem('E0119', c.spanOfToken(context, operator), message, { fix }));
}

function buildOperand(context: Context, operand: CstNode): Read {
  const extent = c.spanOfNode(context, operand);
  const primary = c.node(operand, 'primary');
  const start = c.spanOfNode(context, primary);
  let value = buildPrimary(context, primary);
  for (const suffix of c.nodes(operand, 'suffix')) {
    const span = c.between(start, c.spanOfNode(context, suffix));
    value = buildSuffix(context, value, suffix, span);
  }
  const end = value.span.end > extent.end ? value.span : extent;
  for (const prefix of prefixesOf(operand, 'rest').reverse()) {
    const isNot = prefix.tokenType === t.Not;
    if (isNot) reportNot(context, prefix, extent);
    const span = c.between(c.spanOfToken(context, prefix), end);
    value = c.nest(context, { kind: 'unary', operator: isNot ? 'not' : '-', operand: value, span }, [value]);
  }
  const prefix = prefixesOf(operand, 'not').length > 0;
  return { value, extent: prefix ? { ...extent, start: startOfRest(context, operand, start) } : extent };
}

/** Where an operand begins without its leading `not`s, which are operators of the row around it. */
function startOfRest(context: Context, operand: CstNode, primary: Span): number {
  const [first] = prefixesOf(operand, 'rest');
  return first === undefined ? primary.start : c.spanOfToken(context, first).start;
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

function buildPrimary(context: Context, primary: CstNode): Expression {
  const [atom] = c.tokens(primary, 'atom');
  if (atom !== undefined) return buildAtom(context, atom);
  const [tuple] = c.nodes(primary, 'tuple');
  const span = c.spanOfNode(context, primary);
  const items = c
    .nodes(tuple ?? c.node(primary, 'listLiteral'), 'expression')
    .map((item) => buildExpression(context, item));
  if (tuple === undefined) return c.nest(context, { kind: 'list', items, span }, items);
  const [only] = items;
  if (only === undefined) {
    context.report(problem('E0125', span, 'these parentheses hold nothing'));
    return c.giveUp();
  }
  return items.length === 1 ? only : c.nest(context, { kind: 'tuple', items, span }, items);
}

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
  const [chain] = c.nodes(expression, 'chain');
  const [operation] = chain === undefined ? [] : c.nodes(chain, 'operation');
  if (chain === undefined || operation === undefined || c.nodes(chain, 'link').length > 0) return undefined;
  const [operand, second] = c.nodes(operation, 'operand');
  if (operand === undefined || second !== undefined || c.nodes(operand, 'suffix').length > 0)
    return undefined;
  if (c.tokens(operand, 'prefix').length > 0) return undefined;
  const [primary] = c.nodes(operand, 'primary');
  return primary === undefined ? undefined : c.tokens(primary, 'atom')[0];
}

export function hasBareArrow(expression: CstNode): boolean {
  const [chain] = c.nodes(expression, 'chain');
  if (chain !== undefined) return c.nodes(chain, 'link').some((link) => c.nodes(link, 'stage').length > 0);
  const [conditional] = c.nodes(expression, 'conditional');
  return conditional !== undefined && c.nodes(conditional, 'expression').some(hasBareArrow);
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

// Stages

export function buildStage(context: Context, stage: CstNode): Stage {
  const span = c.spanOfNode(context, stage);
  const [application] = c.nodes(stage, 'application');
  if (application !== undefined) return buildApplication(context, application, span);
  const [output] = c.nodes(stage, 'output');
  if (output === undefined) return buildLoop(context, c.node(stage, 'loop'), span);
  const name = c.nameOf(context, c.token(output, t.Name.name));
  return withArguments(context, output, (args) => ({ kind: 'output', name, ...args, span }));
}

function buildApplication(context: Context, application: CstNode, span: Span): Stage {
  const [callee = c.giveUp(), as] = c.tokens(application, t.Name.name).map((name) => c.nameOf(context, name));
  if (c.tokens(application, t.As.name).length > 0 && as === undefined) c.giveUp();
  const named = as === undefined ? {} : { as };
  return withArguments(context, application, (args) => ({ kind: 'apply', callee, ...args, ...named, span }));
}

function withArguments(
  context: Context,
  parent: CstNode,
  make: (args: { readonly args?: readonly Argument[] }) => Stage,
): Stage {
  const [written] = c.nodes(parent, 'args');
  if (written === undefined) return make({});
  const args = buildArguments(context, written);
  return c.nest(
    context,
    make({ args }),
    args.map((argument) => argument.value),
  );
}

function buildLoop(context: Context, loop: CstNode, span: Span): Stage {
  const operation = c.node(loop, 'operation');
  const variable = c.nameOf(context, c.token(loop, t.Name.name));
  const iterable = buildOperation(
    context,
    c.nodes(operation, 'operand'),
    c.tokens(operation, t.BinaryOperator.name),
    buildOperand,
  ).value;
  const stages = c.nodes(loop, 'stage').map((stage) => buildStage(context, stage));
  if (stages.length === 0) c.giveUp();
  return c.nest(context, { kind: 'for', variable, iterable, stages, span }, [iterable, ...stages]);
}
