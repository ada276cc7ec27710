/** Types as written: `f32[h, w, c]` of a declaration, and operand types that bind and constrain names. */
import type { Code } from '../base/diagnostic.ts';
import type { Span } from '../base/source.ts';
import type { DType, Extent, TensorType } from '../base/types.ts';
import { formatType } from '../base/types.ts';
import type { Value } from '../graph/ir.ts';
import type { Dim, OperandDeclaration, TypeExpression } from '../syntax/ast.ts';
import type { Env } from './build.ts';
import { checkSize } from './build.ts';
import type { Datum } from './datum.ts';
import { describe, isDType, list, number, tensorOf } from './datum.ts';
import { evaluate } from './evaluate.ts';
import { originNotes } from './op-call.ts';
import { asTensor, dtypeHint } from './operands.ts';
import { globalNames } from './unit.ts';

/** The type of a param, state, input or label: every extent is known. Undefined when something was reported. */
export function declaredType(
  type: TypeExpression,
  allowed: readonly DType[],
  env: Env,
  what: string,
): TensorType | undefined {
  const { reporter } = env.build.session;
  const dtype = type.dtype.text;
  if (!isDType(dtype) || !allowed.includes(dtype)) {
    reporter.error(
      env.frame,
      type.dtype.span,
      'E0321',
      `the element type of ${what} is one of ${allowed.join(', ')}, not \`${dtype}\``,
    );
    return undefined;
  }
  const shape: number[] = [];
  for (const dim of type.dims ?? []) {
    const extents = dimExtents(dim, env, what);
    if (!extents) return undefined;
    shape.push(...extents);
  }
  const result: TensorType = { dtype, shape };
  return checkSize(env, result, type.span, what) ? result : undefined;
}

/** One extent, or several for `...s`. */
function dimExtents(dim: Dim, env: Env, what: string): readonly number[] | undefined {
  const { reporter } = env.build.session;
  const fail = (code: Code, message: string, note?: string): undefined => {
    reporter.error(
      env.frame,
      dim.span,
      code,
      message,
      note === undefined ? {} : { notes: [{ message: note }] },
    );
    return undefined;
  };
  if (dim.kind === 'rest') {
    const bound = dim.name && env.scope.get(dim.name.text);
    if (bound?.kind === 'poison') return undefined;
    if (bound?.kind === 'list') {
      const extents = bound.items.flatMap((item) => (item.kind === 'number' ? [item.value] : []));
      if (extents.length === bound.items.length) return extents;
      return fail('E0452', `${what} cannot contain the batch extent \`N\``);
    }
    const written = `...${dim.name?.text ?? ''}`;
    return fail(
      'E0452',
      `${what} needs its extents: \`${written}\` stands for any axes only in operand types`,
    );
  }
  const datum = evaluate(dim.value, env);
  if (datum.kind === 'poison') return undefined;
  if (datum.kind === 'batch') {
    return fail(
      'E0452',
      `${what} cannot contain the batch extent \`N\``,
      'inputs and labels are written per sample; params and states are the same for all samples',
    );
  }
  if (datum.kind !== 'number')
    return fail('E0301', `an extent must be a whole number, got ${describe(datum)}`);
  if (!Number.isInteger(datum.value)) {
    return fail('E0306', `${what}: an extent must be a whole number, got ${datum.value}`);
  }
  if (datum.value < 1) {
    const owner = env.frame.unit.user ? '' : ` of \`${env.frame.title}\``;
    return fail('E0307', `${what}${owner}: an extent must be at least 1, got ${datum.value}`);
  }
  return [datum.value];
}

/** Who takes the operands, for messages. */
export interface Taker {
  readonly name: string;
  /** The caller: mismatches are its mistakes. */
  readonly env: Env;
  readonly span: Span;
}

