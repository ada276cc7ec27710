/** `train`: labels, augmentation, loss, metrics and the optimizer make the graphs `evaluate` and `step`. */
import { elementCount, formatType } from '../base/types.ts';
import type { Graph, NamedValue, Parameter, Value } from '../graph/ir.ts';
import type { Training } from '../program/interface.ts';
import type { Expression, TrainDeclaration, TrainEntry } from '../syntax/ast.ts';
import { augmentInput } from './augment.ts';
import { inputTypes } from './body.ts';
import { perSample } from './per-sample.ts';
import type { Build, Env, OutputValue, Session } from './build.ts';
import { maxElements } from './build.ts';
import type { Datum } from './datum.ts';
import { poison, tensorOf } from './datum.ts';
import type { ModelSource } from './graphs.ts';
import { finishGraph, inputParameter, runForward } from './graphs.ts';
import { InstanceNames, joinPath } from './names.ts';
import { warnOfLogarithms } from './logarithms.ts';
import { findOptimizer, optimize } from './optimize.ts';
import type { Frame } from './report.ts';
import { Scope } from './scope.ts';
import { countClasses, metricNames, pairLabels } from './metrics.ts';
import type { Settings } from './settings.ts';
import { readSettings } from './settings.ts';
import { evaluate } from './evaluate.ts';
import { declaredType } from './types.ts';
import type { Unit } from './unit.ts';

export interface TrainSource {
  readonly declaration: TrainDeclaration;
  readonly unit: Unit;
  /** `--set batch_size=…`, `--set epochs=…` */
  readonly overrides: ReadonlyMap<string, Datum>;
}

export interface TrainedGraphs {
  readonly evaluate: Graph;
  readonly step: Graph;
  readonly training: Training;
  /** Names of params that learn. */
  readonly trained: ReadonlySet<string>;
}

export function buildTraining(
  session: Session,
  model: ModelSource,
  train: TrainSource,
): TrainedGraphs | undefined {
  const settings = readSettings(train, session);
  const evaluated = measure(session, 'evaluate', model, train, settings);
  const stepped = measure(session, 'step', model, train, settings);
  if (!stepped || !evaluated) return undefined;
  const optimizer = settings.optimizer && findOptimizer(settings.optimizer, stepped.env);
  const classLabels = pairLabels(settings, evaluated, session);
  warnOfLogarithms(evaluated, session);
  if (!evaluated.loss || !stepped.loss || !optimizer) return undefined;
  if (!checkBatch(settings, stepped, session)) return undefined;
  const optimized = optimize(stepped.build, stepped.loss, optimizer, stepped.env);
  if (!optimized) return undefined;
  const { seed, step } = stepped.build;
  return {
    evaluate: finishGraph(evaluated.build, evaluated.inputs, [
      { name: 'loss', value: evaluated.loss },
      ...evaluated.metrics,
    ]),
    step: finishGraph(
      stepped.build,
      [...stepped.inputs, seed, step],
      [
        { name: 'loss', value: stepped.loss },
        ...stepped.metrics,
        { name: '$finite', value: optimized.finite },
      ],
      optimized.updates,
    ),
    training: {
      labels: evaluated.labels.map(({ name, type }) => ({
        name,
        type: { dtype: type.dtype, shape: type.shape.slice(1) },
      })),
      metrics: evaluated.metrics.map((metric) => metric.name),
      batchSize: settings.batchSize,
      epochs: settings.epochs,
      classLabels,
      classCounts: countClasses(classLabels, evaluated),
    },
    trained: optimized.trained,
  };
}

/** A batch of the size that is set must be possible for every value. */
function checkBatch({ batchSize, batchSpan }: Settings, { build }: Measured, session: Session): boolean {
  const large = build.builder.nodes.find((node) => elementCount(node.type.shape, batchSize) > maxElements);
  if (!large) return true;
  const message = `with a batch of ${batchSize} a value ${formatType(large.type)} has more than 2^31 elements`;
  session.reporter.at(batchSpan, 'E0601', message);
  return false;
}

/** The model with its labels, loss and metrics in one graph. */
export interface Measured {
  readonly build: Build;
  readonly env: Env;
  readonly outputs: readonly OutputValue[];
  readonly labels: readonly Parameter[];
  /** Inputs of the model, then labels. */
  readonly inputs: readonly Parameter[];
  /** Absent (and reported) where it is wrong. */
  readonly loss: Value | undefined;
  readonly metrics: readonly NamedValue[];
}

function measure(
  session: Session,
  graph: 'evaluate' | 'step',
  model: ModelSource,
  train: TrainSource,
  settings: Settings,
): Measured | undefined {
  const { entries } = train.declaration;
  const forward = runForward(session, graph, model, (build, name, input, env) =>
    graph === 'step'
      ? augmentInput(entries, name, input, trainEnv(build, train, env.scope))
      : tensorOf(input),
  );
  if (!forward) return undefined;
  const { build, outputs } = forward;
  const env = trainEnv(build, train, forward.env.scope);
  const labels = declareLabels(entries, env);
  const { loss } = settings;
  const lossDatum = loss && evaluatePart(loss, 'loss', env);
  const names = metricNames(
    settings.metrics,
    outputs.map((output) => output.name),
  );
  const metrics = settings.metrics.flatMap((expression, i): readonly NamedValue[] => {
    const name = names[i] ?? `metric_${i}`;
    const datum = evaluatePart(expression, name, env);
    const what = expression.kind === 'call' ? `the metric \`${name}\`` : 'a metric';
    const value = perSample(datum, 'E0503', what, expression.span, env);
    return value ? [{ name, value }] : [];
  });
  return {
    build,
    env,
    outputs,
    labels,
    inputs: [...forward.inputs, ...labels],
    loss: lossDatum && perSample(lossDatum, 'E0502', 'the loss', loss.span, env),
    metrics,
  };
}

/** Everything the model binds, and room for labels. */
function trainEnv(build: Build, train: TrainSource, model: Scope): Env {
  const frame: Frame = {
    unit: train.unit,
    path: '',
    title: train.declaration.model.text,
    depth: 0,
    site: 'train',
  };
  return { build, frame, scope: new Scope(model), names: new InstanceNames('', new Set()), words: new Set() };
}

/** Loss and metrics have paths of their own, so that they do not count among the model's layers. */
function evaluatePart(expression: Expression, path: string, env: Env): Datum {
  const frame = { ...env.frame, path: joinPath('', path) };
  return evaluate(expression, { ...env, frame, names: new InstanceNames(path, new Set()) });
}

function declareLabels(entries: readonly TrainEntry[], env: Env): readonly Parameter[] {
  return entries.flatMap((entry): readonly Parameter[] => {
    if (entry.kind !== 'label') return [];
    const { name, type } = entry;
    const declared = declaredType(type, inputTypes, env, `label \`${name.text}\``);
    const label =
      declared && inputParameter(name.text, { dtype: declared.dtype, shape: ['N', ...declared.shape] });
    env.scope.set(name.text, label ? tensorOf(label) : poison);
    if (label) env.build.labels.add(label);
    return label ? [label] : [];
  });
}
