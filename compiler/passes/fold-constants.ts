import { elementCount } from '../base/types.ts';
import type { Constant, Node, Value } from '../graph/ir.ts';
import { hasTrait } from '../graph/op.ts';
import { evaluateNode } from './evaluate.ts';
import type { Pass } from './pass.ts';
import { rebuild } from './rewrite.ts';

/** Larger results stay computed: a literal in the program costs more than the kernel. */
const largestLiteral = 4096;

export const foldConstants: Pass = {
  name: 'fold_constants',
  doc: 'Evaluates nodes whose operands are all constant.',
  run: (graph) => rebuild(graph, (node, g) => folded(node) ?? g.append(node)),
};

function folded(node: Node): Constant | undefined {
  const { operands, type, op } = node;
  if (operands.length === 0 || !operands.every(isConstant)) return undefined;
  const filled = operands.every((operand) => operand.data.length === 1);
  if (hasTrait(op, 'view')) {
    const [operand] = operands;
    return operand === undefined ? undefined : { kind: 'constant', type, data: operand.data };
  }
  if (op.lower === 'none') return undefined;
  // One value everywhere: one element tells all, whatever the shape and the batch.
  if (filled && hasTrait(op, 'elementwise')) {
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
