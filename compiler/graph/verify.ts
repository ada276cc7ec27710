/** What must hold of every graph. The pass driver asks after each pass; a failure is a bug in the compiler. */
import { InvariantError } from '../base/invariant.ts';
import type { DType, TensorType } from '../base/types.ts';
import { dtypes, elementCount, formatType, sameType } from '../base/types.ts';
import type { Attributes, AttributeValue, Constant, Graph, Node, Value } from './ir.ts';
import type { AttributeSpec } from './op.ts';
import { isMismatch } from './op.ts';

/**
 * Throws an InvariantError unless: names of parameters, returns and update targets are unique; every value is defined before
 * it is used; operands are as many and of the element types that their op takes; attributes are complete and of their type;
 * every type is what its op infers; N is only ever the outermost extent; an update has the type of its param or state.
 *
 * `sound` are nodes and constants that were verified before and are added to: as they never change, only their places are
 * looked at again.
 */
export function verifyGraph(graph: Graph, sound: Set<Value> = new Set()): void {
  try {
    new Verifier(sound).graph(graph);
  } catch (error) {
    if (error instanceof InvariantError) throw new InvariantError(`graph ${graph.name}: ${error.message}`);
    throw error;
  }
}

class Verifier {
  readonly #defined = new Set<Value>();
  readonly #sound: Set<Value>;

  constructor(sound: Set<Value>) {
    this.#sound = sound;
  }

  graph(graph: Graph): void {
    unique(
      'parameter',
      graph.parameters.map(({ name }) => name),
    );
    for (const parameter of graph.parameters) {
      checkType(() => parameter.name, parameter.type);
      this.#defined.add(parameter);
    }
    graph.nodes.forEach((node, i) => this.#node(node, () => `%${i} = ${node.op.name}`));
    unique(
      'update of',
      graph.updates.map(({ target }) => target),
    );
    const persistent = new Map(
      graph.parameters.filter(({ role }) => role !== 'input').map((p) => [p.name, p]),
    );
    for (const { target, value } of graph.updates) {
      this.#use(value, () => `update ${target}`);
      const parameter = persistent.get(target);
      check(parameter !== undefined, () => `update ${target}: there is no such param or state`);
      check(
        sameType(parameter.type, value.type),
        () => `update ${target}: it is ${formatType(parameter.type)}, the value ${formatType(value.type)}`,
      );
    }
    unique(
      'return',
      graph.returns.map(({ name }) => name),
    );
    for (const { name, value } of graph.returns) this.#use(value, () => `return ${name}`);
  }

  #use(value: Value, where: Where): void {
    if (value.kind === 'constant') {
      if (this.#sound.has(value)) return;
      checkConstant(value, where);
      this.#sound.add(value);
      return;
    }
    check(this.#defined.has(value), () => {
      return `${where()}: ${value.kind === 'parameter' ? value.name : value.op.name} is not defined before it`;
    });
  }

  #node(node: Node, where: Where): void {
    check(!this.#defined.has(node), () => `${where()}: it stands in the graph twice`);
    for (const operand of node.operands) this.#use(operand, where);
    this.#defined.add(node);
    if (this.#sound.has(node)) return;
    if (!isVerifiedWithOtherOperands(node)) checkNode(node, where);
    verified.set(node.attributes, node);
    this.#sound.add(node);
  }
}

/** By their attributes, which a pass that replaces operands keeps: nodes that passed. */
const verified = new WeakMap<Attributes, Node>();

/** Whether a node like this one passed: what is checked depends on the types of operands, not on the operands. */
function isVerifiedWithOtherOperands({ op, attributes, type, operands }: Node): boolean {
  const other = verified.get(attributes);
  if (other?.op !== op || other.type !== type || other.operands.length !== operands.length) return false;
  return operands.every((operand, i) => sameType(operand.type, other.operands[i]!.type));
}

/** Names the place that is looked at: in messages only, and there are many places. */
type Where = () => string;

function checkNode(node: Node, where: Where): void {
  checkOperands(node, where);
  checkAttributes(node, where);
  checkType(where, node.type);
  const inferred = node.op.infer(
    node.operands.map(({ type }) => type),
    node.attributes,
  );
  if (isMismatch(inferred)) throw new InvariantError(`${where()}: ${inferred.mismatch.message}`);
  check(
    sameType(inferred, node.type),
    () => `${where()}: its type is ${formatType(node.type)}, inferred ${formatType(inferred)}`,
  );
}

/** `invariant` with a message that is made only where it is needed: this runs after every pass. */
function check(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new InvariantError(message());
}

function unique(what: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    check(!seen.has(name), () => `${what} ${name} twice`);
    seen.add(name);
  }
}

function checkType(where: Where, type: TensorType): void {
  const fits = type.shape.every((extent, i) =>
    extent === 'N' ? i === 0 : Number.isInteger(extent) && extent >= 1,
  );
  check(
    fits,
    () => `${where()}: ${formatType(type)} is no type; N is only ever outermost, other extents are positive`,
  );
}

function checkConstant({ type, data }: Constant, where: Where): void {
  checkType(where, type);
  check(
    data.length === 1 || (!type.shape.includes('N') && data.length === elementCount(type.shape, 1)),
    () => `${where()}: a constant ${formatType(type)} has ${data.length} elements`,
  );
}

function checkOperands({ op, operands }: Node, where: Where): void {
  const specs = Object.entries(op.operands);
  const variadic = specs.some(([, { kind }]) => kind === 'tensors');
  check(
    variadic ? operands.length >= specs.length - 1 : operands.length === specs.length,
    () => `${where()}: ${operands.length} operands, it takes ${specs.length}`,
  );
  operands.forEach(({ type }, i) => {
    const [name, spec] = specs[Math.min(i, specs.length - 1)] ?? [];
    const accepted: readonly DType[] = spec?.dtypes === 'any' ? dtypes : (spec?.dtypes ?? []);
    check(accepted.includes(type.dtype), () => `${where()}: ${name ?? i} takes no ${type.dtype}`);
  });
}

function checkAttributes({ op, attributes }: Node, where: Where): void {
  for (const name of Object.keys(attributes)) {
    check(Object.hasOwn(op.attributes, name), () => `${where()}: there is no attribute ${name}`);
  }
  for (const [name, spec] of Object.entries(op.attributes)) {
    const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    check(
      value !== undefined && isOfType(spec, value),
      () => `${where()}: attribute ${name} must be ${spec.type}`,
    );
  }
}

function isOfType({ type, words }: AttributeSpec, value: AttributeValue): boolean {
  switch (type) {
    case 'int':
      return Number.isInteger(value);
    case 'float':
      return typeof value === 'number';
    case 'bool':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string' && (words === undefined || words.includes(value));
    case 'dtype':
      return dtypes.some((dtype) => dtype === value);
    case 'ints':
      return isInts(value);
    case 'size':
      return isInts(value) && value.length === 2;
    case 'padding':
      return value === 'valid' || value === 'same' || (isInts(value) && value.length === 2);
    default:
      return type satisfies never;
  }
}

const isInts = (value: AttributeValue): value is readonly number[] =>
  typeof value === 'object' && value.every((item) => Number.isInteger(item));
