/** `synthetic:digits`: digits the program draws itself; nothing to download. */
import { drawDigit } from './digits/draw.ts';
import { DataError } from './error.ts';
import { keepMade } from './source.ts';
import type { Opened, Source } from './source.ts';
import type { Spec } from './spec.ts';

/** Training and test pictures come from seeds that no two runs share by accident: 2·seed and 2·seed + 1. */
function digits(name: string, count: number, seed: number, size: number, channels: number): Source {
  const bytes = size * size * channels;
  return {
    name,
    height: size,
    width: size,
    channels,
    labels: Uint8Array.from({ length: count }, (_, i) => i % 10),
    fingerprint: `digits-1:${count}:${seed}:${size}x${size}x${channels}`,
    read: keepMade(count, bytes, (index, into, offset) =>
      drawDigit(index % 10, seed, index, { size, channels }, into, offset),
    ),
  };
}

/**
 * `synthetic:digits?count=6000&test=1000&seed=1&size=28&channels=1`: ten classes in turn. Sample i depends on seed and i
 * alone.
 */
export function openSynthetic(spec: Spec): Opened {
  if (spec.place !== 'digits') {
    throw new DataError('data-spec', `\`${spec.text}\`: the synthetic data are called \`synthetic:digits\``);
  }
  const option = (name: string, otherwise: number): number => spec.options.get(name) ?? otherwise;
  const count = option('count', 6000);
  const test = option('test', Math.ceil(count / 6));
  const seed = option('seed', 1);
  const size = option('size', 28);
  const channels = option('channels', 1);
  return {
    train: digits(spec.text, count, 2 * seed, size, channels),
    ...(test > 0 && { test: digits(spec.text, test, 2 * seed + 1, size, channels) }),
    classes: Array.from({ length: 10 }, (_, i) => String(i)),
    named: false,
  };
}
