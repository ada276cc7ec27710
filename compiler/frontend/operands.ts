/** From what an expression stands for to the tensors an op takes. */
import type { Note } from '../base/diagnostic.ts';
import type { Span } from '../base/source.ts';
import type { DType } from '../base/types.ts';
import { formatType } from '../base/types.ts';
import type { Constant, Value } from '../graph/ir.ts';
import type { Op, OperandSpec } from '../graph/op.ts';
import { hasTrait } from '../graph/op.ts';
import { ops } from '../ops/index.ts';
import type { Env } from './build.ts';
import type { Datum } from './datum.ts';
import { describe } from './datum.ts';
import { kerasName } from './names.ts';
import { castTo } from './op-call.ts';
import { globalNames } from './unit.ts';

/** What applying an op needs to know of it again and again. */
interface Signature {
  readonly names: readonly string[];
  readonly specs: readonly OperandSpec[];
  /** The last operand stands for any number of tensors. */
  readonly variadic: boolean;
  /** Attributes without a default. */
  readonly required: readonly string[];
  /** u8, i32 and bool become f32 by themselves. */
  readonly arithmetic: boolean;
}

const signatures = new WeakMap<Op, Signature>();

export function signatureOf(op: Op): Signature {
  const known = signatures.get(op);
  if (known) return known;
  const specs = Object.values(op.operands);
  const signature: Signature = {
    names: Object.keys(op.operands),
    specs,
    variadic: specs.some((spec) => spec.kind === 'tensors'),
    required: Object.keys(op.attributes).filter((name) => op.attributes[name]?.default === undefined),
    arithmetic: hasTrait(op, 'elementwise') || hasTrait(op, 'reduction'),
  };
  signatures.set(op, signature);
  return signature;
}

const itemsOf = (datum: Datum): readonly Datum[] => (datum.kind === 'list' ? datum.items : [datum]);
/** A list of numbers is a constant, and one tensor. */
const isListOfTensors = (datum: Datum): boolean =>
  datum.kind === 'list' && datum.items.some((item) => item.kind === 'tensor');

/** A list given for operands stands for its items: `[a, b] -> Concatenate`. */
export function spreadOperands(op: Op, operands: readonly Datum[]): readonly Datum[] {
  const { variadic } = signatureOf(op);
  if (!variadic && operands.length > 1) return operands;
  return operands.flatMap((operand) => (isListOfTensors(operand) || variadic ? itemsOf(operand) : [operand]));
}

export function checkCount(op: Op, count: number, env: Env, span: Span): boolean {
  const { specs, variadic } = signatureOf(op);
  if (variadic ? count >= specs.length : count === specs.length) return true;
  const taken = operandNames(op);
  const got = count - (specs.length - taken.length);
  const listed = taken.map((name) => `\`${name}\``).join(', ');
  const wanted = taken.length === 1 ? 'one tensor' : `${taken.length} tensors`;
  const [attribute] = Object.keys(op.attributes);
  const notes: Note[] = [];
  const layer = globalNames(env.frame.unit).find((name) => name !== op.name && kerasName(name) === op.name);
  if (layer !== undefined) {
    notes.push({ message: `the layer, which has weights of its own, is \`${layer}\`` });
  } else if (ops.has(`${op.name}imum`)) {
    notes.push({ message: `of two tensors: \`${op.name}imum(a, b)\`` });
  } else if (got > taken.length && attribute !== undefined) {
    notes.push({ message: `attributes are given by name: \`${op.name}(x, ${attribute}: …)\`` });
  }
  const message = `\`${op.name}\` takes ${taken.length === 0 ? 'no tensors' : `${wanted} (${listed})`}, got ${got}`;
  env.build.session.reporter.error(env.frame, span, 'E0309', message, { notes });
  return false;
}

/** The operands a call gives: `seed` and `step` of random ops come from the compiler. */
export function operandNames(op: Op): readonly string[] {
  const { names } = signatureOf(op);
  return names.includes('seed') ? names.filter((name) => name !== 'seed' && name !== 'step') : names;
}

/** The operands as tensors of element types the op takes; undefined (and reported) where one is not. */
export function operandTensors(
  op: Op,
  operands: readonly Datum[],
  env: Env,
  span: Span,
): readonly Value[] | undefined {
  const { names, specs, arithmetic } = signatureOf(op);
  const last = specs.length - 1;
  const accepted = operands.map((_, i) => specs[Math.min(i, last)]?.dtypes ?? 'any');
  const nameOf = (i: number): string => names[Math.min(i, last)] ?? '';
  const literal = literalType(operands);
  const tensors: Value[] = [];
  for (const [i, datum] of operands.entries()) {
    const tensor = asTensor(datum, literal);
    if (!tensor) {
      reportNotTensor(`\`${nameOf(i)}\` of \`${op.name}\``, datum, env, span);
      return undefined;
    }
    tensors.push(tensor);
  }
  const unified = arithmetic ? unify(tensors, accepted, env, span) : tensors;
  const wrong = unified.findIndex((tensor, i) => !accepts(accepted[i], tensor.type.dtype));
  if (wrong < 0) return unified;
  reportDType(op, unified[wrong], accepted[wrong], nameOf(wrong), env, span);
  return undefined;
}

/** A number takes the element type of what it meets: i32 beside i32, else f32. Conditions do not count. */
function literalType(operands: readonly Datum[]): DType {
  let whole = false;
  for (const datum of operands) {
    if (datum.kind !== 'tensor' || datum.value.type.dtype === 'bool') continue;
    if (datum.value.type.dtype !== 'i32') return 'f32';
    whole = true;
  }
  return whole ? 'i32' : 'f32';
}

const accepts = (dtypes: OperandSpec['dtypes'] | undefined, dtype: DType): boolean =>
  dtypes === 'any' || (dtypes?.includes(dtype) ?? false);

/** u8, i32 and bool become f32 where they meet another type, or where an arithmetic op takes f32 only. */
function unify(
  tensors: readonly Value[],
  accepted: readonly OperandSpec['dtypes'][],
  env: Env,
  span: Span,
): readonly Value[] {
  const numeric = tensors.filter((_, i) => accepts(accepted[i], 'f32'));
  const first = numeric[0]?.type.dtype;
  if (first === undefined) return tensors;
  const agree = tensors.every(
    ({ type: { dtype } }, i) =>
      !accepts(accepted[i], 'f32') || (dtype === first && accepts(accepted[i], dtype)),
  );
  if (agree) return tensors;
  return tensors.map((tensor, i) =>
    accepts(accepted[i], 'f32') ? castTo(tensor, 'f32', env, span) : tensor,
  );
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
