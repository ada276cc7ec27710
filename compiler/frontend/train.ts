/** `train`: labels, augmentation, loss, metrics and the optimizer make the graphs `evaluate` and `step`. */
import type { Graph, NamedValue, Parameter, Value } from '../graph/ir.ts';
import type { Training } from '../program/interface.ts';
import type { Expression, TrainDeclaration, TrainEntry } from '../syntax/ast.ts';
import { augmentInput } from './augment.ts';
import { inputTypes } from './body.ts';
import { perSample } from './per-sample.ts';
import type { Build, Env, Session } from './build.ts';
import type { Datum } from './datum.ts';
import { poison, tensorOf } from './datum.ts';
import type { Forward, ModelSource } from './graphs.ts';
import { finishGraph, inputParameter, runForward } from './graphs.ts';
import { joinPath, Names } from './names.ts';
import { optimize } from './optimize.ts';
import type { Frame } from './report.ts';
import { Scope } from './scope.ts';
import { metricNames, pairLabels } from './metrics.ts';
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

export type Entry<K extends TrainEntry['kind']> = Extract<TrainEntry, { kind: K }>;

export function buildTraining(
  session: Session,
  model: ModelSource,
  train: TrainSource,
): TrainedGraphs | undefined {
  const settings = readSettings(train, session);
  const evaluated = measure(session, 'evaluate', model, train, settings.loss, settings.metrics);
  const stepped = measure(session, 'step', model, train, settings.loss, settings.metrics);
  if (!evaluated || !stepped || !settings.optimizer) return undefined;
  const optimized = optimize(stepped.build, stepped.loss, settings.optimizer, stepped.env);
  const pairs = pairLabels(settings, evaluated, session);
  if (!optimized) return undefined;
  const { loss, metrics } = stepped;
  const returns = [{ name: 'loss', value: loss }, ...metrics, { name: '$finite', value: optimized.finite }];
  const inputs = [...stepped.forward.inputs, ...stepped.labels];
  const { seed, step } = stepped.build;
  const metricTitles = evaluated.metrics.map((metric) => metric.name);
  return {
    evaluate: finishGraph(
      evaluated.build,
      [...evaluated.forward.inputs, ...evaluated.labels],
      [{ name: 'loss', value: evaluated.loss }, ...evaluated.metrics],
    ),
    step: finishGraph(stepped.build, [...inputs, seed, step], returns, optimized.updates),
    training: {
      labels: evaluated.labels.map(({ name, type }) => ({
        name,
        type: { dtype: type.dtype, shape: type.shape.slice(1) },
      })),
      metrics: metricTitles,
      batchSize: settings.batchSize,
      epochs: settings.epochs,
      classLabels: pairs,
    },
    trained: optimized.trained,
  };
}

/** The model with its labels, loss and metrics in one graph. */
export interface Measured {
  readonly build: Build;
  readonly env: Env;
  readonly forward: Forward;
  readonly labels: readonly Parameter[];
  readonly loss: Value;
  readonly metrics: readonly NamedValue[];
}

function measure(
  session: Session,
  graph: 'evaluate' | 'step',
  model: ModelSource,
  train: TrainSource,
  lossExpression: Expression | undefined,
  metricExpressions: readonly Expression[],
): Measured | undefined {
  const { entries } = train.declaration;
  const forward = runForward(session, graph, model, (build, name, input, env) =>
    graph === 'step' ? augmentInput(entries, name, input, trainEnv(build, train, env.scope)) : tensorOf(input),
  );
  if (!forward) return undefined;
  const { build } = forward;
  const env = trainEnv(build, train, forward.env.scope);
  const labels = declareLabels(entries, env);
  const loss = lossExpression && evaluatePart(lossExpression, 'loss', env);
  const lossValue = loss && perSample(loss, 'E0502', 'the loss', lossExpression.span, env);
  const names = metricNames(metricExpressions, forward.outputs.map((output) => output.name));
  const metrics = metricExpressions.flatMap((expression, i): readonly NamedValue[] => {
    const name = names[i] ?? `metric_${i}`;
    const datum = evaluatePart(expression, name, env);
    const value = perSample(datum, 'E0503', `the metric \`${name}\``, expression.span, env);
    return value ? [{ name, value }] : [];
  });
  if (!labels || !lossValue || metrics.length !== metricExpressions.length) return undefined;
  return { build, env, forward, labels, loss: lossValue, metrics };
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
  return { build, frame, scope: new Scope(model), names: new Names('', new Set()), words: new Set() };
}

/** Loss and metrics have paths of their own, so that they do not count among the model's layers. */
function evaluatePart(expression: Expression, path: string, env: Env): Datum {
  const frame = { ...env.frame, path: joinPath('', path) };
  return evaluate(expression, { ...env, frame, names: new Names(path, new Set()) });
}

function declareLabels(entries: readonly TrainEntry[], env: Env): readonly Parameter[] | undefined {
  const labels: Parameter[] = [];
  let fine = true;
  for (const entry of entries) {
    if (entry.kind !== 'label') continue;
    const { name, type } = entry;
    const declared = declaredType(type, inputTypes, env, `label \`${name.text}\``);
    if (!declared) {
      env.scope.set(name.text, poison);
      fine = false;
      continue;
    }
    const label = inputParameter(name.text, { dtype: declared.dtype, shape: ['N', ...declared.shape] });
    labels.push(label);
    env.build.labels.add(label);
    env.scope.set(name.text, tensorOf(label));
  }
  return fine ? labels : undefined;
}
