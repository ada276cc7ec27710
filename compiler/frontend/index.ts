/** `.cnn` text to the graphs of a model. All errors a user can make end here, as diagnostics. */
import type { Diagnostic } from '../base/diagnostic.ts';
import { hasErrors } from '../base/diagnostic.ts';
import type { Port } from '../program/interface.ts';
import type { Session } from './build.ts';
import { chooseModel, readParameters } from './choose.ts';
import type { Forward } from './graphs.ts';
import { finishGraph, runForward } from './graphs.ts';
import { loadFiles } from './files.ts';
import type { Model, Persistent } from './model.ts';
import { observeGraph } from './observe.ts';
import { inOrder } from './persistents.ts';
import { Reporter } from './report.ts';
import { checkNames } from './resolve.ts';
import { buildTraining } from './train.ts';
import type { TrainedGraphs } from './train.ts';
import { warnUntrained } from './untrained.ts';

export { parseGraph } from './graph-text.ts';

export interface Source {
  readonly entry: string;
  /** The text of a file (also of class names), or undefined where there is none. */
  readonly read: (path: string) => string | undefined;
}

export interface AnalyzeOptions {
  /** Which model of the entry file, where it has several. */
  readonly model?: string;
  /** Parameters of the model (`width=8`), and `batch_size`, `epochs`. */
  readonly set?: Readonly<Record<string, string>>;
  /** Make the graph `observe`, too. */
  readonly observe?: boolean;
  /** A file without a model is fine, and all models of the entry file are checked. */
  readonly check?: boolean;
}

export interface Analysis {
  /** Absent when there are errors, or (with `check`) no model. */
  readonly model?: Model;
  readonly diagnostics: readonly Diagnostic[];
}

/** Checks the text and builds the model. Never throws on any text. */
export function analyze(source: Source, options: AnalyzeOptions = {}): Analysis {
  const reporter = new Reporter();
  const { entry, units } = loadFiles(source.entry, source.read, reporter);
  // Names in a tree that was mended after syntax errors would be reported for what the user did not write.
  if (!entry || hasErrors(reporter.diagnostics)) return { diagnostics: reporter.diagnostics };
  const buildable = units.map((unit) => checkNames(unit, reporter)).every(Boolean);
  if (!buildable) return { diagnostics: reporter.diagnostics };
  const chosen = chooseModel(entry, options, reporter);
  let model: Model | undefined;
  for (const candidate of chosen.all) {
    const session: Session = { reporter, read: source.read, persistents: new Map(), elements: 0 };
    const parameters = readParameters(candidate, options.set ?? {}, candidate === chosen.model, reporter);
    const built = buildModel(session, { ...candidate, ...parameters }, options.observe === true);
    if (candidate === chosen.model) model = built;
  }
  const { diagnostics } = reporter;
  return model && !hasErrors(diagnostics) ? { model, diagnostics } : { diagnostics };
}

type Candidate = ReturnType<typeof chooseModel>['all'][number] & ReturnType<typeof readParameters>;

function buildModel(session: Session, source: Candidate, observed: boolean): Model | undefined {
  const inferred = runForward(session, 'infer', source);
  if (!inferred) return undefined;
  const { train } = source;
  const trained = train && buildTraining(session, source, { ...train, overrides: source.overrides });
  const outputs = inferred.outputs.flatMap(({ name, datum }) =>
    datum.kind === 'tensor' ? [{ name, value: datum.value }] : [],
  );
  if (hasErrors(session.reporter.diagnostics)) return undefined;
  const infer = finishGraph(inferred.build, inferred.inputs, outputs);
  warnUntrained(session, infer, trained);
  return {
    name: source.declaration.name.text,
    inputs: inferred.inputs.map(({ name, type }) => ({
      name,
      type: { ...type, shape: type.shape.slice(1) },
    })),
    outputs: outputPorts(inferred),
    persistent: persistentTensors(session, [infer, trained?.evaluate, trained?.step]),
    ...(trained ? { training: trained.training } : {}),
    graphs: trained ? { infer, evaluate: trained.evaluate, step: trained.step } : { infer },
    layers: inferred.build.layers,
    ...(observed ? { observe: observeGraph(inferred) } : {}),
  };
}

function outputPorts(forward: Forward): readonly Port[] {
  return forward.outputs.flatMap(({ name, datum, classes }): readonly Port[] => {
    if (datum.kind !== 'tensor') return [];
    const { dtype, shape } = datum.value.type;
    const type = { dtype, shape: shape.slice(1) };
    return [classes ? { name, type, classes } : { name, type }];
  });
}

/** Those that some graph uses, in the order of their first use. */
function persistentTensors(
  session: Session,
  graphs: readonly (TrainedGraphs['step'] | undefined)[],
): readonly Persistent[] {
  const used = new Set(graphs.flatMap((graph) => graph?.parameters.map((parameter) => parameter.name) ?? []));
  return inOrder(session.persistents).flatMap(({ declared: { name, role, type, initializer } }) =>
    used.has(name) ? [{ name, role, type, initializer }] : [],
  );
}
