/** Expressions to what they stand for: compile-time values, stages and tensors. */
import type { Expression } from '../syntax/ast.ts';
import type { Code, Note } from '../base/diagnostic.ts';
import type { Span } from '../base/source.ts';
import { binary, unary } from './arithmetic.ts';
import { evaluateCall } from './calls.ts';
import type { Env } from './build.ts';
import type { Datum } from './datum.ts';
import { bool, describe, isDType, list, number, poison, tensorOf, word } from './datum.ts';
import type { Expected } from './coerce.ts';
import { wordsOf } from './coerce.ts';
import { castTo, nodeOf } from './op-call.ts';
import { readPersistent } from './persistents.ts';
import { Scope } from './scope.ts';
import { bindGlobal } from './stages.ts';
import { suggestion } from './suggest.ts';
import { joinPath } from './names.ts';
import { reportUnknown } from './unknown.ts';
import { lookupGlobal } from './unit.ts';
import { runStages } from './chain.ts';

/** Deeper expressions and instances than any model needs; far from what the stack bears. */
const maxDepth = 400;

/** `expected`: the types of the parameter the value is for; its words come before names in scope. */
export function evaluate(expression: Expression, env: Env, expected: Expected = []): Datum {
  const { build } = env;
  if (build.depth >= maxDepth) {
    build.session.reporter.error(env.frame, expression.span, 'E0603', 'this is nested too deeply');
    return poison;
  }
  build.depth++;
  const datum = evaluateKind(expression, env, expected);
  build.depth--;
  return datum;
}

function evaluateKind(expression: Expression, env: Env, expected: Expected): Datum {
  switch (expression.kind) {
    case 'int':
    case 'float':
      return number(expression.value);
    case 'size':
      return { kind: 'size', values: expression.values };
    case 'string':
      return { kind: 'string', value: expression.value };
    case 'bool':
      return bool(expression.value);
    case 'value':
      return fail(env, expression.span, 'E0201', `\`%${expression.id}\` exists only in the text of a graph`);
    case 'name':
      return evaluateName(expression.name, expression.span, env, expected);
    case 'tuple':
    case 'list':
      return evaluateList(expression.items, env);
    case 'unary':
      return unary(expression.operator, evaluate(expression.operand, env), env, expression.span);
    case 'binary':
      return evaluateBinary(expression, env);
    case 'call':
      return evaluateCall(expression, env, expected);
    case 'subscript':
      return evaluateSubscript(expression, env);
    case 'member':
      return evaluateMember(expression, env);
    case 'if':
      return evaluateIf(expression, env, expected);
    case 'chain':
      return runStages(expression.stages, evaluate(expression.head, env), env);
  }
}

function fail(env: Env, span: Span, code: Code, message: string, notes: readonly Note[] = []): Datum {
  env.build.session.reporter.error(env.frame, span, code, message, { notes });
  return poison;
}

function evaluateList(items: readonly Expression[], env: Env): Datum {
  const data = items.map((item) => evaluate(item, env));
  return data.some((item) => item.kind === 'poison') ? poison : list(data);
}

/** A name in this order: a word of the expected type, a binding, what the compiler gives, words, declarations, ops. */
function evaluateName(name: string, span: Span, env: Env, expected: Expected = []): Datum {
  if (wordsOf(expected).includes(name)) return word(name);
  const bound = env.scope.get(name);
  if (bound) return bound.kind === 'persistent' ? readDeclared(bound, env) : bound;
  const given = givenName(name, span, env);
  if (given) return given;
  if (env.words.has(name)) return word(name);
  const global = lookupGlobal(env.frame.unit, name);
  if (global) return { kind: 'stage', stage: bindGlobal(global, undefined, env, span) };
  const builtin = builtinName(name);
  if (builtin) return builtin;
  reportUnknown(name, span, env, wordsOf(expected));
  return poison;
}

function readDeclared(bound: Extract<Datum, { kind: 'persistent' }>, env: Env): Datum {
  const parameter = readPersistent(env.build, bound.declared);
  return parameter ? tensorOf(parameter) : poison;
}

/** `training`, `step` and `N`. */
function givenName(name: string, span: Span, env: Env): Datum | undefined {
  const { build } = env;
  if (name === 'training') return bool(build.training);
  if (name === 'N') return { kind: 'batch' };
  if (name !== 'step') return undefined;
  if (!build.training) return fail(env, span, 'E0510', '`step` exists in training only');
  if (!build.runningStep) {
    const started = castTo(build.step, 'f32', env, span);
    build.runningStep = nodeOf('add', [started, build.builder.constant(1)], {}, env, span);
  }
  return tensorOf(build.runningStep);
}

