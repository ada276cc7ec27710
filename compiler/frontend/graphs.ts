/** The graphs of one model: its body once per graph, the training step around it. */
import type { TensorType } from '../base/types.ts';
import type { Graph, NamedValue, Parameter, Update } from '../graph/ir.ts';
import { reachable } from '../graph/reachable.ts';
import type { ModelDeclaration } from '../syntax/ast.ts';
import { bodyEnv, bindParameters } from './apply.ts';
import { runModelStatements } from './body.ts';
import type { Env, OutputValue, Session } from './build.ts';
import { Build } from './build.ts';
import type { Datum } from './datum.ts';
import { tensorOf } from './datum.ts';
import type { Frame } from './report.ts';
import type { Unit } from './unit.ts';

/** One run of the model's body. */
export interface Forward {
  readonly build: Build;
  readonly env: Env;
  readonly inputs: readonly Parameter[];
  readonly outputs: readonly OutputValue[];
}

export interface ModelSource {
  readonly declaration: ModelDeclaration;
  readonly unit: Unit;
  /** The model's parameters as given by `--set`. */
  readonly parameters: ReadonlyMap<string, Datum>;
}

/** `augment` changes an input before the model sees it. Undefined when a parameter of the model is wrong. */
export function runForward(
  session: Session,
  graph: Build['graph'],
  source: ModelSource,
  augment: (build: Build, name: string, input: Parameter, env: Env) => Datum = (_b, _n, input) =>
    tensorOf(input),
): Forward | undefined {
  const build = new Build(session, graph);
  const { declaration, unit } = source;
  const frame: Frame = { unit, path: '', title: declaration.name.text, depth: 0, site: '' };
  const outputs: OutputValue[] = [];
  const env: Env = { ...bodyEnv(build, frame, declaration, undefined), outputs };
  if (!bindParameters(declaration.parameters, source.parameters, declaration.name.text, env))
    return undefined;
  const inputs: Parameter[] = [];
  runModelStatements(declaration, env, (statement, type) => {
    const input = inputParameter(statement.name.text, type);
    inputs.push(input);
    return augment(build, statement.name.text, input, env);
  });
  return { build, env, inputs, outputs };
}

export const inputParameter = (name: string, type: TensorType): Parameter => ({
  kind: 'parameter',
  role: 'input',
  name,
  type,
});

/** The graph of everything that `returns` and `updates` need; `inputs` are listed whether used or not. */
export function finishGraph(
  build: Build,
  inputs: readonly Parameter[],
  returns: readonly NamedValue[],
  updates: readonly Update[] = [],
): Graph {
  const needed = reachable([...returns, ...updates].map((end) => end.value));
  const written = new Set(updates.map((update) => update.target));
  const persistent = [...build.session.persistents.values()]
    .map((entry) => entry.parameter)
    .filter((parameter) => needed.has(parameter) || written.has(parameter.name));
  return {
    name: build.graph,
    parameters: [...inputs, ...persistent],
    nodes: build.builder.nodes.filter((node) => needed.has(node)),
    returns,
    updates,
  };
}
