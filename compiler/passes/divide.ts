import type { Pass } from './pass.ts';
import { rebuild } from './rewrite.ts';

export const divide: Pass = {
  name: 'divide',
  doc: 'Replaces nodes that one kernel of the target cannot do, or not fast, by several: with more operands than a kernel may have, or with all elements of large tensors behind one number or few.',
  required: true,
  run: (graph, { maxOperands, shares, bySample }) =>
    rebuild(graph, (node, g) => {
      const limits = { operands: maxOperands - 1, shares, bySample };
      return node.op.divided?.(g, node.operands, node.attributes, limits) ?? g.append(node);
    }),
};
