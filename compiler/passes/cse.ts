import type { Value } from '../graph/ir.ts';
import type { Pass } from './pass.ts';
import { rebuild } from './rewrite.ts';
import { Structure } from './structure.ts';

export const cse: Pass = {
  name: 'cse',
  doc: 'Computes common subexpressions once: nodes of one op on equal operands with equal attributes.',
  run: (graph) => {
    const structure = new Structure();
    const first = new Map<number, Value>();
    return rebuild(graph, (node, g) => {
      const number = structure.numberOf(node);
      const before = first.get(number);
      if (before !== undefined) return before;
      first.set(number, node);
      return g.append(node);
    });
  },
};
