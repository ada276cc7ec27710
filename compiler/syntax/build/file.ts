/** Items, statements and entries: what can be left out whole when it is incomplete. */
import type { CstNode, IToken } from 'chevrotain';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type * as ast from '../ast.ts';
import { breaksLine, problem, quote, replace } from '../report.ts';
import * as t from '../tokens.ts';
import * as c from './context.ts';
import { documentation } from './documentation.ts';
import { hasBareArrow } from './arguments.ts';
import { buildExpression } from './expressions.ts';
import { buildGraph } from './graph.ts';
import { stringOf } from './literals.ts';
import { buildStage } from './stages.ts';
import { buildType } from './types.ts';

type Context = c.Context;

export interface Built {
  /** Nothing was left out. */
  readonly isComplete: boolean;
  readonly items: readonly ast.Item[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Expressions are not read strictly in the order of the text, so more are kept than are shown. */
const keptDiagnostics = 1000;

/** The items of the concrete tree; without a tree (the parser gave up) there are none. */
export function buildItems(
  path: string,
  text: string,
  tree: CstNode | undefined,
  comments: readonly IToken[],
): Built {
  if (tree === undefined) return { items: [], diagnostics: [], isComplete: false };
  const diagnostics: Diagnostic[] = [];
  let isComplete = true;
  const context: Context = {
    file: path,
    text,
    report: (diagnostic) => {
      if (diagnostics.length < keptDiagnostics) diagnostics.push(diagnostic);
    },
    drop: () => {
      isComplete = false;
    },
    depths: new WeakMap(),
  };
  const docs = documentation(comments);
  let end = 0;
  const items = c.complete(context, c.nodes(tree, 'item'), (item) => {
    const start = item.location?.startOffset ?? 0;
    const doc = docs(end, start);
    end = (item.location?.endOffset ?? start) + 1;
    return buildItem(context, item, doc);
  });
  return { items, diagnostics, isComplete };
}

function buildItem(context: Context, item: CstNode, doc: string | undefined): ast.Item {
  const span = c.spanOfNode(context, item);
  const [kind = c.giveUp()] = Object.keys(item.children);
  const content = c.node(item, kind);
  const name = (): ast.Name => c.nameOf(context, c.token(content, t.Name.name));
  switch (kind) {
    case 'importItem': {
      const from = c.token(content, t.StringLiteral.name);
      const source = { value: stringOf(context, from), span: c.spanOfToken(context, from) };
      const names = c.tokens(content, t.Name.name).map((imported) => c.nameOf(context, imported));
      return { kind: 'import', names, from: source, span };
    }
    case 'model': {
      const parameters = buildParameters(context, c.nodes(content, 'parameters')[0]);
      return { kind, name: name(), doc, parameters, body: buildBody(context, content), span };
    }
    case 'layer': {
      const parameters = buildParameters(context, c.node(content, 'parameters'));
      const operands = buildOperands(context, c.node(content, 'operands'));
      return { kind, name: name(), doc, parameters, operands, body: buildBody(context, content), span };
    }
    case 'train': {
      const entries = c.complete(context, c.nodes(content, 'entry'), (entry) => buildEntry(context, entry));
      return { kind, model: name(), entries, span };
    }
    default:
      return buildGraph(context, content, span);
  }
}

function buildParameters(
  context: Context,
  parameters: CstNode | undefined,
): readonly ast.ParameterDeclaration[] {
  const declarations = parameters === undefined ? [] : c.nodes(parameters, 'parameter');
  return c.complete(context, declarations, (parameter): ast.ParameterDeclaration => {
    const types = c.tokens(parameter, 'types').map((type) => c.nameOf(context, type));
    const [initial] = c.nodes(parameter, 'expression');
    if (types.length === 0 || (initial === undefined && c.tokens(parameter, t.Equal.name).length > 0))
      c.giveUp();
    return {
      name: c.nameOf(context, c.token(parameter, t.Name.name)),
      types,
      ...(initial === undefined ? {} : { default: buildExpression(context, initial) }),
      span: c.spanOfNode(context, parameter),
    };
  });
}

function buildOperands(context: Context, operands: CstNode): readonly ast.OperandDeclaration[] {
  return c.complete(context, c.nodes(operands, 'operandDeclaration'), (operand): ast.OperandDeclaration => {
    const [type] = c.nodes(operand, 'type');
    return {
      name: c.nameOf(context, c.token(operand, t.Name.name)),
      variadic: c.tokens(operand, t.Ellipsis.name).length > 0,
      ...(type === undefined ? {} : { type: buildType(context, type) }),
      span: c.spanOfNode(context, operand),
    };
  });
}

function buildBody(context: Context, item: CstNode): readonly ast.Statement[] {
  const statements = c.nodes(c.node(item, 'body'), 'statement');
  statements.forEach((statement, i) => {
    const previous = statements[i - 1];
    if (previous !== undefined) checkLine(context, previous, statement);
  });
  return c.complete(context, statements, (statement) => buildStatement(context, statement));
}

/** `x = 3 y` is more likely a missing operator than two statements. */
function checkLine(context: Context, previous: CstNode, statement: CstNode): void {
  const [expression] = c.nodes(statement, 'expression');
  const before = previous.location?.endOffset ?? NaN;
  const start = statement.location?.startOffset ?? NaN;
  if (expression === undefined || hasBareArrow(expression) || Number.isNaN(before + start)) return;
  if (breaksLine(context.text, before + 1, start)) return;
  const first = /^(?:\w+|.)/su.exec(context.text.slice(start, start + 80))?.[0] ?? '';
  const span = { file: context.file, start, end: start + first.length };
  const extents = /^\(([^()\n]{0,80})\)/.exec(context.text.slice(start, start + 90));
  if (extents !== null && previous.children['inputStatement'] !== undefined) {
    const fix = replace(
      `write \`[${extents[1]}]\``,
      { ...span, end: start + extents[0].length },
      `[${extents[1]}]`,
    );
    context.report(problem('E0127', span, 'extents stand in brackets, such as `f32[3]`', { fix }));
    return;
  }
  const message = `expected an operator, \`->\` or the end of the line, found ${quote(first)}`;
  context.report(problem('E0127', span, message));
}

function buildStatement(context: Context, statement: CstNode): ast.Statement {
  const span = c.spanOfNode(context, statement);
  const [kind = c.giveUp()] = Object.keys(statement.children);
  const content = c.node(statement, kind);
  const name = (): ast.Name => c.nameOf(context, c.token(content, t.Name.name));
  const expression = (): ast.Expression => buildExpression(context, c.node(content, 'expression'));
  switch (kind) {
    case 'inputStatement':
      return { kind: 'input', name: name(), type: buildType(context, c.node(content, 'type')), span };
    case 'persistent': {
      const role = c.tokens(content, t.Param.name).length > 0 ? 'param' : 'state';
      const type = buildType(context, c.node(content, 'type'));
      return { kind: role, name: name(), type, initializer: expression(), span };
    }
    case 'shared':
      return { kind, name: name(), stage: buildStage(context, c.node(content, 'stage')), span };
    case 'set':
      return { kind, name: name(), value: expression(), span };
    case 'returns': {
      const values = c.nodes(content, 'expression').map((value) => buildExpression(context, value));
      return { kind: 'return', values: values.length === 0 ? c.giveUp() : values, span };
    }
    case 'binding': {
      const names = c.tokens(content, t.Name.name).map((bound) => c.nameOf(context, bound));
      return { kind: 'let', names, value: expression(), span };
    }
    default:
      return { kind: 'expression', value: buildExpression(context, content), span };
  }
}

function buildEntry(context: Context, entry: CstNode): ast.TrainEntry {
  const span = c.spanOfNode(context, entry);
  const names = c.tokens(entry, t.Name.name).map((name) => c.nameOf(context, name));
  const [name = c.giveUp()] = names;
  if (c.tokens(entry, t.Label.name).length > 0) {
    return { kind: 'label', name, type: buildType(context, c.node(entry, 'type')), span };
  }
  if (c.tokens(entry, t.Augment.name).length > 0) {
    const stages = c.nodes(entry, 'stage').map((stage) => buildStage(context, stage));
    return { kind: 'augment', names, stages: stages.length === 0 ? c.giveUp() : stages, span };
  }
  return { kind: 'setting', name, value: buildExpression(context, c.node(entry, 'expression')), span };
}
