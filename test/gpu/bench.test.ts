import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { folder, tinyModel } from '../cli/support.ts';
import { adapter, describeGpu } from '../support/gpu.ts';

// Software adapters are slow.
vi.setConfig({ testTimeout: 300_000 });

interface Bench {
  readonly target: string;
  readonly adapter: string;
  readonly peak: number;
  readonly bandwidth: number;
  readonly routines: readonly {
    readonly name: string;
    readonly samples: number;
    readonly milliseconds: number;
    readonly kernels: readonly { readonly share: number; readonly milliseconds: number }[];
    readonly launches: readonly { readonly kernel: string; readonly commits: boolean }[];
  }[];
}

describeGpu('bench --target wgsl', () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  const offer = (gpu: object | undefined) =>
    Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true, writable: true });
  beforeAll(() => offer(adapter?.gpu));
  afterAll(() => {
    if (before) Object.defineProperty(globalThis, 'navigator', before);
    else Reflect.deleteProperty(globalThis, 'navigator');
  });

  test('times every launch of both routines', async () => {
    const { cnnc, file } = folder();
    writeFileSync(file('tiny.cnn'), tinyModel);
    const run = (...options: string[]) =>
      cnnc('bench', 'tiny.cnn', '--target', 'wgsl', '--seconds', '0', ...options);
    const { status, out, err } = await run('--json', '--batch-size', '4');
    expect([status, err]).toEqual([0, '']);
    const bench = JSON.parse(out) as Bench;
    expect(bench).toMatchObject({ name: 'Tiny', target: 'wgsl' });
    expect(adapter?.name).toContain(bench.adapter.split(' ')[0]);
    expect(Math.min(bench.peak, bench.bandwidth)).toBeGreaterThan(0);
    expect(bench.routines.map(({ name, samples }) => [name, samples])).toEqual([
      ['infer', 4],
      ['step', 20],
    ]);
    for (const { kernels, launches, milliseconds } of bench.routines) {
      expect(milliseconds).toBeGreaterThan(0);
      expect(launches.length).toBeGreaterThan(0);
      expect(kernels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
      for (const kernel of kernels) expect(kernel.milliseconds).toBeGreaterThan(0);
    }
    const { out: text } = await run();
    expect(text).toMatch(
      /^Tiny, WebGPU on .+; at most [\d.]+ GFLOP\/s in registers, [\d.]+ in a matmul, [\d.]+ GB\/s\n\ninfer, batch 1: /u,
    );
    expect(text).toMatch(/^step, batch 20: .* launches of \d+ kernels/mu);
  });

  test('times whole routines where the adapter has no timestamps', async () => {
    // An adapter gives one device.
    const requestAdapter = async () => {
      const found = await adapter?.gpu.requestAdapter();
      const requestDevice = found?.requestDevice.bind(found);
      return { limits: found?.limits, features: new Set(), requestDevice };
    };
    offer({ requestAdapter });
    const { cnnc, file } = folder();
    writeFileSync(file('tiny.cnn'), tinyModel);
    const { status, out } = await cnnc('bench', 'tiny.cnn', '--target', 'wgsl', '--seconds', '0');
    offer(adapter?.gpu);
    expect(status).toBe(0);
    expect(out).toMatch(
      /^step, batch 20: [\d.]+ [µm]s in one call .* this GPU does not time single launches/mu,
    );
    expect(out).not.toMatch(/NaN/);
  });

  test('refuses what is about WebAssembly', async () => {
    const { cnnc, file } = folder();
    writeFileSync(file('tiny.cnn'), tinyModel);
    const { status, err } = await cnnc('bench', 'tiny.cnn', '--target', 'wgsl', '--fast');
    expect([status, err]).toEqual([2, 'cnnc: --fast and --schedule are about WebAssembly\n']);
  });
});

test('bench --target wgsl says what to install where there is no GPU', async () => {
  const { cnnc, file } = folder();
  writeFileSync(file('tiny.cnn'), tinyModel);
  const { status, out, err } = await cnnc('bench', 'tiny.cnn', '--target', 'wgsl');
  expect([status, out]).toEqual([1, '']);
  expect(err).toBe(
    'cnnc: this Node.js has no WebGPU; `npm install --no-save webgpu` in this folder brings it (Dawn, 130 MB)\n',
  );
});
