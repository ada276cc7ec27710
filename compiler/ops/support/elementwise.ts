/** What the elementwise ops share. Function declarations, so that ops and this module may import each other. */
import type { Trait } from '../../base/trait.ts';
import type { DType } from '../../base/types.ts';
import type { GraphBuilder } from '../../graph/builder.ts';
import type { Value } from '../../graph/ir.ts';
import type { Sample } from '../../graph/op.ts';
import { defineOp, tensor } from '../../graph/op.ts';
import type { DefinitionBuilder, ExprLike } from '../../loop/builder.ts';
import type { Expr } from '../../loop/ir.ts';
import { unbroadcast } from './gradients.ts';
import { broadcastShapes, broadcastTypes, failed, sameDtypes, typed } from './shapes.ts';

type UnarySpecs = {
  readonly x: { readonly kind: 'tensor'; readonly dtypes: readonly DType[]; readonly doc: string };
};
type BinarySpecs = Readonly<Record<'a' | 'b', UnarySpecs['x']>>;

interface UnaryRules {
  readonly name: string;
  readonly doc: string;
  /** Accepted; default f32. */
  readonly dtypes?: readonly DType[];
  readonly traits?: readonly Trait[];
  /** The element of the result from that of x. */
  readonly element: (b: DefinitionBuilder, x: Expr) => ExprLike;
  /** dx; undefined where it is zero almost everywhere. */
  readonly gradient: (g: GraphBuilder, x: Value, y: Value, dy: Value) => Value | undefined;
  readonly samples: readonly Sample<UnarySpecs, Record<never, never>>[];
}

/** An op of one operand whose result has its type. */
export function unaryOp(rules: UnaryRules) {
  const { name, doc, dtypes = ['f32'], traits = [], element, gradient, samples } = rules;
  return defineOp({
    name,
    doc,
    operands: { x: tensor('any shape', dtypes) },
    attributes: {},
    traits: ['elementwise', ...traits],
    infer: ({ x }) => x,
    gradient: (g, { x }, _, y, dy) => ({ x: gradient(g, x, y, dy) }),
    lower: (b, { x }, _, type) => b.map(type.shape, (i) => element(b, x.at(i)), type.dtype),
    samples,
  });
}

interface BinaryRules {
  readonly name: string;
  readonly doc: string;
  readonly dtypes?: readonly DType[];
  readonly traits?: readonly Trait[];
  readonly element: (b: DefinitionBuilder, x: Expr, y: Expr) => Expr;
  /** Gradients of a and b for each element of the result, summed where an operand was repeated; absent: zero almost everywhere. */
  readonly gradient: (
    g: GraphBuilder,
    operands: { readonly a: Value; readonly b: Value },
    y: Value,
    dy: Value,
  ) => { readonly a?: Value; readonly b?: Value };
  readonly samples: readonly Sample<BinarySpecs, Record<never, never>>[];
}

/** An op of two operands that broadcast as in numpy, with the element type of both. */
export function binaryOp(rules: BinaryRules) {
  const { name, doc, dtypes = ['f32'], traits = [], element, gradient, samples } = rules;
  return defineOp({
    name,
    doc,
    operands: { a: tensor('any shape', dtypes), b: tensor('a shape that broadcasts with a', dtypes) },
    attributes: {},
    traits: ['elementwise', ...traits],
    infer: ({ a, b }) => broadcastTypes(a, b),
    gradient: (g, operands, _, y, dy) => {
      const { a, b } = gradient(g, operands, y, dy);
      return {
        a: a && unbroadcast(g, a, operands.a.type),
        b: b && unbroadcast(g, b, operands.b.type),
      };
    },
    lower: (b, operands, _, type) =>
      b.map(type.shape, (i) => element(b, operands.a.broadcast(i), operands.b.broadcast(i)), type.dtype),
    samples,
  });
}

interface PredicateRules {
  readonly name: string;
  readonly doc: string;
  readonly dtypes: readonly DType[];
  readonly traits?: readonly Trait[];
  readonly element: (b: DefinitionBuilder, x: Expr, y: Expr) => Expr;
  readonly samples: readonly Sample<BinarySpecs, Record<never, never>>[];
}

/** A broadcasting op of two operands whose result is bool. */
export function predicateOp({ name, doc, dtypes, traits = [], element, samples }: PredicateRules) {
  return defineOp({
    name,
    doc,
    operands: { a: tensor('any shape', dtypes), b: tensor('a shape that broadcasts with a', dtypes) },
    attributes: {},
    traits: ['elementwise', ...traits],
    infer: ({ a, b }) => {
      const differ = sameDtypes(a, b);
      return failed(differ) ? differ : typed('bool', broadcastShapes(a.shape, b.shape));
    },
    gradient: () => ({}),
    lower: (b, operands, _, type) =>
      b.map(type.shape, (i) => element(b, operands.a.broadcast(i), operands.b.broadcast(i)), 'bool'),
    samples,
  });
}
