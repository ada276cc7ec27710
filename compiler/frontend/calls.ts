/** Calls in expressions: functions on numbers, ops and snake_case layers on tensors, layers in second parentheses. */
import type { Argument, Expression } from '../syntax/ast.ts';
import { applyStage } from './apply.ts';
import type { Env } from './build.ts';
import type { Expected } from './coerce.ts';
import type { Datum } from './datum.ts';
import { describe, poison } from './datum.ts';
import { evaluate } from './evaluate.ts';
import { callFunction, functionNames, requirement } from './functions.ts';
import { evaluateRequirement } from './requirements.ts';
import { bindGlobal, globalName, takesTensorsFirst } from './stages.ts';
import { applyOp } from './op-call.ts';
import { operandNames } from './operands.ts';
import { lookupGlobal } from './unit.ts';
import { reportUnknown } from './unknown.ts';

type Call = Extract<Expression, { kind: 'call' }>;

export function evaluateCall(call: Call, env: Env, expected: Expected): Datum {
  const { callee } = call;
  if (callee.kind !== 'name') return applyTo(evaluate(callee, env), call.args, env, call);
  const bound = env.scope.get(callee.name);
  if (bound) return applyTo(bound, call.args, env, call);
  if (callee.name === requirement && !lookupGlobal(env.frame.unit, requirement))
    return evaluateRequirement(call, env);
  const result = functionNames.includes(callee.name) ? tryFunction(callee.name, call, env) : undefined;
  if (result) return result;
  const global = lookupGlobal(env.frame.unit, callee.name);
  if (!global && callee.name === 'constant') return constantInitializer(call, env);
  if (!global) {
    call.args.forEach((argument) => evaluate(argument.value, env));
    reportUnknown(callee.name, callee.span, env);
    return poison;
  }
  const stage = bindGlobal(global, call.args, env, call.span);
  if (stage.kind === 'broken') return poison;
  // Without tensors it is something to put behind an arrow: `activation: leaky_relu(negative_slope: 0.1)`.
  const given = stage.kind === 'shared' ? 0 : stage.operands.length + stage.named.size;
  // `random_uniform` takes nothing but attributes.
  const needsNone = global.kind === 'op' && operandNames(global.op).length === 0;
  if (!takesTensorsFirst(globalName(global)) || expected.includes('stage') || (given === 0 && !needsNone)) {
    return { kind: 'stage', stage };
  }
  return applyStage(stage, [], env, { span: call.span });
}

/** On numbers at compile time, else as the op of the same name; undefined where the call is not one of a function. */
function tryFunction(name: string, call: Call, env: Env): Datum | undefined {
  if (call.args.some((argument) => argument.name) || call.args.length === 0) return undefined;
  const global = lookupGlobal(env.frame.unit, name);
  if (global && global.kind !== 'op') return undefined;
  const operands = call.args.map((argument) => evaluate(argument.value, env));
  const result = callFunction(name, operands, env, call.span);
  if (result || !global) return result ?? poison;
  const site = { span: call.span, scope: env.frame.path };
  return applyOp(global.op, operands, {}, env, site);
}

function constantInitializer(call: Call, env: Env): Datum {
  const [argument, ...others] = call.args;
  if (!argument || others.length > 0) {
    const message = '`constant` takes one number or list of numbers';
    env.build.session.reporter.error(env.frame, call.span, 'E0301', message);
    return poison;
  }
  const values = evaluate(argument.value, env);
  if (values.kind === 'poison') return poison;
  return { kind: 'initializer', initializer: { kind: 'constant', values } };
}

/** `Dense(3)(x)`, `norm(x)`: tensors for a stage. */
function applyTo(callee: Datum, args: readonly Argument[], env: Env, call: Call): Datum {
  const operands = args.map((argument) => evaluate(argument.value, env));
  if (callee.kind === 'poison') return poison;
  const { reporter } = env.build.session;
  if (callee.kind !== 'stage') {
    reporter.error(env.frame, call.span, 'E0316', `${describe(callee)} cannot be called`);
    return poison;
  }
  const named = args.find((argument) => argument.name);
  if (named) {
    const message = 'the arguments of this layer are bound already: these parentheses take its tensors';
    reporter.error(env.frame, named.span, 'E0316', message);
    return poison;
  }
  return applyStage(callee.stage, operands, env, { span: call.span });
}
