/** Moves what depends on weights alone into a graph of its own, which runs again only when weights changed. */
import { invariant } from '../base/invariant.ts';
import { GraphBuilder } from '../graph/builder.ts';
import type { Graph, Node, Parameter, Update, Value } from '../graph/ir.ts';
import { hasTrait } from '../graph/op.ts';
import { reachable } from '../graph/reachable.ts';
import { fixedValues } from './fixed.ts';
import { rebuild } from './rewrite.ts';
import { Structure } from './structure.ts';

export interface Hoisted {
  /** Updates the states `prepared.0`, `prepared.1` …; absent when there is nothing to prepare. */
  readonly prepare?: Graph;
  /** The given graphs, in order, with the prepared values as states. Parameters that are no longer read are gone. */
  readonly graphs: readonly Graph[];
}

/**
 * Hoists out of graphs without updates. Values that several graphs have in common are prepared once. A view of a weight
 * stays where it is: it costs nothing, and prepared it would be a copy.
 */
export function hoist(graphs: readonly Graph[]): Hoisted {
  const preparation = new Preparation();
  const hoisted = graphs.map((graph) => {
    invariant(graph.updates.length === 0, `${graph.name}: only graphs without updates can be hoisted from`);
    return hoistFrom(graph, preparation);
  });
  const prepare = preparation.graph();
  return prepare === undefined ? { graphs: hoisted } : { prepare, graphs: hoisted };
}

function hoistFrom(graph: Graph, preparation: Preparation): Graph {
  const fixed = fixedValues(graph);
  const wanted = new Set<Value>();
  const want = (value: Value): void => {
    let source = value;
    for (let next = viewed(source); next !== undefined; next = viewed(source)) source = next;
    if (source.kind === 'node' && fixed.has(source)) wanted.add(source);
  };
  for (const node of graph.nodes) if (!fixed.has(node)) node.operands.forEach(want);
  for (const { value } of graph.returns) want(value);
  if (wanted.size === 0) return graph;
  const prepared = preparation.include(graph, wanted);
  const rest = rebuild(graph, (node, g, original) => prepared.get(original) ?? g.append(node));
  const parameters = [...graph.parameters, ...new Set(prepared.values())];
  return withUsedParts({ ...rest, parameters });
}

/** What a view is a view of. */
const viewed = (value: Value): Value | undefined =>
  value.kind === 'node' && hasTrait(value.op, 'view') ? value.operands[0] : undefined;

/** Without nodes that nothing needs any more, and without the weights that only those read. Inputs stay. */
function withUsedParts(graph: Graph): Graph {
  const needed = reachable(graph.returns.map(({ value }) => value));
  return {
    ...graph,
    nodes: graph.nodes.filter((node) => needed.has(node)),
    parameters: graph.parameters.filter((parameter) => parameter.role === 'input' || needed.has(parameter)),
  };
}

/** The prepare graph while it grows. Equal values of several graphs have one number and are in it once. */
class Preparation {
  readonly #structure = new Structure();
  readonly #g = new GraphBuilder();
  readonly #here = new Map<number, Value>();
  readonly #parameters: Parameter[] = [];
  readonly #prepared = new Map<number, Parameter>();
  readonly #updates: Update[] = [];

  /** Brings over the wanted nodes, all fixed, with all they depend on; gives the state that will hold each of them. */
  include(graph: Graph, wanted: ReadonlySet<Value>): ReadonlyMap<Value, Parameter> {
    const needed = reachable([...wanted]);
    for (const node of graph.nodes) if (needed.has(node)) this.#bring(node);
    const prepared = graph.nodes
      .filter((node) => wanted.has(node))
      .map((node): [Value, Parameter] => [node, this.#parameterFor(node)]);
    return new Map(prepared);
  }

  /** The value in the prepare graph that equals this one; operands of a node must be there. */
  #bring(value: Value): Value {
    const number = this.#structure.numberOf(value);
    const known = this.#here.get(number);
    if (known !== undefined) return known;
    if (value.kind === 'parameter') this.#parameters.push(value);
    const here =
      value.kind === 'node'
        ? this.#g.append({ ...value, operands: value.operands.map((operand) => this.#bring(operand)) })
        : value;
    this.#here.set(number, here);
    return here;
  }

  #parameterFor(node: Node): Parameter {
    const number = this.#structure.numberOf(node);
    const known = this.#prepared.get(number);
    if (known !== undefined) return known;
    const name = `prepared.${this.#updates.length}`;
    const parameter: Parameter = { kind: 'parameter', role: 'state', name, type: node.type };
    this.#prepared.set(number, parameter);
    this.#updates.push({ target: name, value: this.#bring(node) });
    return parameter;
  }

  graph(): Graph | undefined {
    if (this.#updates.length === 0) return undefined;
    return {
      name: 'prepare',
      parameters: [...this.#parameters, ...this.#prepared.values()],
      nodes: this.#g.nodes,
      returns: [],
      updates: this.#updates,
    };
  }
}
