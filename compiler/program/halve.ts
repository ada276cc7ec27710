/** What prediction reads of the weights, as f16: copies that `prepare` makes, since the weights stay what training needs. */
import { invariant } from '../base/invariant.ts';
import type { Graph, Parameter, Value } from '../graph/ir.ts';
import type { Hoisted } from '../passes/hoist.ts';
import { rebuild } from '../passes/rewrite.ts';
import { isWorthHalving } from '../plan/index.ts';

interface Halved {
  readonly prepare: Graph;
  readonly infer: Graph;
  /** Names of the persistent tensors that are f16. */
  readonly persistent: ReadonlySet<string>;
  /** By name of a copy: the prepared value that such a device has no use for. */
  readonly inPlaceOf: ReadonlyMap<string, string>;
}

/** `prepare` and `infer`, the first of the graphs, for a device with f16. What the other graphs read is prepared as well. */
export function halve({ prepare, graphs }: Hoisted): Halved {
  const [infer, ...others] = graphs;
  invariant(infer, 'there is nothing to predict');
  const copies = new Map<Value, Parameter>();
  for (const parameter of infer.parameters) {
    if (parameter.role === 'input' || !isWorthHalving(parameter.type)) continue;
    copies.set(parameter, { ...parameter, role: 'state', name: parameter.name + suffix });
  }
  const reading = withCopies(infer, copies);
  const read = new Set([reading, ...others].flatMap(({ parameters }) => parameters.map(({ name }) => name)));
  const prepared = new Set(prepare?.updates.map(({ target }) => target));
  return {
    prepare: making(prepare ?? { name: 'prepare', ...empty }, copies, read),
    infer: reading,
    persistent: new Set([...copies.values()].map(({ name }) => name)),
    inPlaceOf: new Map(
      [...copies.values()]
        .map(({ name }) => [name, name.slice(0, -suffix.length)] as const)
        .filter(([, original]) => prepared.has(original) && !read.has(original)),
    ),
  };
}

const suffix = '.f16';

const empty = { parameters: [], nodes: [], returns: [], updates: [] };

/** The graph with copies in place of what they are copies of. */
function withCopies(graph: Graph, copies: ReadonlyMap<Value, Parameter>): Graph {
  const rest = rebuild(graph, (node, g) => {
    const operands = node.operands.map((operand) => copies.get(operand) ?? operand);
    return g.append(
      operands.some((operand, i) => operand !== node.operands[i]) ? { ...node, operands } : node,
    );
  });
  const used = new Set<Value>([
    ...rest.nodes.flatMap(({ operands }) => operands),
    ...rest.returns.map(({ value }) => value),
  ]);
  const parameters = graph.parameters.flatMap((parameter) =>
    [parameter, copies.get(parameter)].filter((each) => each !== undefined),
  );
  return { ...rest, parameters: parameters.filter((each) => each.role === 'input' || used.has(each)) };
}

/** `prepare` that makes the copies, and what is `read` besides. */
function making(prepare: Graph, copies: ReadonlyMap<Value, Parameter>, read: ReadonlySet<string>): Graph {
  const prepared = new Map(prepare.updates.map(({ target, value }) => [target, value]));
  const updates = prepare.updates.filter(({ target }) => read.has(target));
  const parameters = new Set(prepare.parameters.filter(({ name }) => read.has(name) || !prepared.has(name)));
  for (const [original, copy] of copies) {
    if (original.kind !== 'parameter') continue;
    const value = prepared.get(original.name) ?? original;
    if (value === original) parameters.add(original);
    parameters.add(copy);
    updates.push({ target: copy.name, value });
  }
  return { ...prepare, parameters: [...parameters], updates };
}
