import type { Graph, Node, Value } from '../graph/ir.ts';
import { hasTrait } from '../graph/op.ts';
import { stopGradient } from '../ops/index.ts';
import type { Pass } from './pass.ts';
import { on, rule, RuleSet } from './pattern.ts';
import { rebuild } from './rewrite.ts';
import { algebraRules } from './rules/algebra.ts';
import { stabilityRules } from './rules/stability.ts';

const stability = new RuleSet(stabilityRules);
const algebra = new RuleSet(algebraRules);
const afterGradients = new RuleSet([
  ...algebraRules,
  rule('stop_gradient(x) → x', on(stopGradient, 'x'), ({ x }) => x),
]);

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
    const rules = hasPseudo(graph) ? algebra : afterGradients;
    return rebuild(graph, (node, g) => repeated(node) ?? rules.apply(node, g));
  },
};

const hasPseudo = (graph: Graph): boolean => graph.nodes.some(({ op }) => hasTrait(op, 'pseudo'));

/** f(f(x)) → f(x) for idempotent f. */
function repeated(node: Node): Value | undefined {
  const [operand] = node.operands;
  const again = hasTrait(node.op, 'idempotent') && node.operands.length === 1;
  return again && operand?.kind === 'node' && operand.op === node.op ? operand : undefined;
}
