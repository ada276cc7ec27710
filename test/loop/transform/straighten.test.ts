/** Rows of windows as one loop, and whether threads may share samples. */
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../../compiler/loop/ir.ts';
import { parseKernel } from '../../../compiler/loop/parse.ts';
import { printKernel } from '../../../compiler/loop/print.ts';
import { samplesAreApart } from '../../../compiler/loop/transform/parallel.ts';
import { apply, loopsOf, same } from './support.ts';

describe('samplesAreApart', () => {
  const apart = (body: string): boolean =>
    samplesAreApart(
      parseKernel(`kernel k [elementwise](x: f32[N, 3], w: f32[3]) -> (y: f32[N, 3], z: f32[3]) {
${body}
}`),
    );
  const copy = 'for c: 3 in 0..3 { s[c] = w[c] }';
  const loops = (inside: string): string =>
    `for n: N in 0..N { ${inside} for i: 3 in 0..3 { y[n, i] = x[n, i] } }`;

  it('where each sample has places of its own', () => {
    expect(apart(loops(''))).toBe(true);
    expect(apart(`alloc scratch s: f32[3] ${copy} ${loops('')}`)).toBe(true);
    expect(apart(loops(`alloc scratch s: f32[3] ${copy}`))).toBe(true);
  });

  it('not where something goes from one sample to another, or to all', () => {
    expect(apart(`alloc scratch s: f32[3] ${loops(copy)}`)).toBe(false);
    expect(apart(loops('z[0] = x[n, 0]'))).toBe(false);
    expect(apart(loops('z[0] add= x[n, 0]'))).toBe(false);
    expect(apart(`z[0] = 1.0 ${loops('')}`)).toBe(false);
    expect(apart(loops('y[n, 0] = y[n, 1]'))).toBe(false);
    expect(apart('for n: N in 0..N parallel { for i: 3 in 0..3 { y[n, i] = x[n, i] } }')).toBe(false);
    expect(apart('for n: N in 0..N { for m: N in 0..N { y[n, 0] = x[m, 0] } }')).toBe(false);
  });
});

describe('straighten', () => {
  const window = (place: string, weight = 'w[kw, ci, c]'): Kernel =>
    parseKernel(`kernel k [contraction](x: f32[N, 6, 5], w: f32[3, 5, 2]) -> (y: f32[N, 4, 2]) {
  for n: N in 0..N {
    for ow: 4 in 0..4 {
      for c: 2 in 0..2 {
        alloc register acc: f32[]
        acc[] = 0.0
        for kw: 3 in max(0, -ow + 1)..3 {
          for ci: 5 in 0..5 {
            acc[] add= x[n, ${place}, ci] * ${weight}
          }
        }
        y[n, ow, c] = acc[]
      }
    }
  }
}`);

  it('makes one loop of the taps and channels of a row, between any bounds', () => {
    const after = same(window('ow + kw'), { step: 'straighten' });
    expect(loopsOf(after)).toEqual(['n', 'ow', 'c', 'kw_ci']);
    expect(printKernel(after)).toContain('x[n, 5 * ow + kw_ci] * w[kw_ci, c]');
    expect(printKernel(after)).toContain('max(0, -5 * ow + 5)..15');
  });

  it('leaves loops that go backwards, in steps, or depend on more', () => {
    for (const kernel of [
      window('ow - kw + 2'),
      window('2 * kw'),
      window('ow + kw', 'w[kw, ci, 0] * f32(index(kw))'),
    ])
      expect(loopsOf(apply(kernel, { step: 'straighten' }))).toEqual(['n', 'ow', 'c', 'kw', 'ci']);
  });

  it('leaves rows with gaps, parts of rows, bounds with a division, and what is read at computed places, too', () => {
    const text = printKernel(window('ow + kw'));
    for (const [given, other] of [
      ['x: f32[N, 6, 5]', 'x: f32[N, 6, 5] strides [60, 10, 1]'],
      ['x: f32[N, 6, 5]', 'x: f32[N, 6, 7]'],
      ['max(0, -ow + 1)', 'max(0, floor((-ow + 1) / 2))'],
      ['= acc[]', '= acc[] + x[n, clamp(index(ow)), 0]'],
    ] as const) {
      expect(text).toContain(given);
      const kernel = parseKernel(text.replace(given, other));
      expect(loopsOf(apply(kernel, { step: 'straighten' }))).toEqual(['n', 'ow', 'c', 'kw', 'ci']);
    }
  });
});
