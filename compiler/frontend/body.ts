/** The statements of layers and models, in order. */
import { append } from '../base/multimap.ts';
import type { Span } from '../base/source.ts';
import type { DType, TensorType } from '../base/types.ts';
import { formatType, sameType } from '../base/types.ts';
import type { Value } from '../graph/ir.ts';
import type { LayerDeclaration, ModelDeclaration, Statement } from '../syntax/ast.ts';
import type { Env, OutputValue } from './build.ts';
import { bindStage } from './chain.ts';
import { coerce } from './coerce.ts';
import type { Datum } from './datum.ts';
import { describe, list, poison, tensorOf } from './datum.ts';
import { evaluate } from './evaluate.ts';
import { initializerFor } from './initializers.ts';
import { joinPath } from './names.ts';
import { castTo, originNotes } from './op-call.ts';
import { asTensor } from './operands.ts';
import type { Taker } from './types.ts';
import { declaredType } from './types.ts';

type Of<K extends Statement['kind']> = Extract<Statement, { kind: K }>;

/** What an `input` statement binds: a parameter of the graph, or an operand of a model used as a stage. */
type TakeInput = (statement: Of<'input'>, type: TensorType) => Datum;

export function runLayerBody(declaration: LayerDeclaration, env: Env): Datum {
  let result: Datum = poison;
  for (const statement of declaration.body) {
    if (statement.kind === 'expression') {
      // What is required does not hold: the rest would only repeat it in other words.
      if (runExpression(statement, env).kind === 'poison') return poison;
      continue;
    }
    if (statement.kind !== 'return') {
      runStatement(statement, env, () => poison);
      continue;
    }
    const values = statement.values.map((value) => evaluate(value, env));
    result = values.length === 1 ? (values[0] ?? poison) : list(values);
    break;
  }
  return result;
}

/** A model used as a stage: its inputs take the operands, its outputs are the result. */
export function runModelBody(
  declaration: ModelDeclaration,
  operands: readonly Datum[],
  env: Env,
  taker: Taker,
): Datum {
  const given = operands.length === 1 && operands[0]?.kind === 'list' ? operands[0].items : operands;
  const inputs = declaration.body.filter((statement) => statement.kind === 'input');
  const { reporter } = env.build.session;
  if (given.length !== inputs.length) {
    const message = `\`${taker.name}\` has ${inputs.length} inputs, got ${given.length} tensors`;
    reporter.error(taker.env.frame, taker.span, 'E0309', message);
    return poison;
  }
  let next = 0;
  const take: TakeInput = (statement, type) => {
    const operand = given[next++] ?? poison;
    const tensor = asTensor(operand, 'f32');
    if (tensor && sameType(tensor.type, type)) return tensorOf(tensor);
    if (operand.kind === 'poison') return poison;
    const got = tensor ? formatType(tensor.type) : describe(operand);
    const message = `\`${taker.name}\` takes \`${statement.name.text}: ${formatType(type)}\`, got ${got}`;
    const code = tensor && tensor.type.dtype !== type.dtype ? 'E0313' : 'E0451';
    reporter.error(taker.env.frame, taker.span, code, message, {
      notes: tensor ? originNotes([tensor]) : [],
    });
    return poison;
  };
  const outputs: OutputValue[] = [];
  runModelStatements(declaration, { ...env, outputs }, take);
  const results = outputs.map((output) => output.datum);
  return results.length === 1 ? (results[0] ?? poison) : list(results);
}

export function runModelStatements(declaration: ModelDeclaration, env: Env, take: TakeInput): void {
  for (const statement of declaration.body) runStatement(statement, env, take);
}

function runStatement(statement: Statement, env: Env, take: TakeInput): void {
  switch (statement.kind) {
    case 'input':
      env.scope.set(statement.name.text, runInput(statement, env, take));
      return;
    case 'param':
    case 'state':
      env.scope.set(statement.name.text, declarePersistent(statement, env));
      return;
    case 'shared':
      env.scope.set(statement.name.text, declareShared(statement, env));
      return;
    case 'set':
      runSet(statement, env);
      return;
    case 'let':
      runLet(statement, env);
      return;
    case 'expression':
      runExpression(statement, env);
      return;
    case 'return':
      return;
    default:
      statement satisfies never;
  }
}

export const inputTypes: readonly DType[] = ['f32', 'u8', 'i32'];

function runInput(statement: Of<'input'>, env: Env, take: TakeInput): Datum {
  const name = `input \`${statement.name.text}\``;
  const type = declaredType(statement.type, inputTypes, env, name);
  return type ? take(statement, { dtype: type.dtype, shape: ['N', ...type.shape] }) : poison;
}

