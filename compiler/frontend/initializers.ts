/** Initializers once the shape is known. */
import type { Span } from '../base/source.ts';
import type { TensorType } from '../base/types.ts';
import { elementCount, formatType } from '../base/types.ts';
import type { Initializer } from '../program/interface.ts';
import type { Env } from './build.ts';
import type { InitializerRule } from './datum.ts';
import { nestedNumbers } from './operands.ts';

export function initializerFor(
  rule: InitializerRule,
  type: TensorType,
  what: string,
  env: Env,
  span: Span,
): Initializer | undefined {
  switch (rule.kind) {
    case 'zeros':
    case 'ones':
      return { kind: rule.kind };
    case 'glorot_uniform':
      return { kind: 'glorot_uniform', ...fans(type) };
    case 'he_normal':
      return { kind: 'he_normal', fanIn: fans(type).fanIn };
    case 'constant':
      return constantFor(rule.values, type, what, env, span);
  }
}

/** One number for all, a list of all elements in row-major order, or nested lists of the very shape. */
function constantFor(
  values: Extract<InitializerRule, { kind: 'constant' }>['values'],
  type: TensorType,
  what: string,
  env: Env,
  span: Span,
): Initializer | undefined {
  if (values.kind === 'number') return { kind: 'constant', values: [values.value] };
  const nested = nestedNumbers(values);
  const count = elementCount(type.shape, 1);
  const fits =
    nested !== undefined &&
    nested.values.length === count &&
    (nested.shape.length === 1 || nested.shape.every((extent, i) => extent === type.shape[i]));
  if (fits) return { kind: 'constant', values: nested.values };
  const got = nested ? `a list of shape [${nested.shape.join(', ')}]` : 'something else';
  const message = `${what} is ${formatType(type)} and takes ${count} numbers, got ${got}`;
  env.build.session.reporter.error(env.frame, span, 'E0319', message);
  return undefined;
}

/** As Keras counts: the last two axes are channels in and out, those before them the receptive field. */
function fans(type: TensorType): { fanIn: number; fanOut: number } {
  const shape = type.shape.map((extent) => (extent === 'N' ? 1 : extent));
  const last = shape[shape.length - 1] ?? 1;
  if (shape.length < 2) return { fanIn: last, fanOut: last };
  const field = shape.slice(0, -2).reduce((a, b) => a * b, 1);
  return { fanIn: field * (shape[shape.length - 2] ?? 1), fanOut: field * last };
}
