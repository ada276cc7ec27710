/** One op of the registry applied to values: conversions, checks, the node. */
import type { Span } from '../base/source.ts';
import type { DType, TensorType } from '../base/types.ts';
import { formatType } from '../base/types.ts';
import { withDefaults } from '../graph/builder.ts';
import type { Attributes, Constant, Node, Value } from '../graph/ir.ts';
import type { Mismatch, Op } from '../graph/op.ts';
import { isMismatch } from '../graph/op.ts';
import { ops } from '../ops/index.ts';
import { invariant } from '../base/invariant.ts';
import type { Env } from './build.ts';
import { checkSize, locate, spend } from './build.ts';
import type { Datum } from './datum.ts';
import { poison, tensorOf } from './datum.ts';
import { checkCount, operandTensors, signatureOf, spreadOperands } from './operands.ts';

/** Where a node comes from: the span of the call, and the scope it is listed under. */
interface Site {
  readonly span: Span;
  readonly scope: string;
}

/** Applies `op` to positional operands; reports what does not fit and gives poison. */
export function applyOp(
  op: Op,
  operands: readonly Datum[],
  attributes: Attributes,
  env: Env,
  site: Site,
): Datum {
  if (operands.some((operand) => operand.kind === 'poison')) return poison;
  const { reporter } = env.build.session;
  const given = withRandomness(op, spreadOperands(op, operands), attributes, env, site.span);
  if (!given || !checkCount(op, given.operands.length, env, site.span)) return poison;
  const missing = signatureOf(op).required.find((name) => !Object.hasOwn(given.attributes, name));
  if (missing !== undefined) {
    reporter.error(env.frame, site.span, 'E0303', `\`${op.name}\` needs \`${missing}\``);
    return poison;
  }
  const tensors = operandTensors(op, given.operands, env, site.span);
  if (!tensors) return poison;
  const complete = withDefaults(op, given.attributes);
  const type = op.infer(
    tensors.map((tensor) => tensor.type),
    complete,
  );
  if (isMismatch(type)) {
    reportMismatch(op, tensors, type.mismatch, env, site.span);
    return poison;
  }
  return emit(op, tensors, complete, type, env, site);
}

function emit(
  op: Op,
  operands: readonly Value[],
  attributes: Attributes,
  type: TensorType,
  env: Env,
  { span, scope }: Site,
): Datum {
  if (!checkSize(env, type, span, `the result of \`${op.name}\``) || !spend(env, span)) return poison;
  const key = type.shape.length === 0 ? scalarKey(op, operands, attributes, env) : undefined;
  const known = key === undefined ? undefined : env.build.scalars.get(key);
  if (known) return tensorOf(known);
  const location = locate(env, span, scope);
  const node = env.build.builder.append({ kind: 'node', op, operands, attributes, type, location });
  if (env.slotOf === undefined) env.build.origins.set(node, { frame: env.frame, span });
  if (key !== undefined) env.build.scalars.set(key, node);
  return tensorOf(node);
}

const constantKey = ({ type, data: [value = 0] }: Constant): string =>
  ` ${type.dtype} ${Object.is(value, -0) ? '-0' : value}`;

/** Names a computation on single numbers. Equal ones are one node: the optimizer of every param computes the same rate. */
function scalarKey(
  op: Op,
  operands: readonly Value[],
  attributes: Attributes,
  { build }: Env,
): string | undefined {
  let key = op.name;
  for (const operand of operands) {
    if (operand.type.shape.length > 0) return undefined;
    key += operand.kind === 'constant' ? constantKey(operand) : ` ${build.numberOf(operand)}`;
  }
  return Object.keys(attributes).length === 0 ? key : `${key} ${JSON.stringify(attributes)}`;
}

function reportMismatch(
  op: Op,
  tensors: readonly Value[],
  { code, message, hint }: Mismatch['mismatch'],
  env: Env,
  span: Span,
): void {
  const { unit, path, title } = env.frame;
  const who = unit.user ? op.name : path === '' ? title : path;
  env.build.session.reporter.error(env.frame, span, code, `\`${who}\`: ${message}`, {
    notes: [...(hint === undefined ? [] : [{ message: hint }]), ...originNotes(tensors)],
  });
}

/** "f32[N, 2, 2, 64] comes from `max_pooling2d` in line 9" */
export function originNotes(tensors: readonly Value[]): { message: string }[] {
  return tensors.flatMap((tensor) => {
    if (tensor.kind !== 'node' || !tensor.location) return [];
    const { line, scope } = tensor.location;
    return [
      { message: `${formatType(tensor.type)} comes from \`${scope ?? tensor.op.name}\` in line ${line}` },
    ];
  });
}

/** What a random op takes from its surroundings: `$seed`, `$step` and a stream named by the path of the call. */
function withRandomness(
  op: Op,
  operands: readonly Datum[],
  attributes: Attributes,
  env: Env,
  span: Span,
): { operands: readonly Datum[]; attributes: Attributes } | undefined {
  if (!('seed' in op.operands)) return { operands, attributes };
  const { build } = env;
  if (!build.training) {
    build.session.reporter.error(
      env.frame,
      span,
      'E0510',
      `\`${op.name}\` draws random numbers, which exist in training only`,
      { notes: [{ message: 'use it inside `if training then … else …`' }] },
    );
    return undefined;
  }
  const stream = env.names.next('random');
  return {
    operands: [tensorOf(build.seed), tensorOf(build.step), ...operands],
    attributes: { stream, ...attributes },
  };
}

/** A `cast` node, or the value itself where it has the type already. */
export function castTo(value: Value, dtype: DType, env: Env, span: Span): Value {
  if (value.type.dtype === dtype) return value;
  if (value.kind === 'constant') return { ...value, type: { dtype, shape: value.type.shape } };
  return nodeOf('cast', [value], { to: dtype }, env, span);
}

/** A node the compiler itself asks for: its operands are right by construction. */
export function nodeOf(
  name: string,
  operands: readonly Value[],
  attributes: Attributes,
  env: Env,
  span: Span,
  scope = env.frame.path,
): Node {
  const op = ops.get(name);
  invariant(op, `the registry has no op ${name}`);
  env.build.builder.location = locate(env, span, scope);
  return env.build.builder.node(op, operands, attributes);
}
