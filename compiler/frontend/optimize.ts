/** The second half of a training step: gradients, the optimizer's layer per parameter, updates. */
import type { Span } from '../base/source.ts';
import { formatType, sameType } from '../base/types.ts';
import type { Node, Parameter, Update, Value } from '../graph/ir.ts';
import type { Expression } from '../syntax/ast.ts';
import { applyStage } from './apply.ts';
import type { Env, Build } from './build.ts';
import { maxOptimizerSteps } from './build.ts';
import type { Datum, StageValue } from './datum.ts';
import { describe, tensorOf } from './datum.ts';
import { evaluate } from './evaluate.ts';
import { reachable } from './graphs.ts';
import { ownerOf } from './names.ts';
import { castTo, nodeOf } from './op-call.ts';

export interface Optimized {
  readonly updates: readonly Update[];
  /** bool[]: loss and all gradients are finite. */
  readonly finite: Value;
  readonly trained: ReadonlySet<string>;
}

export function optimize(build: Build, loss: Value, optimizer: Expression, env: Env): Optimized | undefined {
  const { span } = optimizer;
  const stage = optimizerStage(evaluate(optimizer, env, ['stage']), optimizer, env);
  const reached = reachable([loss], learns, isReal);
  const params = trainedParams(build, reached);
  if (!checkGradients(build, reached, env, span)) return undefined;
  if (params.length === 0) {
    build.session.reporter.error(env.frame, span, 'E0511', 'there is nothing to train', {
      notes: [{ message: nothingToTrain(build, loss) }],
    });
    return undefined;
  }
  if (!stage) return undefined;
  const objective = nodeOf('mean', [loss], {}, env, span);
  const gradients = params.map((param) => nodeOf('gradient', [objective, param], {}, env, span, ownerOf(param.name)));
  let finite: Value = nodeOf('all_finite', [loss], {}, env, span);
  params.forEach((param, i) => {
    const gradient = gradients[i];
    if (!gradient) return;
    const mine = nodeOf('all_finite', [gradient], {}, env, span, ownerOf(param.name));
    finite = nodeOf('logical_and', [finite, mine], {}, env, span, ownerOf(param.name));
  });
  build.fuel = maxOptimizerSteps;
  const updates: Update[] = [];
  for (const [i, param] of params.entries()) {
    const gradient = gradients[i];
    const value = gradient && newWeight(stage, param, gradient, optimizer, env);
    if (!value) return undefined;
    updates.push({ target: param.name, value });
  }
  return { updates: [...updates, ...stateUpdates(build, env, optimizer)], finite, trained: new Set(params.map((p) => p.name)) };
}

function optimizerStage(datum: Datum, optimizer: Expression, env: Env): StageValue | undefined {
  if (datum.kind === 'poison') return undefined;
  if (datum.kind === 'stage' && datum.stage.kind !== 'broken') return datum.stage;
  const message = `the optimizer must be a layer of (weight, gradient) such as \`Adam\`, got ${describe(datum)}`;
  env.build.session.reporter.error(env.frame, optimizer.span, 'E0504', message);
  return undefined;
}

/** Whether gradients flow through a node: to its real-valued operands. */
const learns = (node: Node): boolean => node.op.gradient !== 'none' && node.op.name !== 'stop_gradient';
const isReal = (value: Value): boolean => value.type.dtype === 'f32';

function trainedParams(build: Build, reached: ReadonlySet<Value>): readonly Parameter[] {
  return [...build.session.persistents.values()].flatMap(({ parameter }) =>
    parameter.role === 'param' && reached.has(parameter) ? [parameter] : [],
  );
}

/** An op without a gradient between a param and the loss: the model would silently not learn. */
function checkGradients(build: Build, reached: ReadonlySet<Value>, env: Env, span: Span): boolean {
  const active = new Set<Value>();
  let fine = true;
  for (const node of build.builder.nodes) {
    const depends = node.operands.some((operand) => active.has(operand) || isParam(operand));
    if (!depends || !isReal(node) || node.op.name === 'stop_gradient') continue;
    active.add(node);
    if (!reached.has(node) || node.op.gradient !== 'none') continue;
    const origin = build.origins.get(node) ?? { frame: env.frame, span };
    const message = `\`${node.op.name}\` has no gradient, and the loss depends on parameters through it`;
    build.session.reporter.error(origin.frame, origin.span, 'E0516', message, {
      notes: [{ message: '`stop_gradient` says that what comes before need not learn' }],
    });
    fine = false;
  }
  return fine;
}

const isParam = (value: Value): boolean => value.kind === 'parameter' && value.role === 'param';

function nothingToTrain(build: Build, loss: Value): string {
  const all = reachable([loss]);
  if (![...all].some(isParam)) {
    return 'the loss depends on no parameter of the model';
  }
  const blocking = build.builder.nodes.find((node) => all.has(node) && (!learns(node) || !isReal(node)));
  return blocking ? `\`${blocking.op.name}\` has no gradient` : 'no gradient reaches a parameter';
}

function newWeight(
  stage: StageValue,
  param: Parameter,
  gradient: Value,
  optimizer: Expression,
  env: Env,
): Value | undefined {
  const { reporter } = env.build.session;
  const owner = { ...env, slotOf: param.name };
  // Without a path of its own: its states are named by the param alone.
  const unnamed: StageValue = { kind: 'shared', path: '', declaredAt: optimizer.span, stage };
  const result = applyStage(unnamed, [tensorOf(param), tensorOf(gradient)], owner, { span: optimizer.span });
  if (result.kind === 'poison') return undefined;
  if (result.kind === 'tensor') {
    const value = castTo(result.value, 'f32', env, optimizer.span);
    if (sameType(value.type, param.type)) return value;
  }
  const got = result.kind === 'tensor' ? formatType(result.value.type) : describe(result);
  const message = `the optimizer must give the new weight of \`${param.name}\`, ${formatType(param.type)}, got ${got}`;
  reporter.error(env.frame, optimizer.span, 'E0504', message);
  return undefined;
}

/**
 * What `set` wrote, for states that some graph reads. A shared layer that is used several times sets its state several times:
 * the state becomes the mean of those values.
 */
function stateUpdates(build: Build, env: Env, optimizer: Expression): readonly Update[] {
  return [...build.sets].flatMap(([target, values]) => {
    const entry = build.session.persistents.get(target);
    const last = values[values.length - 1];
    if (!entry || !last) return [];
    if (values.length === 1 || last.type.dtype !== 'f32') return [{ target, value: last }];
    const sum = values.reduce((a, b) => nodeOf('add', [a, b], {}, env, optimizer.span, ownerOf(target)));
    const count = build.builder.constant(values.length);
    return [{ target, value: nodeOf('divide', [sum, count], {}, env, optimizer.span, ownerOf(target)) }];
  });
}
