/** The order in which sums in registers are added up. */
import { describe, expect, it } from 'vitest';
import { parseKernel } from '../../../compiler/loop/parse.ts';
import { printKernel } from '../../../compiler/loop/print.ts';
import { same } from './support.ts';

/** Two sums of four lanes, of two terms each, and what becomes of them. */
const kernel = (stored: (sum: string) => string, second = 'x[n, k + 1, c]') =>
  parseKernel(`kernel k [contraction](x: f32[N, 6, 4], w: f32[2, 4]) -> (y: f32[N, 2, 4]) {
  for n: N in 0..N {
    alloc register acc: f32[2, 4]
    for c: 4 in 0..4 vectorize {
      acc[0, c] = 0.0
      acc[1, c] = 0.0
    }
    for k: 4 in 0..4 {
      for c: 4 in 0..4 vectorize {
        acc[0, c] add= x[n, k, c] * w[0, c]
        acc[1, c] add= x[n, k + 1, c] * w[0, c]
      }
      for c: 4 in 0..4 vectorize {
        acc[0, c] add= ${second} * w[1, c]
        acc[1, c] add= x[n, k + 2, c] * w[1, c]
      }
    }
    for c: 4 in 0..4 vectorize {
      y[n, 0, c] = ${stored('acc[0, c]')}
      y[n, 1, c] = ${stored('acc[1, c]')}
    }
  }
}`);

const termsOf = (text: string): readonly string[] =>
  text.match(/(?<=acc\[)\d.*add= x\[n, k( \+ \d)?/gu) ?? [];

describe('order_sums', () => {
  it('puts the terms of a sum together, in their order', () => {
    const text = printKernel(
      same(
        kernel((sum) => sum),
        { step: 'order_sums' },
      ),
    );
    expect(termsOf(text)).toEqual([
      '0, c] add= x[n, k',
      '0, c] add= x[n, k + 1',
      '1, c] add= x[n, k + 1',
      '1, c] add= x[n, k + 2',
    ]);
  });

  it('begins with the last sum where something is computed from them', () => {
    const text = printKernel(
      same(
        kernel((sum) => `max(${sum}, 0.0)`),
        { step: 'order_sums' },
      ),
    );
    expect(termsOf(text)).toEqual([
      '1, c] add= x[n, k + 1',
      '1, c] add= x[n, k + 2',
      '0, c] add= x[n, k',
      '0, c] add= x[n, k + 1',
    ]);
  });

  it('leaves sums that are made of one another', () => {
    const before = kernel((sum) => sum, 'acc[1, c]');
    expect(termsOf(printKernel(same(before, { step: 'order_sums' })))).toEqual(termsOf(printKernel(before)));
  });
});