/** Binds the operands of a layer in `env.scope`; false (and reported) where they do not fit. */
export function bindOperands(
  declared: readonly OperandDeclaration[],
  given: readonly Datum[],
  env: Env,
  taker: Taker,
): boolean {
  const variadic = declared.find((operand) => operand.variadic);
  const inputs = spread(given, declared.length, variadic !== undefined);
  const least = declared.length - (variadic ? 1 : 0);
  if (inputs.length < least || (!variadic && inputs.length > least)) {
    const names = declared.map((operand) => `\`${operand.name.text}\``).join(', ');
    const wanted = least === 1 && !variadic ? 'one tensor' : `${variadic ? 'at least ' : ''}${least} tensors`;
    report(taker, 'E0309', `\`${taker.name}\` takes ${wanted} (${names}), got ${inputs.length}`);
    return false;
  }
  const tensors: Value[] = [];
  for (const [i, datum] of inputs.entries()) {
    const tensor = asTensor(datum, 'f32');
    if (!tensor) {
      const name = declared[Math.min(i, declared.length - 1)]?.name.text ?? '';
      report(taker, 'E0312', `\`${name}\` of \`${taker.name}\` must be a tensor, got ${describe(datum)}`);
      return false;
    }
    tensors.push(tensor);
  }
  let next = 0;
  for (const operand of declared) {
    const count = operand.variadic ? inputs.length - least : 1;
    const mine = tensors.slice(next, next + count);
    for (const tensor of mine) {
      if (operand.type && !matches(operand.type, tensor, operand, tensors, env, taker)) return false;
    }
    const datums = mine.map((tensor, i): Datum => {
      const datum = inputs[next + i];
      return datum?.kind === 'tensor' ? datum : tensorOf(tensor);
    });
    next += count;
    env.scope.set(operand.name.text, operand.variadic ? list(datums) : (datums[0] ?? list([])));
  }
  return true;
}

/** A list stands for its items where several operands are taken. */
function spread(given: readonly Datum[], declared: number, variadic: boolean): readonly Datum[] {
  if (given.length !== 1 || given[0]?.kind !== 'list') return given;
  // A list of numbers is a constant, and one tensor.
  const tensors = given[0].items.some((item) => item.kind === 'tensor');
  return variadic || tensors || declared !== 1 ? given[0].items : given;
}

function report(
  taker: Taker,
  code: Code,
  message: string,
  notes: readonly { readonly message: string; readonly span?: Span }[] = [],
): void {
  taker.env.build.session.reporter.error(taker.env.frame, taker.span, code, message, { notes });
}

function matches(
  type: TypeExpression,
  tensor: Value,
  operand: OperandDeclaration,
  all: readonly Value[],
  env: Env,
  taker: Taker,
): boolean {
  const dtype = type.dtype.text;
  const got = tensor.type;
  const { labels } = env.build;
  const isLabel = labels.has(tensor);
  const swapped =
    all.some((value, i) => i > 0 && labels.has(value)) && all[0] !== undefined && !labels.has(all[0]);
  const sparse = (): readonly { message: string }[] => {
    const name = `sparse_${taker.name}`;
    const isOther = got.dtype === 'i32' && globalNames(env.frame.unit).includes(name);
    return isOther ? [{ message: `\`${name}\` takes the index of a class` }] : [];
  };
  const fail = (code: Code, hints: readonly { message: string }[]): false => {
    const written = env.frame.unit.text.slice(type.span.start, type.span.end);
    const more = swapped ? [truthFirst] : isLabel ? [encodings, ...sparse()] : originNotes([tensor]);
    const message = `\`${taker.name}\` takes \`${operand.name.text}: ${written}\`, got ${formatType(got)}`;
    report(taker, swapped ? 'E0505' : code, message, [...hints, ...more]);
    return false;
  };
  if (dtype !== 'any' && dtype !== got.dtype) {
    if (!isDType(dtype)) return false;
    return isLabel || swapped ? fail('E0505', []) : fail('E0313', dtypeHint(got.dtype, [dtype]));
  }
  const mismatch = type.dims && matchDims(type.dims, got.shape, env);
  if (mismatch === undefined) return true;
  const hints = mismatch.rank ? rankHints(type.dims ?? [], got.shape.length) : [];
  // A prediction that does not fit the extents of its label: either of them may be the wrong one.
  const pair = isLabel || (!mismatch.rank && all.some((value) => labels.has(value)));
  if (pair && !isLabel && !mismatch.rank && got.shape.length > 2) hints.push(flatten);
  return fail(pair ? 'E0505' : mismatch.rank ? 'E0450' : 'E0451', [{ message: mismatch.message }, ...hints]);
}

