/** The printed form of a graph (`cnnc ir`) back to a graph. */
import type { Code, Diagnostic } from '../base/diagnostic.ts';
import { hasErrors } from '../base/diagnostic.ts';
import type { Span } from '../base/source.ts';
import type { Extent, TensorType } from '../base/types.ts';
import { formatType, sameType } from '../base/types.ts';
import type { Constant, Graph, NamedValue, Node, Parameter, Update, Value } from '../graph/ir.ts';
import type { Expression, GraphDeclaration, TypeExpression } from '../syntax/ast.ts';
import { parse } from '../syntax/index.ts';
import { isDType } from './datum.ts';
import { readConstant, readNode } from './graph-nodes.ts';
import { Reporter } from './report.ts';
import { suggestion } from './suggest.ts';

interface ParsedGraph {
  /** Absent when there are errors. */
  readonly graph?: Graph;
  readonly diagnostics: readonly Diagnostic[];
}

interface ParsedGraphs {
  /** Empty when there are errors. */
  readonly graphs: readonly Graph[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads the first graph of the text and checks it like `verifyGraph`. `constants`: what stands behind the hashes of large
 * constants (`largeConstants` of the printed graph). Never throws on any text.
 */
export function parseGraph(
  path: string,
  text: string,
  constants: ReadonlyMap<string, Constant> = new Map(),
): ParsedGraph {
  const { graphs, diagnostics } = readGraphs(path, text, constants, 1);
  const [graph] = graphs;
  return graph ? { graph, diagnostics } : { diagnostics };
}

/** Reads all graphs of the text, as `cnnc ir` prints them one behind the other. `constants` as above. */
export function parseGraphs(
  path: string,
  text: string,
  constants: ReadonlyMap<string, Constant> = new Map(),
): ParsedGraphs {
  return readGraphs(path, text, constants);
}

/** Whether the text is what `cnnc ir` prints: graphs and nothing else. */
export function isGraphText(path: string, text: string): boolean {
  const { items } = parse(path, text).file;
  return items.length > 0 && items.every(({ kind }) => kind === 'graph');
}

function readGraphs(
  path: string,
  text: string,
  constants: ReadonlyMap<string, Constant>,
  most = Infinity,
): ParsedGraphs {
  const { file, diagnostics } = parse(path, text);
  if (hasErrors(diagnostics)) return { graphs: [], diagnostics };
  const reporter = new Reporter();
  const declarations = file.items.filter((item) => item.kind === 'graph').slice(0, most);
  const graphs = declarations.map((declaration) => new GraphReader(reporter, constants).read(declaration));
  if (graphs.length === 0)
    reporter.at({ file: path, start: 0, end: 0 }, 'E0705', 'there is no graph in this text');
  const all = [...diagnostics, ...reporter.diagnostics];
  return { graphs: hasErrors(all) ? [] : graphs, diagnostics: all };
}

/** Values by their names in the text, while a graph is read. */
export class GraphReader {
  readonly reporter: Reporter;
  readonly constants: ReadonlyMap<string, Constant>;
  readonly #parameters = new Map<string, Parameter>();
  /** `undefined` for a value that could not be made: what uses it stays silent. */
  readonly #values = new Map<number, Value | undefined>();

  constructor(reporter: Reporter, constants: ReadonlyMap<string, Constant>) {
    this.reporter = reporter;
    this.constants = constants;
  }

  read(declaration: GraphDeclaration): Graph {
    this.#readParameters(declaration);
    const nodes: Node[] = [];
    for (const line of declaration.nodes) {
      const type = this.type(line.type);
      const value = type && this.#define(line, type);
      if (value?.kind === 'node') nodes.push(value);
      if (this.#values.has(line.id)) this.report(line.span, 'E0702', `\`%${line.id}\` is defined twice`);
      else this.#values.set(line.id, value);
    }
    const updates = this.#readUpdates(declaration);
    const returns = this.#readReturns(declaration);
    return {
      name: declaration.name.text,
      parameters: [...this.#parameters.values()],
      nodes,
      returns,
      updates,
    };
  }

  report(span: Span, code: Code, message: string, hints: readonly string[] = []): undefined {
    this.reporter.at(span, code, message, { notes: hints.map((hint) => ({ message: hint })) });
    return undefined;
  }

  /** A type whose extents are positive whole numbers, `N` only outermost. */
  type(written: TypeExpression): TensorType | undefined {
    const dtype = written.dtype.text;
    if (!isDType(dtype)) return this.report(written.dtype.span, 'E0321', `\`${dtype}\` is no element type`);
    const shape: Extent[] = [];
    for (const [i, dim] of (written.dims ?? []).entries()) {
      const value = dim.kind === 'extent' ? dim.value : undefined;
      if (i === 0 && value?.kind === 'name' && value.name === 'N') shape.push('N');
      else if (value?.kind === 'int' && value.value >= 1) shape.push(value.value);
      else return this.report(dim.span, 'E0704', 'an extent is a number of at least 1, or `N` as the first');
    }
    return { dtype, shape };
  }

  /** The value an operand, update or return names. */
  value(expression: Expression): Value | undefined {
    const { span } = expression;
    if (expression.kind === 'name') {
      const parameter = this.#parameters.get(expression.name);
      if (parameter) return parameter;
      this.reporter.at(span, 'E0701', `there is no parameter \`${expression.name}\``, {
        notes: suggestion(expression.name, this.#parameters.keys()),
      });
      return undefined;
    }
    if (expression.kind !== 'value') return this.report(span, 'E0704', 'a value is `%N` or a parameter');
    if (this.#values.has(expression.id)) return this.#values.get(expression.id);
    return this.report(span, 'E0701', `\`%${expression.id}\` is not defined before this line`);
  }

  #readParameters(declaration: GraphDeclaration): void {
    for (const { role, name, type: written, span } of declaration.parameters) {
      const type = this.type(written);
      if (this.#parameters.has(name.text))
        this.report(span, 'E0702', `two parameters are called \`${name.text}\``);
      // A wrong type has been reported; the name is known all the same.
      const known = type ?? { dtype: 'f32', shape: [] };
      this.#parameters.set(name.text, { kind: 'parameter', role, name: name.text, type: known });
    }
  }

  #define(line: GraphDeclaration['nodes'][number], type: TensorType): Value | undefined {
    const { value: call } = line;
    if (call.kind !== 'call' || call.callee.kind !== 'name') {
      return this.report(call.span, 'E0704', 'a line of a graph is the call of an op');
    }
    if (call.callee.name === 'const') return readConstant(this, call.args, type, call.span);
    const node = readNode(this, call.callee.name, call.callee.span, call.args, line.location);
    if (!node || sameType(node.type, type)) return node;
    return this.report(
      line.type.span,
      'E0703',
      `\`${node.op.name}\` gives ${formatType(node.type)}, not ${formatType(type)}`,
    );
  }

  #readUpdates(declaration: GraphDeclaration): readonly Update[] {
    const updates = new Map<string, Update>();
    for (const { target, value: expression, span } of declaration.updates) {
      const parameter = this.#parameters.get(target.text);
      const value = this.value(expression);
      if (!parameter || parameter.role === 'input') {
        this.report(target.span, 'E0701', `there is no param or state \`${target.text}\``);
      } else if (value && !sameType(value.type, parameter.type)) {
        const types = `${formatType(parameter.type)}, the value ${formatType(value.type)}`;
        this.report(span, 'E0703', `\`${target.text}\` is ${types}`);
      } else if (updates.has(target.text)) {
        this.report(span, 'E0702', `\`${target.text}\` is updated twice`);
      } else if (value) {
        updates.set(target.text, { target: target.text, value });
      }
    }
    return [...updates.values()];
  }

  #readReturns(declaration: GraphDeclaration): readonly NamedValue[] {
    const returns = new Map<string, NamedValue>();
    for (const { name, value: expression, span } of declaration.returns) {
      const value = this.value(expression);
      const text = name?.text ?? '';
      if (returns.has(text)) this.report(span, 'E0702', `\`${text}\` is returned twice`);
      else if (value) returns.set(text, { name: text, value });
    }
    return [...returns.values()];
  }
}
