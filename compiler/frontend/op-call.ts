/** One op of the registry applied to values: conversions, checks, the node. */
import type { Span } from '../base/source.ts';
import type { DType, TensorType } from '../base/types.ts';
import { formatType } from '../base/types.ts';
import { withDefaults } from '../graph/builder.ts';
import type { Attributes, Constant, Node, Value } from '../graph/ir.ts';
import type { Op, OperandSpec } from '../graph/op.ts';
import { hasTrait, isMismatch } from '../graph/op.ts';
import { ops } from '../ops/index.ts';
import { invariant } from '../base/invariant.ts';
import type { Env } from './build.ts';
import { checkSize, locate, spend } from './build.ts';
import type { Datum } from './datum.ts';
import { describe, poison, tensorOf } from './datum.ts';

/** Where a node comes from: the span of the call, and the scope it is listed under. */
export interface Site {
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
  const missing = Object.keys(op.attributes).find(
    (name) => op.attributes[name]?.default === undefined && !(name in given.attributes),
  );
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
  const location = locate(env, span, scope);
  const node = env.build.builder.append({ kind: 'node', op, operands, attributes, type, location });
  env.build.origins.set(node, { frame: env.frame, span });
  return tensorOf(node);
}

function reportMismatch(
  op: Op,
  tensors: readonly Value[],
  { code, message, hint }: { code: `E${number}`; message: string; hint?: string },
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

/** A list given for operands stands for its items: `[a, b] -> Concatenate`. */
function spreadOperands(op: Op, operands: readonly Datum[]): readonly Datum[] {
  const specs = Object.values(op.operands);
  const variadic = specs.some((spec) => spec.kind === 'tensors');
  if (!variadic && specs.length === operands.length) return operands;
  return operands.flatMap((operand) =>
    operand.kind === 'list' && (variadic || operands.length === 1) ? operand.items : [operand],
  );
}

function checkCount(op: Op, count: number, env: Env, span: Span): boolean {
  const specs = Object.values(op.operands);
  const variadic = specs.some((spec) => spec.kind === 'tensors');
  if (variadic ? count >= specs.length : count === specs.length) return true;
  const names = Object.keys(op.operands).map((name) => `\`${name}\``);
  const attributes = Object.keys(op.attributes);
  env.build.session.reporter.error(
    env.frame,
    span,
    'E0309',
    `\`${op.name}\` takes ${specs.length === 1 ? 'one tensor' : `${specs.length} tensors`} (${names.join(', ')}), got ${count}`,
    count > specs.length && attributes.length > 0
      ? { notes: [{ message: `attributes are given by name: \`${op.name}(x, ${attributes[0]}: …)\`` }] }
      : {},
  );
  return false;
}

/**
 * What a random op takes from its surroundings: `$seed`, `$step` and a stream named by the path of the call. A leading `N`
 * in `shape` becomes the attribute `batch`, or is left out where the op keeps the batch by itself.
 */
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

/** The operands as tensors of element types the op takes. */
function operandTensors(
  op: Op,
  operands: readonly Datum[],
  env: Env,
  span: Span,
): readonly Value[] | undefined {
  const specs = Object.entries(op.operands);
  const specAt = (i: number): [string, OperandSpec] => {
    const entry = specs[Math.min(i, specs.length - 1)];
    invariant(entry, 'the number of operands has been checked');
    return entry;
  };
  const tensors = operands.map((datum) => (datum.kind === 'tensor' ? datum.value : undefined));
  // A number takes the element type of what it meets: i32 beside i32, else f32.
  const others = tensors.flatMap((tensor, i) =>
    tensor && specAt(i)[1].dtypes !== bools ? [tensor.type.dtype] : [],
  );
  const whole = others.length > 0 && others.every((dtype) => dtype === 'i32');
  const made: Value[] = [];
  for (const [i, datum] of operands.entries()) {
    const tensor = asTensor(datum, whole ? 'i32' : 'f32');
    if (!tensor) {
      const what = `\`${specAt(i)[0]}\` of \`${op.name}\``;
      reportNotTensor(what, datum, env, span);
      return undefined;
    }
    made.push(tensor);
  }
  const accepted = made.map((_, i) => specAt(i)[1].dtypes);
  const unified = unify(op, made, accepted, env, span);
  const wrong = unified.findIndex((tensor, i) => !accepts(accepted[i], tensor.type.dtype));
  if (wrong < 0) return unified;
  reportDType(op, unified[wrong], accepted[wrong], specAt(wrong)[0], env, span);
  return undefined;
}

const bools: readonly DType[] = ['bool'];
const accepts = (dtypes: OperandSpec['dtypes'] | undefined, dtype: DType): boolean =>
  dtypes === 'any' || (dtypes?.includes(dtype) ?? false);

/** u8, i32 and bool become f32 where they meet f32, or where an arithmetic op takes f32 only. */
function unify(
  op: Op,
  tensors: readonly Value[],
  accepted: readonly OperandSpec['dtypes'][],
  env: Env,
  span: Span,
): readonly Value[] {
  if (!hasTrait(op, 'elementwise') && !hasTrait(op, 'reduction')) return tensors;
  const numeric = tensors.filter((_, i) => accepts(accepted[i], 'f32'));
  const first = numeric[0]?.type.dtype;
  const agree = numeric.every((tensor) => tensor.type.dtype === first);
  const fine =
    first !== undefined && tensors.every((t, i) => !numeric.includes(t) || accepts(accepted[i], first));
  if (first === undefined || (agree && fine)) return tensors;
  return tensors.map((tensor, i) =>
    accepts(accepted[i], 'f32') ? castTo(tensor, 'f32', env, span) : tensor,
  );
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

function reportNotTensor(what: string, datum: Datum, env: Env, span: Span): void {
  const stage = datum.kind === 'stage';
  env.build.session.reporter.error(
    env.frame,
    span,
    'E0312',
    `${what} must be a tensor, got ${describe(datum)}`,
    stage ? { notes: [{ message: 'a layer gives a tensor once it is applied: `x -> Layer(…)`' }] } : {},
  );
}

function reportDType(
  op: Op,
  tensor: Value | undefined,
  accepted: OperandSpec['dtypes'] | undefined,
  operand: string,
  env: Env,
  span: Span,
): void {
  if (!tensor || !accepted) return;
  const types = accepted === 'any' ? 'any type' : accepted.join(' or ');
  env.build.session.reporter.error(
    env.frame,
    span,
    'E0313',
    `\`${operand}\` of \`${op.name}\` must be ${types}, got ${formatType(tensor.type)}`,
    { notes: dtypeHint(tensor.type.dtype, accepted) },
  );
}

export function dtypeHint(got: DType, accepted: readonly DType[] | 'any'): { message: string }[] {
  if (accepted === 'any' || !accepted.includes('f32') || got === 'f32') return [];
  const message =
    got === 'u8'
      ? 'bytes become numbers from 0 to 1 with `-> Rescaling(1 / 255)`'
      : 'make it f32 with `-> cast(to: f32)`';
  return [{ message }];
}

/** Numbers, truth values and (nested) lists of numbers are constants wherever a tensor is taken. */
export function asTensor(datum: Datum, dtype: DType): Value | undefined {
  switch (datum.kind) {
    case 'tensor':
      return datum.value;
    case 'bool':
      return constant('bool', [], [datum.value ? 1 : 0]);
    case 'number':
      return constant(Number.isInteger(datum.value) ? dtype : 'f32', [], [datum.value]);
    case 'size':
      return constant('f32', [datum.values.length], datum.values);
    case 'list': {
      const nested = nestedNumbers(datum);
      return (
        nested && constant(nested.values.every(Number.isInteger) ? dtype : 'f32', nested.shape, nested.values)
      );
    }
    default:
      return undefined;
  }
}

const constant = (dtype: DType, shape: readonly number[], data: readonly number[]): Constant => ({
  kind: 'constant',
  type: { dtype, shape },
  data,
});

/** Lists may share their items, and then be exponentially large: no more are written out. */
const maxListed = 1 << 20;

/** The numbers of nested lists in row-major order and their shape; undefined where they are ragged or not numbers. */
export function nestedNumbers(
  datum: Datum,
): { readonly shape: readonly number[]; readonly values: readonly number[] } | undefined {
  const shape: number[] = [];
  let level: readonly Datum[] = [datum];
  while (level[0]?.kind === 'list' || level[0]?.kind === 'size') {
    const lists = level.map((item) =>
      item.kind === 'list'
        ? item.items
        : item.kind === 'size'
          ? item.values.map((value): Datum => ({ kind: 'number', value }))
          : [],
    );
    const length = lists[0]?.length ?? 0;
    if (lists.some((items) => items.length !== length) || length * lists.length > maxListed) return undefined;
    if (length === 0) return undefined;
    shape.push(length);
    level = lists.flat();
  }
  const values = level.flatMap((item) => (item.kind === 'number' ? [item.value] : []));
  return values.length === level.length ? { shape, values } : undefined;
}