const truthFirst = { message: 'losses and metrics take the truth first, then the prediction' };
const flatten = { message: '`Flatten` before the last `Dense` leaves one row of numbers per sample' };
const encodings = {
  message:
    'a label is `i32` (the index of a class), `f32[1]` (0 or 1) or `f32[k]` (one number per class or target)',
};

function rankHints(dims: readonly Dim[], got: number): { message: string }[] {
  const [first] = dims;
  const isBatch = first?.kind === 'extent' && first.value.kind === 'name' && first.value.name === 'N';
  if (got === dims.length + 1 && first?.kind === 'extent' && !isBatch)
    return [{ message: 'layers write the batch, too, which comes first: `[N, …]`' }];
  if (dims.length !== 4) return [];
  if (got === 3) return [{ message: 'an image has channels, too: a grey one is `[height, width, 1]`' }];
  return [
    { message: 'images are `[N, height, width, channels]`; after `Flatten` or `Dense` they no longer are' },
  ];
}

/** Binds names to extents; gives why the shape does not fit. */
function matchDims(
  dims: readonly Dim[],
  shape: readonly Extent[],
  env: Env,
): { readonly message: string; readonly rank: boolean } | undefined {
  const rest = dims.findIndex((dim) => dim.kind === 'rest');
  const fixed = dims.length - (rest < 0 ? 0 : 1);
  if (shape.length < fixed || (rest < 0 && shape.length > fixed)) {
    const wanted = `${rest < 0 ? '' : 'at least '}${fixed} ${fixed === 1 ? 'axis' : 'axes'}`;
    return { message: `it has ${shape.length}, the layer takes ${wanted}`, rank: true };
  }
  const many = shape.length - fixed;
  for (const [i, dim] of dims.entries()) {
    const at = rest >= 0 && i > rest ? i - 1 + many : i;
    const message =
      dim.kind === 'rest'
        ? matchRest(dim, shape.slice(at, at + many), env)
        : matchExtent(dim, shape[at] ?? 1, at, env);
    if (message !== undefined) return { message, rank: false };
  }
  return undefined;
}

const extentDatum = (extent: Extent): Datum => (extent === 'N' ? { kind: 'batch' } : number(extent));

function matchRest(
  dim: Extract<Dim, { kind: 'rest' }>,
  shape: readonly Extent[],
  env: Env,
): string | undefined {
  if (!dim.name) return undefined;
  const bound = env.scope.get(dim.name.text);
  if (bound?.kind !== 'list') {
    env.scope.set(dim.name.text, list(shape.map(extentDatum)));
    return undefined;
  }
  const known = bound.items.map((item) => (item.kind === 'number' ? item.value : 'N'));
  if (known.length === shape.length && known.every((extent, i) => extent === shape[i])) return undefined;
  return `the axes \`...${dim.name.text}\` are [${known.join(', ')}] in what came before, and [${shape.join(', ')}] here`;
}

function matchExtent(
  dim: Extract<Dim, { kind: 'extent' }>,
  extent: Extent,
  axis: number,
  env: Env,
): string | undefined {
  if (dim.value.kind === 'name' && dim.value.name !== 'N') {
    const bound = env.scope.get(dim.value.name);
    if (!bound) {
      env.scope.set(dim.value.name, extentDatum(extent));
      return undefined;
    }
  }
  const wanted = evaluate(dim.value, env);
  if (wanted.kind === 'poison') return undefined;
  if (wanted.kind === 'batch') {
    return extent === 'N' ? undefined : `axis ${axis} must be the batch \`N\`, but is ${extent}`;
  }
  if (wanted.kind === 'number' && wanted.value === extent) return undefined;
  const name = dim.value.kind === 'name' ? `\`${dim.value.name}\` = ` : '';
  const value = wanted.kind === 'number' ? wanted.value : describe(wanted);
  return `axis ${axis} must be ${name}${value}, but is ${extent}`;
}
