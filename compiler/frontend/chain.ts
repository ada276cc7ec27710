/** `x -> Conv2D(32, 3x3) as stem -> for i in 2 { -> Residual(32) } -> output digit` */
import type { Code } from '../base/diagnostic.ts';
import type { Name, Stage } from '../syntax/ast.ts';
import { applyStage } from './apply.ts';
import type { Env } from './build.ts';
import { spend } from './build.ts';
import { classNames } from './classes.ts';
import type { Datum, StageValue } from './datum.ts';
import { describe, number, poison } from './datum.ts';
import { evaluate } from './evaluate.ts';
import { joinPath } from './names.ts';
import { bindGlobal } from './stages.ts';
import { Scope } from './scope.ts';
import { lookupGlobal } from './unit.ts';
import { reportUnknown } from './unknown.ts';

export function runStages(stages: readonly Stage[], head: Datum, env: Env): Datum {
  let datum = head;
  for (const stage of stages) {
    if (env.build.fuel < 0) datum = skipStage(stage, env);
    else datum = runStage(stage, datum, env);
  }
  return datum;
}

/** Once the model is too large nothing more is built, but names stay known. */
function skipStage(stage: Stage, env: Env): Datum {
  if (stage.kind === 'output') env.scope.set(stage.name.text, poison);
  if (stage.kind === 'apply' && stage.as) env.scope.set(stage.as.text, poison);
  return poison;
}

function runStage(stage: Stage, input: Datum, env: Env): Datum {
  switch (stage.kind) {
    case 'output':
      return runOutput(stage, input, env);
    case 'for':
      return runFor(stage, input, env);
    case 'apply': {
      const bound = bindStage(stage, env);
      const result =
        bound && input.kind !== 'poison'
          ? applyStage(bound, [input], env, { span: stage.span, as: stage.as, chained: true })
          : poison;
      if (stage.as) bindAs(stage.as, result, bound, env);
      return result;
    }
  }
}

/** The stage a name with arguments stands for; undefined and reported where it stands for none. */
export function bindStage(stage: Extract<Stage, { kind: 'apply' }>, env: Env): StageValue | undefined {
  const { callee, args } = stage;
  const { reporter } = env.build.session;
  const bound = env.scope.get(callee.text);
  if (!bound) {
    const global = lookupGlobal(env.frame.unit, callee.text);
    if (global) return bindGlobal(global, args, env, stage.span);
    for (const argument of args ?? []) evaluate(argument.value, env);
    reportUnknown(callee.text, callee.span, env);
    return undefined;
  }
  if (bound.kind === 'poison') return undefined;
  if (bound.kind !== 'stage') {
    reporter.error(env.frame, callee.span, 'E0316', `\`${callee.text}\` is ${describe(bound)}, not a layer`);
    return undefined;
  }
  if (!args) return bound.stage;
  return withOperands(bound.stage, stage, env);
}

/** `x -> f(y)` for a bound stage `f`: further tensors, for its arguments are bound already. */
function withOperands(
  value: StageValue,
  stage: Extract<Stage, { kind: 'apply' }>,
  env: Env,
): StageValue | undefined {
  const named = stage.args?.find((argument) => argument.name);
  const operands = (stage.args ?? []).map((argument) => evaluate(argument.value, env));
  if (named ?? operands.some((operand) => operand.kind !== 'tensor' && operand.kind !== 'poison')) {
    const message = `the arguments of \`${stage.callee.text}\` are bound already`;
    env.build.session.reporter.error(env.frame, named?.span ?? stage.span, 'E0316', message);
    return undefined;
  }
  if (value.kind === 'broken') return value;
  if (value.kind !== 'shared') return { ...value, operands: [...value.operands, ...operands] };
  const inner = value.stage;
  return inner.kind === 'broken' || inner.kind === 'shared'
    ? value
    : { ...value, stage: { ...inner, operands: [...inner.operands, ...operands] } };
}

function bindAs(name: Name, result: Datum, stage: StageValue | undefined, env: Env): void {
  if (result.kind !== 'tensor') {
    env.scope.set(name.text, result);
    return;
  }
  const path = joinPath(env.frame.path, name.text);
  env.scope.set(name.text, { ...result, instance: stage?.kind === 'shared' ? stage.path : path });
}

function runFor(stage: Extract<Stage, { kind: 'for' }>, input: Datum, env: Env): Datum {
  const iterable = evaluate(stage.iterable, env);
  const items = elementsOf(iterable);
  if (!items) {
    if (iterable.kind !== 'poison') {
      const message = `\`for\` takes a whole number or a list, got ${describe(iterable)}`;
      env.build.session.reporter.error(env.frame, stage.iterable.span, 'E0317', message);
    }
    return poison;
  }
  let datum = input;
  for (const item of items) {
    if (!spend(env, stage.span)) return poison;
    const scope = new Scope(env.scope);
    scope.set(stage.variable.text, item);
    datum = runStages(stage.stages, datum, { ...env, scope });
  }
  return datum;
}

/** `for i in 3` counts 0, 1, 2. */
function* counting(end: number): Iterable<Datum> {
  for (let i = 0; i < end; i++) yield number(i);
}

function elementsOf(iterable: Datum): Iterable<Datum> | undefined {
  if (iterable.kind === 'list') return iterable.items;
  if (iterable.kind === 'size') return iterable.values.map(number);
  if (iterable.kind === 'number' && Number.isInteger(iterable.value) && iterable.value >= 0) {
    return counting(iterable.value);
  }
  return undefined;
}

function runOutput(stage: Extract<Stage, { kind: 'output' }>, input: Datum, env: Env): Datum {
  const { reporter } = env.build.session;
  const fail = (code: Code, message: string, note?: string): Datum => {
    reporter.error(
      env.frame,
      stage.span,
      code,
      message,
      note === undefined ? {} : { notes: [{ message: note }] },
    );
    return poison;
  };
  const name = stage.name.text;
  env.scope.set(name, input);
  if (!env.outputs) return fail('E0210', '`output` belongs in a model');
  if (input.kind === 'poison') {
    env.outputs.push({ name, datum: poison, span: stage.span });
    return poison;
  }
  const classes = classNames(stage, input, env);
  if (input.kind !== 'tensor') {
    env.outputs.push({ name, datum: poison, span: stage.span });
    return fail('E0312', `an output must be a tensor, got ${describe(input)}`);
  }
  if (input.value.type.shape[0] !== 'N') {
    env.outputs.push({ name, datum: poison, span: stage.span });
    return fail('E0454', `output \`${name}\` does not depend on an input: it has no batch`);
  }
  env.outputs.push({ name, datum: input, span: stage.span, ...(classes ? { classes } : {}) });
  return input;
}
