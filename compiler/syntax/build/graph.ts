/** Graph text. A dotted name becomes one name with the whole text. */
import type { CstNode } from 'chevrotain';
import type { Span } from '../../base/source.ts';
import type * as ast from '../ast.ts';
import * as t from '../tokens.ts';
import * as c from './context.ts';
import { buildAtom } from './literals.ts';
import { buildType } from './types.ts';

type Context = c.Context;
type GraphParameter = ast.GraphDeclaration['parameters'][number];
type GraphNode = ast.GraphDeclaration['nodes'][number];
type GraphUpdate = ast.GraphDeclaration['updates'][number];

export function buildGraph(context: Context, graph: CstNode, span: Span): ast.GraphDeclaration {
  const results = c.nodes(graph, 'graphReturn').flatMap((returned) => c.nodes(returned, 'graphResult'));
  return {
    kind: 'graph',
    name: c.nameOf(context, c.token(graph, t.Name.name)),
    parameters: c.nodes(graph, 'graphParameter').map((parameter) => buildParameter(context, parameter)),
    nodes: c.nodes(graph, 'graphNode').map((node) => buildNode(context, node)),
    updates: c.nodes(graph, 'graphUpdate').map((update) => buildUpdate(context, update)),
    returns: results.map((result) => ({
      name: dotted(context, c.node(result, 'dotted')),
      value: buildGraphAtom(context, c.node(result, 'graphAtom')),
      span: c.spanOfNode(context, result),
    })),
    span,
  };
}

function dotted(context: Context, name: CstNode): ast.Name {
  const parts = c.tokens(name, 'parts');
  if (parts.length === 0 || parts.some((part) => Number.isNaN(part.startOffset))) c.giveUp();
  return { text: parts.map((part) => part.image).join(''), span: c.spanOfNode(context, name) };
}

function buildParameter(context: Context, parameter: CstNode): GraphParameter {
  const { tokenType } = c.token(parameter, 'role');
  return {
    role: tokenType === t.Input ? 'input' : tokenType === t.Param ? 'param' : 'state',
    name: dotted(context, c.node(parameter, 'dotted')),
    type: buildType(context, c.node(parameter, 'type')),
    span: c.spanOfNode(context, parameter),
  };
}

function buildNode(context: Context, node: CstNode): GraphNode {
  const callee = c.nameOf(context, c.token(node, t.Name.name));
  const end = c.spanOfToken(context, c.token(node, t.RParen.name));
  const args = c.nodes(node, 'graphArgument').map((argument): ast.Argument => {
    const [name] = c.tokens(argument, t.Name.name);
    const value = buildGraphAtom(context, c.node(argument, 'graphAtom'));
    const span = c.spanOfNode(context, argument);
    return name === undefined ? { value, span } : { name: c.nameOf(context, name), value, span };
  });
  const op: ast.Expression = { kind: 'name', name: callee.text, span: callee.span };
  const location = buildLocation(context, node);
  return {
    id: Number(c.token(node, t.GraphValue.name).image.slice(1)),
    type: buildType(context, c.node(node, 'type')),
    value: { kind: 'call', callee: op, args, span: c.between(callee.span, end) },
    ...(location === undefined ? {} : { location }),
    span: c.spanOfNode(context, node),
  };
}

function buildLocation(context: Context, node: CstNode): GraphNode['location'] {
  const [token] = c.tokens(node, t.GraphLocation.name);
  if (token === undefined) return undefined;
  const [, path = '', line, column] = /^@ +(.*):(\d+):(\d+)$/s.exec(token.image) ?? c.giveUp();
  const [scope] = c.nodes(node, 'dotted').map((name) => dotted(context, name).text);
  const location = { file: unquote(path), line: Number(line), column: Number(column) };
  return scope === undefined ? location : { ...location, scope };
}

function unquote(path: string): string {
  if (!path.startsWith('"')) return path;
  try {
    return String(JSON.parse(path));
  } catch {
    return path.slice(1, -1);
  }
}

function buildUpdate(context: Context, update: CstNode): GraphUpdate {
  return {
    target: dotted(context, c.node(update, 'dotted')),
    value: buildGraphAtom(context, c.node(update, 'graphAtom')),
    span: c.spanOfNode(context, update),
  };
}

function buildGraphAtom(context: Context, graphAtom: CstNode): ast.Expression {
  const span = c.spanOfNode(context, graphAtom);
  const operand = buildUnsigned(context, graphAtom);
  if (c.tokens(graphAtom, t.AnyMinus.name).length === 0) return operand;
  return { kind: 'unary', operator: '-', operand, span };
}

function buildUnsigned(context: Context, graphAtom: CstNode): ast.Expression {
  const span = c.spanOfNode(context, graphAtom);
  const [atom] = c.tokens(graphAtom, 'atom');
  if (atom !== undefined) return buildAtom(context, atom);
  const [name] = c.nodes(graphAtom, 'dotted');
  if (name !== undefined) return { kind: 'name', name: dotted(context, name).text, span };
  const items = c
    .nodes(c.node(graphAtom, 'graphList'), 'graphAtom')
    .map((item) => buildGraphAtom(context, item));
  return { kind: 'list', items, span };
}
