/** What to say about arguments that do not fit the declaration, with what other frameworks call them. */
import type { Span } from '../base/source.ts';
import type { Argument } from '../syntax/ast.ts';
import type { Env } from './build.ts';
import { meantName, writing } from './suggest.ts';

/** Arguments of Keras and PyTorch that have no place here, and why. */
const elsewhere: ReadonlyMap<string, string> = new Map([
  [
    'input_shape',
    'the shape is declared once: `input image: u8[28, 28, 1]`; layers take theirs from what comes before',
  ],
  ['input_dim', 'layers take their input shape from what comes before'],
  ['batch_input_shape', 'the shape is declared once: `input image: u8[28, 28, 1]`'],
  ['in_channels', 'layers take the number of input channels from what comes before'],
  ['in_features', 'layers take the number of input features from what comes before'],
  ['data_format', 'the layout is always `[N, height, width, channels]`'],
  ['name', 'a layer is named with `as`: `-> Dense(10) as head`'],
  ['from_logits', 'end the model with `softmax` or `sigmoid`: the compiler makes the loss stable by itself'],
  ['dtype', 'the element types follow from the inputs'],
  ['trainable', '`stop_gradient` keeps what comes before it from learning'],
]);

const otherNames: ReadonlyMap<string, string> = new Map([
  ['out_channels', 'filters'],
  ['num_filters', 'filters'],
  ['out_features', 'units'],
  ['kernel', 'kernel_size'],
  ['size', 'pool_size'],
  ['stride', 'strides'],
  ['lr', 'learning_rate'],
  ['bias', 'use_bias'],
  ['p', 'rate'],
  ['alpha', 'negative_slope'],
  ['eps', 'epsilon'],
  ['classes', 'units'],
  ['dim', 'axis'],
  ['axis', 'axes'],
]);

export function reportUnknownArgument(
  title: string,
  argument: Argument,
  known: readonly string[],
  env: Env,
): void {
  const name = argument.name;
  if (!name || env.build.session.reporter.full) return;
  const why = elsewhere.get(name.text);
  const other = otherNames.get(name.text);
  const meant = other !== undefined && known.includes(other) ? other : meantName(name.text, known);
  const fix = why !== undefined || meant === undefined ? undefined : writing(meant, name.span);
  const takes = known.length === 0 ? 'it takes none' : `it takes ${known.map((k) => `\`${k}\``).join(', ')}`;
  const hint = why ?? (meant === undefined ? takes : `did you mean \`${meant}\`?`);
  const message = `\`${title}\` has no argument \`${name.text}\``;
  env.build.session.reporter.error(env.frame, name.span, 'E0302', message, {
    notes: [{ message: hint }],
    fix,
  });
}

export function reportMissing(title: string, name: string, env: Env, span: Span): void {
  env.build.session.reporter.error(env.frame, span, 'E0303', `\`${title}\` needs \`${name}\``);
}

export function reportSurplus(
  title: string,
  count: number,
  argument: Argument,
  all: readonly Argument[],
  env: Env,
): void {
  const takes = count === 0 ? 'no arguments' : count === 1 ? 'one argument' : `${count} arguments`;
  const message = `\`${title}\` takes ${takes}, got ${all.length}`;
  env.build.session.reporter.error(env.frame, argument.span, 'E0304', message);
}

/** False, so that a caller can note the failure. */
export function reportTwice(title: string, argument: Argument, env: Env): false {
  const message = `\`${argument.name?.text ?? 'this argument'}\` of \`${title}\` is given twice`;
  env.build.session.reporter.error(env.frame, argument.span, 'E0305', message);
  return false;
}
