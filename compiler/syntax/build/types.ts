/** Tensor types: `f32[N, ..., c]`. */
import type { CstNode } from 'chevrotain';
import type { Dim, TypeExpression } from '../ast.ts';
import * as t from '../tokens.ts';
import { nameOf, node, nodes, spanOfNode, token, tokens, type Context } from './context.ts';
import { buildExpression } from './expressions.ts';

export function buildType(context: Context, type: CstNode): TypeExpression {
  const dtype = nameOf(context, token(type, t.Name.name));
  const span = spanOfNode(context, type);
  if (tokens(type, t.LBracket.name).length === 0) return { dtype, span };
  return { dtype, dims: nodes(type, 'dim').map((dim) => buildDim(context, dim)), span };
}

function buildDim(context: Context, dim: CstNode): Dim {
  const span = spanOfNode(context, dim);
  if (tokens(dim, t.Ellipsis.name).length === 0) {
    return { kind: 'extent', value: buildExpression(context, node(dim, 'expression')), span };
  }
  const [name] = tokens(dim, t.Name.name);
  return name === undefined ? { kind: 'rest', span } : { kind: 'rest', name: nameOf(context, name), span };
}
