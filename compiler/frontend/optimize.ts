/** The second half of a training step: gradients, the optimizer's layer per parameter, updates. */
import type { Span } from '../base/source.ts';
import { formatType, sameType } from '../base/types.ts';
import type { Node, Parameter, Update, Value } from '../graph/ir.ts';
import { reachable } from '../graph/reachable.ts';
import { stopGradient } from '../ops/index.ts';
import type { Expression } from '../syntax/ast.ts';
import { applyStage } from './apply.ts';
import type { Env, Build } from './build.ts';
import { maxOptimizerSteps } from './build.ts';
import type { StageValue } from './datum.ts';
import { describe, tensorOf } from './datum.ts';
import { evaluate } from './evaluate.ts';
import { ownerOf } from './names.ts';
import { castTo, nodeOf } from './op-call.ts';
import { suggestion } from './suggest.ts';
import { globalNames } from './unit.ts';

interface Optimized {
  readonly updates: readonly Update[];
  /** bool[]: loss and all gradients are finite. */
  readonly finite: Value;
  readonly trained: ReadonlySet<string>;
}

/** The layer that a `train` block names as its optimizer, and where. */
interface Optimizer {
  readonly stage: StageValue;
  readonly span: Span;
}

export function findOptimizer(expression: Expression, env: Env): Optimizer | undefined {
  const { span } = expression;
  const datum = evaluate(expression, env, ['stage']);
  if (datum.kind === 'poison') return undefined;
  if (datum.kind === 'stage') return datum.stage.kind === 'broken' ? undefined : { stage: datum.stage, span };
  const message = `the optimizer must be a layer of (weight, gradient) such as \`Adam\`, got ${describe(datum)}`;
  const notes = datum.kind === 'string' ? suggestion(datum.value, globalNames(env.frame.unit)) : [];
  env.build.session.reporter.error(env.frame, span, 'E0504', message, { notes });
  return undefined;
}

export function optimize(build: Build, loss: Value, optimizer: Optimizer, env: Env): Optimized | undefined {
  const { span } = optimizer;
  const reached = reachable([loss], learns, isReal);
  const params = trainedParams(build, reached);
  if (!checkGradients(build, reached, env, span)) return undefined;
  if (params.length === 0) {
    build.session.reporter.error(env.frame, span, 'E0511', 'there is nothing to train', {
      notes: [{ message: nothingToTrain(build, loss) }],
    });
    return undefined;
  }
  const objective = nodeOf('mean', [loss], {}, env, span);
  build.fuel = maxOptimizerSteps;
  const gradients = params.map((param) => {
    const gradient = nodeOf('gradient', [objective, param], {}, env, span, ownerOf(param.name));
    return { param, gradient };
  });
  const finite = nodeOf('all_finite', [loss, ...gradients.map(({ gradient }) => gradient)], {}, env, span);
  const updates: Update[] = [];
  for (const { param, gradient } of gradients) {
    const value = newWeight(optimizer, param, gradient, env);
    if (!value) return undefined;
    updates.push({ target: param.name, value });
  }
  return {
    updates: [...updates, ...stateUpdates(build, env, span)],
    finite,
    trained: new Set(params.map((param) => param.name)),
  };
}

/** Whether gradients flow through a node: to its real-valued operands. */
const learns = (node: Node): boolean => node.op.gradient !== 'none' && node.op !== stopGradient;
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
    if (!depends || !isReal(node) || node.op === stopGradient) continue;
    active.add(node);
    if (!reached.has(node) || node.op.gradient !== 'none') continue;
    const origin = build.origins.get(node) ?? { frame: env.frame, span };
    const message = `\`${node.op.name}\` has no gradient, and the loss depends on parameters through it`;
    build.session.reporter.error(origin.frame, origin.span, 'E0513', message, {
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

function newWeight(optimizer: Optimizer, param: Parameter, gradient: Value, env: Env): Value | undefined {
  const { stage, span } = optimizer;
  const owner = { ...env, slotOf: param.name };
  // Without a path of its own: its states are named by the param alone.
  const unnamed: StageValue = { kind: 'shared', path: '', declaredAt: span, stage };
  const result = applyStage(unnamed, [tensorOf(param), tensorOf(gradient)], owner, { span });
  if (result.kind === 'poison') return undefined;
  if (result.kind === 'tensor') {
    const value = castTo(result.value, 'f32', env, span);
    if (sameType(value.type, param.type)) return value;
  }
  const got = result.kind === 'tensor' ? formatType(result.value.type) : describe(result);
  const message = `the optimizer must give the new weight of \`${param.name}\`, ${formatType(param.type)}, got ${got}`;
  env.build.session.reporter.error(env.frame, span, 'E0504', message);
  return undefined;
}

/**
 * What `set` wrote, for states that some graph reads. A shared layer that is used several times sets its state several times:
 * the state becomes the mean of those values.
 */
function stateUpdates(build: Build, env: Env, span: Span): readonly Update[] {
  return [...build.sets].flatMap(([target, values]) => {
    const last = values[values.length - 1];
    if (!build.session.persistents.has(target) || !last) return [];
    if (values.length === 1 || last.type.dtype !== 'f32') return [{ target, value: last }];
    const scope = ownerOf(target);
    const sum = values.reduce((a, b) => nodeOf('add', [a, b], {}, env, span, scope));
    const count = build.builder.constant(values.length);
    return [{ target, value: nodeOf('divide', [sum, count], {}, env, span, scope) }];
  });
}
