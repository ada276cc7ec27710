/** Binds the arguments of a call: gives a stage that can be applied to tensors, any number of times. */
import type { Span } from '../base/source.ts';
import type { AttributeValue } from '../graph/ir.ts';
import type { Op } from '../graph/op.ts';
import type { Argument, ParameterDeclaration } from '../syntax/ast.ts';
import { reportMissing, reportSurplus, reportTwice, reportUnknownArgument } from './arguments.ts';
import type { Env } from './build.ts';
import { attributeValue, coerce, expectedBy, expectedFor } from './coerce.ts';
import type { Datum, StageValue } from './datum.ts';
import { evaluate } from './evaluate.ts';
import { operandNames } from './operands.ts';
import type { Written } from './report.ts';
import type { Declared, Global } from './unit.ts';

/** Layers take arguments in their first parentheses; ops and layers in snake_case take tensors first. */
export const takesTensorsFirst = (name: string): boolean => !/^[A-Z]/.test(name);

export const globalName = (global: Global): string =>
  global.kind === 'op' ? global.op.name : global.declaration.name.text;

/** `args`: absent where no parentheses were written. Reports wrong arguments and gives a broken stage. */
export function bindGlobal(
  global: Global,
  args: readonly Argument[] | undefined,
  env: Env,
  span: Span,
): StageValue {
  return global.kind === 'op'
    ? bindOp(global.op, args ?? [], env, span)
    : bindDeclared(global, args ?? [], env, span);
}

function bindOp(op: Op, args: readonly Argument[], env: Env, span: Span): StageValue {
  const attributes: Record<string, AttributeValue> = {};
  const operands: Datum[] = [];
  const named = new Map<string, Datum>();
  let fine = true;
  for (const argument of args) {
    const name = argument.name?.text;
    if (name === undefined) {
      operands.push(evaluate(argument.value, env));
    } else if (Object.hasOwn(op.attributes, name)) {
      if (name in attributes) fine = reportTwice(op.name, argument, env);
      const value = bindAttribute(op, name, argument, attributes, env);
      if (value === undefined) fine = false;
      else attributes[name] = value;
    } else if (isOperand(op, name)) {
      if (named.has(name)) fine = reportTwice(op.name, argument, env);
      named.set(name, evaluate(argument.value, env));
    } else {
      const known = [...Object.keys(op.attributes), ...operandNames(op)];
      reportUnknownArgument(op.name, argument, known, env);
      fine = false;
    }
  }
  for (const name of Object.keys(op.attributes)) {
    // `stream` comes from the path of the call.
    if (op.attributes[name]?.default !== undefined || name in attributes || name === 'stream' || !fine)
      continue;
    reportMissing(op.name, name, env, span);
    fine = false;
  }
  return fine ? { kind: 'op', op, attributes, operands, named } : { kind: 'broken' };
}

const isOperand = (op: Op, name: string): boolean => operandNames(op).includes(name);

/** A leading `N` in `shape` says that the result has the batch: the attribute `batch` where the op has one. */
function bindAttribute(
  op: Op,
  name: string,
  argument: Argument,
  attributes: Record<string, AttributeValue>,
  env: Env,
): AttributeValue | undefined {
  const spec = op.attributes[name];
  if (!spec) return undefined;
  const datum = evaluate(argument.value, env, expectedFor(spec));
  const batched = name === 'shape' && datum.kind === 'list' && datum.items[0]?.kind === 'batch';
  if (batched && 'batch' in op.attributes) attributes['batch'] = true;
  const value: Datum = batched ? { kind: 'list', items: datum.items.slice(1) } : datum;
  return attributeValue(value, spec, `\`${name}\` of \`${op.name}\``, env, argument.value.span);
}

function bindDeclared(global: Declared, args: readonly Argument[], env: Env, span: Span): StageValue {
  const { declaration, unit } = global;
  const title = declaration.name.text;
  const tensorsFirst = takesTensorsFirst(title);
  const operandsDeclared = declaration.kind === 'layer' ? declaration.operands.map((o) => o.name.text) : [];
  const parameters = new Map<string, Datum>();
  const places = new Map<string, Written>();
  const operands: Datum[] = [];
  const named = new Map<string, Datum>();
  let position = 0;
  let fine = true;
  for (const argument of args) {
    const name = argument.name?.text;
    if (name === undefined && tensorsFirst) {
      operands.push(evaluate(argument.value, env));
      continue;
    }
    const parameter =
      name === undefined
        ? declaration.parameters[position++]
        : declaration.parameters.find((candidate) => candidate.name.text === name);
    if (parameter) {
      const twice = parameters.has(parameter.name.text);
      if (twice) reportTwice(title, argument, env);
      const datum = bindParameter(title, parameter, argument, env);
      // The other arguments are shifted by one then: what they seem to be says nothing.
      if (datum === 'tensor') return { kind: 'broken' };
      if (twice || datum.kind === 'poison') fine = false;
      parameters.set(parameter.name.text, datum);
      places.set(parameter.name.text, { frame: env.frame, span: argument.value.span });
    } else if (name !== undefined && operandsDeclared.includes(name)) {
      if (named.has(name)) fine = reportTwice(title, argument, env);
      named.set(name, evaluate(argument.value, env));
    } else {
      const known = [...declaration.parameters.map((p) => p.name.text), ...operandsDeclared];
      if (name === undefined) reportSurplus(title, declaration.parameters.length, argument, args, env);
      else reportUnknownArgument(title, argument, known, env);
      fine = false;
    }
  }
  for (const parameter of fine ? declaration.parameters : []) {
    if (parameter.default || parameters.has(parameter.name.text)) continue;
    reportMissing(title, parameter.name.text, env, span);
    fine = false;
  }
  if (!fine) return { kind: 'broken' };
  return declaration.kind === 'layer'
    ? { kind: 'layer', declaration, unit, parameters, places, operands, named }
    : { kind: 'model', declaration, unit, parameters, places, operands, named };
}

function bindParameter(
  title: string,
  parameter: ParameterDeclaration,
  argument: Argument,
  env: Env,
): Datum | 'tensor' {
  const expected = expectedBy(parameter);
  const datum = evaluate(argument.value, env, expected);
  if (datum.kind === 'tensor') {
    const message = `\`${parameter.name.text}\` of \`${title}\` is an argument, got a tensor`;
    env.build.session.reporter.error(env.frame, argument.value.span, 'E0322', message, {
      notes: [
        {
          message: `tensors come by \`->\` or in second parentheses: \`x -> ${title}(…)\`, \`${title}(…)(x)\``,
        },
      ],
    });
    return 'tensor';
  }
  const what = `\`${parameter.name.text}\` of \`${title}\``;
  return coerce(datum, expected, what, env, argument.value.span);
}

/** The operands in declared order: those given by name at their places, the others in the order given. */
export function arrange(
  names: readonly string[],
  positional: readonly Datum[],
  named: ReadonlyMap<string, Datum>,
): readonly Datum[] {
  if (named.size === 0) return positional;
  const rest = [...positional];
  const arranged: Datum[] = [];
  for (const name of names) {
    const datum = named.get(name) ?? rest.shift();
    if (datum) arranged.push(datum);
  }
  return [...arranged, ...rest];
}
