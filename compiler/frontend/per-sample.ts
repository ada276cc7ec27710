/** Losses and metrics: one number per sample. */
import type { Span } from '../base/source.ts';
import { formatType } from '../base/types.ts';
import type { Value } from '../graph/ir.ts';
import type { Env } from './build.ts';
import type { Datum } from './datum.ts';
import { describe } from './datum.ts';
import { castTo, nodeOf } from './op-call.ts';
import { asTensor } from './operands.ts';

/** The value as f32[N]: bools and integers are cast, one number for the whole batch counts for every sample. */
export function perSample(
  datum: Datum,
  code: 'E0502' | 'E0503',
  what: string,
  span: Span,
  env: Env,
): Value | undefined {
  if (datum.kind === 'poison') return undefined;
  const tensor = asTensor(datum, 'f32');
  const shape = tensor?.type.shape;
  if (!tensor || !shape || shape.length > 1 || (shape.length === 1 && shape[0] !== 'N')) {
    const got = tensor ? formatType(tensor.type) : describe(datum);
    const notes =
      tensor && shape?.[0] === 'N' ? [{ message: '`mean(…, keep: [0])` averages all but the batch' }] : [];
    env.build.session.reporter.error(
      env.frame,
      span,
      code,
      `${what} must be one number per sample, got ${got}`,
      {
        notes,
      },
    );
    return undefined;
  }
  const cast = castTo(tensor, 'f32', env, span);
  return shape.length === 1 ? cast : nodeOf('broadcast_to', [cast], { shape: [], batch: true }, env, span);
}