function builtinName(name: string): Datum | undefined {
  switch (name) {
    case 'zeros':
    case 'ones':
    case 'glorot_uniform':
    case 'he_normal':
      return { kind: 'initializer', initializer: { kind: name } };
    default:
      return isDType(name) ? word(name) : undefined;
  }
}

/** `a + b + c + …` leans to the left and may be long: no recursion along it. */
function evaluateBinary(expression: Extract<Expression, { kind: 'binary' }>, env: Env): Datum {
  const spine: Extract<Expression, { kind: 'binary' }>[] = [expression];
  let first = expression.left;
  while (first.kind === 'binary') {
    spine.push(first);
    first = first.left;
  }
  let left = evaluate(first, env);
  for (const { operator, right, span } of spine.reverse()) {
    // As everywhere: `training and …` does not look at the right side when the left decides.
    if (left.kind === 'bool' && operator === 'and' && !left.value) continue;
    if (left.kind === 'bool' && operator === 'or' && left.value) continue;
    left = binary(operator, left, evaluate(right, env), env, span);
  }
  return left;
}

function evaluateSubscript(expression: Extract<Expression, { kind: 'subscript' }>, env: Env): Datum {
  const object = evaluate(expression.object, env);
  const indices = expression.indices.map((index) => evaluate(index, env));
  if (object.kind === 'poison' || indices.some((index) => index.kind === 'poison')) return poison;
  let datum: Datum = object;
  for (const index of indices) {
    const items: readonly Datum[] | undefined =
      datum.kind === 'list' ? datum.items : datum.kind === 'size' ? datum.values.map(number) : undefined;
    if (!items) {
      const hint = datum.kind === 'tensor' ? ': `slice(x, axis: …, start: …, size: …)` cuts a tensor' : '';
      return fail(env, expression.span, 'E0315', `${describe(datum)} has no elements to pick${hint}`);
    }
    if (index.kind !== 'number' || !Number.isInteger(index.value)) {
      return fail(env, expression.span, 'E0315', `an index must be a whole number, got ${describe(index)}`);
    }
    const item: Datum | undefined = items.at(index.value);
    if (!item) {
      return fail(env, expression.span, 'E0315', `there is no element ${index.value} among ${items.length}`);
    }
    datum = item;
  }
  return datum;
}

/** `x.shape`, and the param or state of a named layer: `head.kernel`, `block.main.conv2d.kernel`. */
function evaluateMember(expression: Extract<Expression, { kind: 'member' }>, env: Env): Datum {
  const names = [expression.member.text];
  let head = expression.object;
  for (; head.kind === 'member'; head = head.object) names.unshift(head.member.text);
  const object = evaluate(head, env);
  const text = names.join('.');
  if (object.kind === 'poison') return poison;
  if (object.kind === 'tensor') {
    const { type } = object.value;
    if (text === 'shape')
      return list(type.shape.map((e): Datum => (e === 'N' ? { kind: 'batch' } : number(e))));
    if (text === 'rank') return number(type.shape.length);
    if (text === 'dtype') return word(type.dtype);
  }
  const { persistents } = env.build.session;
  const instance = instanceOf(object);
  const named = instance === undefined ? undefined : persistents.get(joinPath(instance, text));
  if (named) {
    const parameter = readPersistent(env.build, named.declared);
    return parameter ? tensorOf(parameter) : poison;
  }
  const known = [...persistents.keys()].flatMap((name) =>
    instance !== undefined && name.startsWith(`${instance}.`) ? [name.slice(instance.length + 1)] : [],
  );
  return fail(
    env,
    expression.member.span,
    'E0213',
    `${describe(object)} has no \`${text}\``,
    suggestion(text, known),
  );
}

/** The path of the layer that a binding of `as` or `shared` names. */
function instanceOf(datum: Datum): string | undefined {
  if (datum.kind === 'tensor') return datum.instance;
  return datum.kind === 'stage' && datum.stage.kind === 'shared' ? datum.stage.path : undefined;
}

/** Long `else if` ladders lean to the right: no recursion along them. */
function evaluateIf(expression: Extract<Expression, { kind: 'if' }>, env: Env, expected: Expected): Datum {
  let current: Expression = expression;
  while (current.kind === 'if') {
    const condition = evaluate(current.condition, env);
    if (condition.kind === 'poison') return poison;
    if (condition.kind !== 'bool') {
      const hint = condition.kind === 'tensor' ? ': `where(condition, a, b)` chooses per element' : '';
      const message = `the condition of \`if\` must be known at compile time, got ${describe(condition)}${hint}`;
      return fail(env, current.condition.span, 'E0311', message);
    }
    const branch: Expression = condition.value ? current.consequent : current.alternative;
    if (condition.value) return evaluate(branch, { ...env, scope: new Scope(env.scope) }, expected);
    current = branch;
  }
  return evaluate(current, { ...env, scope: new Scope(env.scope) }, expected);
}
