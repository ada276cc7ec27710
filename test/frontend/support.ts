/** Models from text for the tests of the frontend. */
import type { Code, Diagnostic } from '../../compiler/base/diagnostic.ts';
import { elementCount, formatType } from '../../compiler/base/types.ts';
import type { AnalyzeOptions } from '../../compiler/frontend/index.ts';
import { analyze } from '../../compiler/frontend/index.ts';
import type { Model } from '../../compiler/frontend/model.ts';
import type { Graph } from '../../compiler/graph/ir.ts';

export type Files = Readonly<Record<string, string>>;

export function run(text: string, options: AnalyzeOptions = {}, files: Files = {}) {
  const read = (path: string) => (path === 'model.cnn' ? text : files[path]);
  return analyze({ entry: 'model.cnn', read }, options);
}

/** The model of a text that has no errors. */
export function modelOf(text: string, options: AnalyzeOptions = {}, files: Files = {}): Model {
  const { model, diagnostics } = run(text, options, files);
  if (!model) throw new Error(diagnostics.map(({ code, message }) => `${code} ${message}`).join('\n'));
  return model;
}

export const diagnosticsOf = (text: string, files: Files = {}): readonly Diagnostic[] =>
  run(text, {}, files).diagnostics;
export const codesOf = (text: string, files: Files = {}): readonly Code[] =>
  diagnosticsOf(text, files).map(({ code }) => code);

/** `model Net { input x: TYPE … x -> CHAIN -> output y }` */
export const chain = (type: string, stages: string, before = ''): string =>
  `${before}\nmodel Net {\n  input x: ${type}\n  x -> ${stages} -> output y\n}\n`;

/** The type of output `y` behind a chain. */
export function typeAfter(type: string, stages: string, before = ''): string {
  const { outputs } = modelOf(chain(type, stages, before));
  const [output] = outputs;
  return output ? formatType(output.type) : 'nothing';
}

/** Names and types of params and states, without slots. */
export const persistentsOf = (model: Model): readonly string[] =>
  model.persistent
    .filter(({ role }) => role !== 'slot')
    .map(({ role, name, type }) => `${role} ${name}: ${formatType(type)}`);

export const paramNames = (model: Model): readonly string[] =>
  model.persistent.flatMap(({ role, name }) => (role === 'param' ? [name] : []));

export const countOf = (model: Model, role: 'param' | 'state'): number =>
  model.persistent
    .filter((persistent) => persistent.role === role)
    .reduce((sum, { type }) => sum + elementCount(type.shape, 1), 0);

export const opsOf = (graph: Graph | undefined): readonly string[] =>
  graph?.nodes.map((node) => node.op.name) ?? [];
