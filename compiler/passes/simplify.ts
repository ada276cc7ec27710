import { invariant } from '../base/invariant.ts';
import type { Graph, Node, Value } from '../graph/ir.ts';
import { hasTrait } from '../graph/op.ts';
import { stopGradient } from '../ops/index.ts';
import type { Pass } from './pass.ts';
import { RuleSet } from './pattern.ts';
import { rebuild } from './rewrite.ts';
import { algebraRules } from './rules/algebra.ts';
import { stabilityRules } from './rules/stability.ts';

const stability = new RuleSet(stabilityRules);
const algebra = new RuleSet(algebraRules);

/** Must come before `differentiate`. */
export const stabilize: Pass = {
  name: 'stabilize',
  doc: 'Puts stable forms in place of logarithms of softmax and sigmoid, so that losses and their gradients stay finite.',
  run: (graph) => rebuild(graph, (node, g) => stability.apply(node, g)),
};

export const simplify: Pass = {
  name: 'simplify',
  doc: 'Applies algebra that keeps values (x * 1, -(-x), reshape of reshape …) and drops stop_gradient once nothing is left to differentiate.',
  run: (graph) => {
    const differentiated = !hasPseudo(graph);
    return rebuild(graph, (node, g) => {
      if (differentiated && node.op === stopGradient) return only(node);
      return repeated(node) ?? algebra.apply(node, g);
    });
  },
};

const hasPseudo = (graph: Graph): boolean => graph.nodes.some(({ op }) => hasTrait(op, 'pseudo'));

/** f(f(x)) → f(x) for idempotent f. */
function repeated(node: Node): Value | undefined {
  const [operand] = node.operands;
  const again = hasTrait(node.op, 'idempotent') && node.operands.length === 1;
  return again && operand?.kind === 'node' && operand.op === node.op ? operand : undefined;
}

function only(node: Node): Value {
  const [operand] = node.operands;
  invariant(operand !== undefined, `${node.op.name} has an operand`);
  return operand;
}
