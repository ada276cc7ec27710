/**
 * Graphs as text (`cnnc ir`), in the syntax at the top of `syntax/grammar.ts`; the text parses back. Constants that are equal
 * print once, before their first use, so structurally equal graphs print equally.
 */
import { codeUnits, hash64 } from '../base/hash.ts';
import { invariant } from '../base/invariant.ts';
import type { Location } from '../base/source.ts';
import { formatType } from '../base/types.ts';
import type { AttributeValue, Constant, Graph, Node, Value } from './ir.ts';
import type { AttributeSpec } from './op.ts';

/** Constants with more elements print as the hash of their contents; `largeConstants` has what is behind it. */
const INLINE_ELEMENTS = 64;

/** `graph infer(…) { … }`, ending in a line break. */
export function printGraph(graph: Graph): string {
  const names = new Names(graph);
  const body = [
    ...graph.nodes.flatMap((node) => names.define(node)),
    ...graph.updates.flatMap(({ target, value }) => {
      const constants = names.constants([value]);
      return [...constants, `update ${target} = ${names.of(value)}`];
    }),
  ];
  const constants = names.constants(graph.returns.map(({ value }) => value));
  const returns = graph.returns.map(({ name, value }) => `${name}: ${names.of(value)}`);
  // Nodes stand before updates, so constants that only updates and returns read are moved up.
  const [nodes, updates] = partition([...body, ...constants], (line) => line.startsWith('%'));
  const lines = [...nodes, ...updates, ...(returns.length === 0 ? [] : [`return ${returns.join(', ')}`])];
  return `graph ${graph.name}(${printParameters(graph)}) {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`;
}

/** The payloads of the constants that print as a hash, by that hash. */
export function largeConstants(graph: Graph): ReadonlyMap<string, Constant> {
  const found = new Map<string, Constant>();
  const used = [
    ...graph.nodes.flatMap(({ operands }) => operands),
    ...graph.updates.map(({ value }) => value),
    ...graph.returns.map(({ value }) => value),
  ];
  for (const value of used) {
    if (value.kind === 'constant' && elementsOf(value).length > INLINE_ELEMENTS)
      found.set(hashOf(value), value);
  }
  return found;
}

function printParameters({ parameters }: Graph): string {
  if (parameters.length === 0) return '';
  return `\n${parameters.map(({ role, name, type }) => `  ${role} ${name}: ${formatType(type)}`).join(',\n')}\n`;
}

/** Numbers values in the order in which they print. */
class Names {
  readonly #names = new Map<Value, string>();
  /** By contents, so that equal constants are one. */
  readonly #constants = new Map<string, string>();
  #next = 0;

  constructor(graph: Graph) {
    for (const parameter of graph.parameters) this.#names.set(parameter, parameter.name);
  }

  of(value: Value): string {
    const name = this.#names.get(value);
    invariant(name !== undefined, `a ${value.kind} is used before it is defined`);
    return name;
  }

  /** The lines that define the constants among `values` that have no name yet. */
  constants(values: readonly Value[]): string[] {
    return values.flatMap((value) => {
      if (value.kind !== 'constant' || this.#names.has(value)) return [];
      const text = `${formatType(value.type)} = ${printConstant(value)}`;
      const known = this.#constants.get(text);
      const name = known ?? this.#number();
      this.#names.set(value, name);
      this.#constants.set(text, name);
      return known === undefined ? [`${name}: ${text}`] : [];
    });
  }

  /** The line of a node, after those of constants that it is the first to read. */
  define(node: Node): string[] {
    const constants = this.constants(node.operands);
    const operands = node.operands.map((operand) => this.of(operand));
    const attributes = Object.entries(node.op.attributes).map(([name, spec]) => {
      const value = node.attributes[name];
      invariant(value !== undefined, `${node.op.name}: attribute ${name} is missing`);
      return `${name}: ${printAttribute(spec, value)}`;
    });
    const name = this.#number();
    this.#names.set(node, name);
    const call = `${node.op.name}(${[...operands, ...attributes].join(', ')})`;
    return [...constants, `${name}: ${formatType(node.type)} = ${call}${printLocation(node.location)}`];
  }

  #number(): string {
    return `%${this.#next++}`;
  }
}

function printLocation(location: Location | undefined): string {
  if (location === undefined) return '';
  const { file, line, column, scope } = location;
  const path = /^[^\s"]+$/.test(file) ? file : JSON.stringify(file);
  return ` @ ${path}:${line}:${column}${scope === undefined ? '' : ` in ${scope}`}`;
}

function printAttribute({ type }: AttributeSpec, value: AttributeValue): string {
  if (typeof value === 'number') return printNumber(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return type === 'string' ? JSON.stringify(value) : value;
  return `[${value.map(printNumber).join(', ')}]`;
}

/** The shortest text that reads back as this number. */
export function printNumber(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

/** The elements; a single one where all are the same. */
function elementsOf({ data }: Constant): readonly number[] {
  const [first] = data;
  return first !== undefined && data.every((value) => Object.is(value, first)) ? [first] : data;
}

function printConstant(constant: Constant): string {
  const elements = elementsOf(constant);
  if (elements.length > INLINE_ELEMENTS) return `const(hash: ${JSON.stringify(hashOf(constant))})`;
  return `const(${elements.map(printNumber).join(', ')})`;
}

/** 16 hexadecimal digits that tell the contents of constants apart. */
export const hashOf = ({ type, data }: Constant): string =>
  hash64(codeUnits(formatType(type)), new Uint8Array(Float64Array.from(data).buffer));

function partition<T>(items: readonly T[], first: (item: T) => boolean): [T[], T[]] {
  return [items.filter(first), items.filter((item) => !first(item))];
}
