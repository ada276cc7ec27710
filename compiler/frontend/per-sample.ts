/** Losses and metrics: one number per sample. */
import type { Note } from '../base/diagnostic.ts';
import type { Span } from '../base/source.ts';
import { formatType } from '../base/types.ts';
import type { Value } from '../graph/ir.ts';
import type { Env } from './build.ts';
import type { Datum } from './datum.ts';
import { describe, stageName } from './datum.ts';
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
      tensor && shape?.[0] === 'N'
        ? [{ message: '`mean(…, keep: [0])` averages all but the batch' }]
        : callNotes(datum);
    const message = `${what} must be one number per sample, got ${got}`;
    env.build.session.reporter.error(env.frame, span, code, message, { notes });
    return undefined;
  }
  const cast = castTo(tensor, 'f32', env, span);
  return shape.length === 1 ? cast : nodeOf('broadcast_to', [cast], { shape: [], batch: true }, env, span);
}

/** Keras takes `"accuracy"`; here it is a call, because a model may have several outputs and labels. */
function callNotes(datum: Datum): readonly Note[] {
  const name =
    datum.kind === 'string' ? datum.value : datum.kind === 'stage' ? stageName(datum.stage) : undefined;
  if (name === undefined || !/^\w+$/u.test(name)) return [];
  return [
    { message: `write the call, with the names of the label and of the output: \`${name}(label, output)\`` },
  ];
}
