/** Names nobody declared, and what may have been meant. */
import type { Span } from '../base/source.ts';
import type { Note } from '../base/diagnostic.ts';
import type { Env } from './build.ts';
import { functionNames } from './functions.ts';
import type { Reporter } from './report.ts';
import { guess, meantName, writing } from './suggest.ts';
import type { Unit } from './unit.ts';
import { globalNames } from './unit.ts';

export const initializerNames: readonly string[] = [
  'zeros',
  'ones',
  'glorot_uniform',
  'he_normal',
  'constant',
];
/** Names that the compiler gives a meaning everywhere; nothing else may be called so. */
export const fixedNames: readonly string[] = ['training', 'step', 'N'];

export function reportUnknown(name: string, span: Span, env: Env, words: readonly string[] = []): void {
  const { reporter } = env.build.session;
  if (reporter.full) return;
  const { diagnostic, notes } = unknownName(name, env.frame.unit, words);
  reporter.error(env.frame, span, 'E0201', diagnostic, { notes });
}

export function reportUnknownIn(
  reporter: Reporter,
  unit: Unit,
  name: string,
  span: Span,
  local: Iterable<string>,
): void {
  if (reporter.full) return;
  const { diagnostic, notes, meant } = unknownName(name, unit, local);
  const fix = meant === undefined ? undefined : writing(meant, span);
  reporter.at(span, 'E0201', diagnostic, { notes, fix });
}

function unknownName(
  name: string,
  unit: Unit,
  local: Iterable<string>,
): { diagnostic: string; notes: readonly Note[]; meant: string | undefined } {
  if (functionNames.includes(name)) {
    const diagnostic = `\`${name}\` is a function of what is known at compile time: \`${name}(…)\``;
    return { diagnostic, notes: [], meant: undefined };
  }
  const diagnostic = `nothing is called \`${name}\` here`;
  const remark = remarkOn(name);
  if (remark !== undefined) return { diagnostic, notes: [{ message: remark }], meant: undefined };
  const known = [...local, ...globalNames(unit), ...functionNames, ...initializerNames, ...fixedNames];
  const meant = meantName(name, known);
  return {
    diagnostic,
    notes: guess(meant),
    meant: meant !== undefined && /^\w+$/.test(meant) ? meant : undefined,
  };
}

/** Of Keras and PyTorch, without a counterpart here; a name that is spelt alike would be a wrong guess. */
const absent: readonly string[] = (
  'Conv1D Conv1d Conv3D Conv3d Conv2DTranspose ConvTranspose2d UpSampling2D ZeroPadding2D MaxPooling1D MaxPooling3D ' +
  'AveragePooling1D AveragePooling3D LayerNormalization LayerNorm GroupNormalization GroupNorm InstanceNorm2d ' +
  'GELU ELU SELU CELU PReLU SiLU gelu elu selu celu silu swish prelu SimpleRNN LSTM GRU Embedding Attention ' +
  'MultiHeadAttention AdamW Adamax Nadam Adagrad Adadelta RMSprop SpatialDropout2D RandomFlip RandomRotation RandomZoom'
).split(' ');

/** In place of a guess. */
function remarkOn(name: string): string | undefined {
  if (['nn', 'layers', 'keras', 'tf', 'torch', 'F'].includes(name))
    return `layers have no prefix: \`ReLU\`, not \`${name}.ReLU\``;
  if (name === 'None') return 'there is no `None`: leave the argument out, or use `linear` for no activation';
  if (['let', 'const', 'var'].includes(name)) return 'a name is bound without a keyword: `h = x -> Dense(3)`';
  if (absent.includes(name))
    return `cnnc has no \`${name}\`; its ops may make one as a layer of your own, see docs/add-a-layer.md`;
  return undefined;
}
