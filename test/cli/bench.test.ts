import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { folder, tinyData, tinyModel } from './support.ts';

interface Bench {
  readonly name: string;
  readonly fast: boolean;
  readonly peak: number;
  readonly routines: readonly {
    readonly name: string;
    readonly samples: number;
    readonly milliseconds: number;
    readonly flops: number;
    readonly kernels: readonly {
      readonly name: string;
      readonly computes: string;
      readonly launches: number;
      readonly share: number;
      readonly flops: number;
      readonly bytes: number;
      readonly schedule: string;
    }[];
    readonly launches: readonly { readonly kernel: string; readonly commits: boolean }[];
  }[];
}

describe('bench', () => {
  test('counts and times every launch of both routines', async () => {
    const { cnnc, file } = folder();
    writeFileSync(file('tiny.cnn'), tinyModel);
    const { status, out, err } = await cnnc(
      'bench',
      'tiny.cnn',
      '--seconds',
      '0',
      '--json',
      '--batch-size',
      '4',
    );
    expect([status, err]).toEqual([0, '']);
    const bench = JSON.parse(out) as Bench;
    expect(bench).toMatchObject({ name: 'Tiny', fast: false });
    expect(bench.peak).toBeGreaterThan(0.1);
    expect(bench.routines.map(({ name, samples }) => [name, samples])).toEqual([
      ['infer', 4],
      ['step', 20],
    ]);
    for (const { kernels, launches, milliseconds } of bench.routines) {
      expect(milliseconds).toBeGreaterThan(0);
      expect(kernels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
      expect(kernels.reduce((sum, kernel) => sum + kernel.launches, 0)).toBe(launches.length);
    }
    // 12x12x1 → 5x5x2 by 3x3: nine multiply-adds, the bias, and relu for each output.
    const conv = bench.routines[0]!.kernels.find(({ computes }) => computes.startsWith('conv2d'))!;
    expect(conv.flops).toBe(4 * 5 * 5 * 2 * (2 * 9 + 2));
    // Rows 0 to 10 of 12, as the windows pass over the last one, with f32 elements.
    expect(conv.bytes).toBe(4 * (4 * 11 * 11 + 9 * 2 + 2 + 4 * 5 * 5 * 2));
    expect(bench.routines[1]!.launches.filter(({ commits }) => commits).length).toBeGreaterThan(0);
  });

  test('prints a table, of samples from data too', async () => {
    const { cnnc, file } = folder();
    writeFileSync(file('tiny.cnn'), tinyModel);
    const { status, out } = await cnnc('bench', 'tiny.cnn', '--seconds', '0', '--data', tinyData);
    expect(status).toBe(0);
    expect(out).toMatch(/^Tiny, WebAssembly, one thread; this machine: [\d.]+ GFLOP\/s\n\ninfer, batch 1: /u);
    expect(out).toMatch(/^conv2d_add_relu +1 +[\d.]+ [µm]s +[\d.]+ % +[\d.]+ +\d+ % +[\d.]+ k?B /mu);
    expect(out).toMatch(/^step, batch 20: .* launches of \d+ kernels/mu);
    const each = await cnnc('bench', 'tiny.cnn', '--seconds', '0', '--launches');
    expect(each.out).toMatch(/^conv2d \+ add \+ relu → f32\[N, 5, 5, 2\] /mu);
  });

  test('tells Winograd convolutions from direct ones', async () => {
    const { cnnc, file } = folder();
    const conv = 'Conv2D(16, 3x3, padding: same)';
    writeFileSync(file('w.cnn'), `model W {\n  input x: f32[16, 16, 16]\n  x -> ${conv} -> output y\n}\n`);
    const fewer = await cnnc('bench', 'w.cnn', '--seconds', '0');
    expect(fewer.out).toMatch(
      /^winograd_conv2d.* Winograd in tiles of 4x4, cheaper by its shape; loops of the op/mu,
    );
    const direct = await cnnc('bench', 'w.cnn', '--seconds', '0', '--no-winograd');
    expect(direct.out).not.toMatch(/winograd/iu);
    expect(direct.out).toMatch(/^conv2d_add .* 4 w x 8 c tile, kernel staged per block of c/mu);
  });

  test('says what is wrong with the file or the data', async () => {
    const { cnnc, file } = folder();
    writeFileSync(file('bad.cnn'), 'model Bad {\n  input x: f32[4]\n  x -> Dens(2) -> output y\n}\n');
    const bad = await cnnc('bench', 'bad.cnn');
    expect([bad.status, bad.out]).toEqual([1, '']);
    expect(bad.err).toMatch(/Dense/u);
    writeFileSync(file('tiny.cnn'), tinyModel);
    const data = await cnnc('bench', 'tiny.cnn', '--data', 'idx:nowhere');
    expect([data.status, data.out]).toEqual([1, '']);
    expect(data.err).toMatch(/nowhere/u);
  });
});
