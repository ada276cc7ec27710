import { elementCount } from '../base/types.ts';
import type { Constant, Node, Value } from '../graph/ir.ts';
import type { Op } from '../graph/op.ts';
import { hasTrait } from '../graph/op.ts';
import { evaluateNode } from './evaluate.ts';
import type { Pass } from './pass.ts';
import { rebuild } from './rewrite.ts';

/**
 * Ops whose element depends on the elements of the operands alone, so that one element tells all, whatever the shape and
 * the batch. What also depends on extents (the gradient of a mean) takes them as an attribute.
 */
const isPointwise = (op: Op): boolean =>
  hasTrait(op, 'elementwise') &&
  Object.values(op.attributes).every(({ type }) => type !== 'ints' && type !== 'size');

/** Larger results stay computed: a literal in the program costs more than the kernel. */
const largestLiteral = 4096;

export const foldConstants: Pass = {
  name: 'fold_constants',
  doc: 'Evaluates nodes whose operands are all constant.',
  run: (graph) => rebuild(graph, (node, g) => finite(folded(node)) ?? g.append(node)),
};

/** What is not a number stays where it is computed: a literal would lose the place in the text that made it. */
const finite = (constant: Constant | undefined): Constant | undefined =>
  constant?.data.every(Number.isFinite) === true ? constant : undefined;

function folded(node: Node): Constant | undefined {
  const { operands, type, op } = node;
  if (operands.length === 0 || !operands.every(isConstant)) return undefined;
  const filled = operands.every((operand) => operand.data.length === 1);
  if (hasTrait(op, 'view')) {
    const [operand] = operands;
    return operand === undefined ? undefined : { kind: 'constant', type, data: operand.data };
  }
  if (op.lower === 'none') return undefined;
  if (filled && hasTrait(op, 'rearrangement'))
    return { kind: 'constant', type, data: operands[0]?.data ?? [] };
  if (filled && isPointwise(op)) {
    const points = operands.map((operand): Constant => ({
      ...operand,
      type: { ...operand.type, shape: [] },
    }));
    return {
      kind: 'constant',
      type,
      data: evaluateNode({ ...node, operands: points, type: { ...type, shape: [] } }),
    };
  }
  const sizes = [node, ...operands].map((value) => value.type.shape);
  if (sizes.some((shape) => shape.includes('N') || elementCount(shape, 1) > largestLiteral)) return undefined;
  return { kind: 'constant', type, data: evaluateNode(node) };
}

const isConstant = (value: Value): value is Constant => value.kind === 'constant';