function declarePersistent(statement: Of<'param' | 'state'>, env: Env): Datum {
  const { slotOf, frame } = env;
  const what = `${statement.kind} \`${statement.name.text}\``;
  if (slotOf !== undefined && statement.kind === 'param') {
    const message = 'an optimizer trains params and cannot have its own: make it a `state`';
    env.build.session.reporter.error(frame, statement.span, 'E0504', message);
    return poison;
  }
  const allowed: readonly DType[] = statement.kind === 'param' ? ['f32'] : ['f32', 'i32', 'u32'];
  const type = declaredType(statement.type, allowed, env, what);
  const given = evaluate(statement.initializer, env, ['initializer']);
  const rule = coerce(given, ['initializer'], `the initializer of ${what}`, env, statement.initializer.span);
  if (!type || rule.kind !== 'initializer') return poison;
  const initializer = initializerFor(rule.initializer, type, what, env, statement.initializer.span);
  if (!initializer) return poison;
  const path = joinPath(frame.path, statement.name.text);
  const declared = {
    name: slotOf === undefined ? path : `${path}@${slotOf}`,
    role: slotOf === undefined ? statement.kind : ('slot' as const),
    type,
    initializer,
    span: statement.span,
    frame,
    site: `${frame.site} ${statement.span.start}`,
  };
  return { kind: 'persistent', declared };
}

function declareShared(statement: Of<'shared'>, env: Env): Datum {
  const { stage } = statement;
  if (stage.kind !== 'apply') return poison;
  const inner = bindStage(stage, env);
  if (!inner) return poison;
  const path = joinPath(env.frame.path, statement.name.text);
  return { kind: 'stage', stage: { kind: 'shared', path, declaredAt: statement.span, stage: inner } };
}

function runLet(statement: Of<'let'>, env: Env): void {
  const [first, ...others] = statement.names;
  if (!first) return;
  const datum = evaluate(statement.value, { ...env, names: env.names.inside(first.text) });
  if (others.length === 0) {
    env.scope.set(first.text, datum);
    return;
  }
  const items = datum.kind === 'list' ? datum.items : undefined;
  if (datum.kind !== 'poison' && items?.length !== statement.names.length) {
    const got = items ? `${items.length} values` : describe(datum);
    const message = `${statement.names.length} names for ${got}`;
    env.build.session.reporter.error(env.frame, statement.span, 'E0318', message);
  }
  const fits = items?.length === statement.names.length;
  statement.names.forEach((name, i) => env.scope.set(name.text, (fits ? items[i] : undefined) ?? poison));
}

function runExpression(statement: Of<'expression'>, env: Env): Datum {
  const datum = evaluate(statement.value, env);
  if (datum.kind !== 'stage') return datum;
  const message = `${describe(datum)} is not applied to anything`;
  env.build.session.reporter.error(env.frame, statement.span, 'E0312', message, {
    notes: [{ message: 'put it behind an arrow: `x -> Layer(…)`' }],
  });
  return poison;
}

/** Writes happen at the end of a training step, so other graphs have none. */
function runSet(statement: Of<'set'>, env: Env): void {
  const { build, frame } = env;
  if (!build.training) return;
  const target = env.scope.get(statement.name.text);
  const names = env.names.inside(statement.name.text);
  const value = evaluate(statement.value, { ...env, names });
  if (!target || target.kind === 'poison' || value.kind === 'poison') return;
  const fail = (message: string): void =>
    build.session.reporter.error(frame, statement.span, 'E0320', message);
  if (target.kind !== 'persistent' || target.declared.role === 'param') {
    fail(`\`set\` writes a \`state\`, and \`${statement.name.text}\` is ${describe(target)}`);
    return;
  }
  const { declared } = target;
  const tensor = stateValue(value, declared.type, env, statement.span);
  if (!tensor) {
    const got = value.kind === 'tensor' ? formatType(value.value.type) : describe(value);
    fail(`\`${statement.name.text}\` is ${formatType(declared.type)} and cannot become ${got}`);
    return;
  }
  append(build.sets, declared.name, tensor);
}

/** The value with the state's type: integers and bools are cast to f32, a single number fills the shape. */
function stateValue(value: Datum, type: TensorType, env: Env, span: Span): Value | undefined {
  const tensor = asTensor(value, type.dtype === 'i32' ? 'i32' : 'f32');
  if (!tensor) return undefined;
  if (tensor.kind === 'constant' && tensor.type.shape.length === 0) {
    return { kind: 'constant', type, data: tensor.data };
  }
  const cast = type.dtype === 'f32' ? castTo(tensor, 'f32', env, span) : tensor;
  return sameType(cast.type, type) ? cast : undefined;
}
