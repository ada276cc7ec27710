import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readSafetensors } from '../../runtime/safetensors.ts';
import { folder, tinyData, tinyModel } from './support.ts';

describe('build', () => {
  test('js with a .d.ts and weights beside it; --embed; half precision', async () => {
    const place = folder();
    writeFileSync(place.file('tiny.cnn'), tinyModel);
    await place.cnnc('train', 'tiny.cnn', '--data', tinyData, '--epochs', '1');
    const build = (...args: string[]) => place.cnnc('build', 'tiny.cnn', ...args);
    const files = ['--target', 'js', '-o', 'a', '--weights', 'tiny.safetensors'];
    const beside = await build(...files, '--kernels', 'ts', '--inference');
    expect(beside.status, beside.err).toBe(0);
    expect(beside.out.split('\n').map((line) => line.split(' ')[0])).toEqual([
      'a/tiny.js',
      'a/tiny.d.ts',
      'a/tiny.safetensors',
      '',
    ]);
    const embedded = await build('--target', 'js', '-o', 'b', '--embed', '--weights-format', 'f16');
    expect(embedded.status, embedded.err).toBe(0);
    writeFileSync(place.file('b/tiny.mjs'), readFileSync(place.file('b/tiny.js')));
    const module = (await import(pathToFileURL(place.file('b/tiny.mjs')).href)) as {
      createModel(options: object): Promise<{ predict(inputs: object): Promise<{ digit: Float32Array }> }>;
    };
    const model = await module.createModel({});
    const { digit } = await model.predict({ image: new Uint8Array(144).fill(100) });
    expect(digit.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 3);
    expect((await build('--weights-format', 'f16')).status).toBe(2);
    const halves = await build('-o', 'c', '--weights', 'tiny.safetensors', '--weights-format', 'f16');
    expect(halves.status, halves.err).toBe(0);
    const [whole, half] = ['a', 'c'].map((name) => readFileSync(place.file(`${name}/tiny.safetensors`)));
    expect(half!.length).toBeLessThan(0.75 * whole!.length);
    const rounded = readSafetensors(half!).tensors;
    for (const { name, data } of readSafetensors(whole!).tensors.values()) {
      const far = data.findIndex(
        (value, i) => Math.abs(rounded.get(name)!.data[i]! - value) > 5e-4 * Math.abs(value) + 1e-7,
      );
      expect(far, name).toBe(-1);
    }
  });

  test('--target wgsl: a module for WebGPU and its shaders', async () => {
    const place = folder();
    writeFileSync(place.file('tiny.cnn'), tinyModel);
    const build = (...args: string[]) => place.cnnc('build', 'tiny.cnn', '--target', 'wgsl', ...args);
    const names = ({ out }: { readonly out: string }) => out.split('\n').map((line) => line.split(' ')[0]);
    const typed = await build('-o', 'a');
    expect(typed.status, typed.err).toBe(0);
    expect(names(typed)).toEqual(['a/tiny.gpu.ts', 'a/tiny.wgsl', '']);
    const plain = await build('-o', 'b', '--js', '--inference');
    expect(names(plain)).toEqual(['b/tiny.gpu.js', 'b/tiny.gpu.d.ts', 'b/tiny.wgsl', '']);
    const [whole, forward] = ['a', 'b'].map((name) => readFileSync(place.file(`${name}/tiny.wgsl`), 'utf8'));
    expect(whole).toMatch(
      /^\/\/ The shaders of tiny\.gpu\.ts\.\n\nstruct Batch \{[^]*@compute @workgroup_size\(\d+(, \d+)*\)\nfn \w+\(/,
    );
    expect(forward!.length).toBeLessThan(0.5 * whole!.length);
    for (const option of [
      ['--kernels', 'ts'],
      ['--threads', 'none'],
      ['--schedule', 'tiny.json'],
    ]) {
      const refused = await build(...option);
      expect(refused.status).toBe(2);
      expect(refused.err).toContain(`${option[0]} is not about --target wgsl`);
    }
    expect((await place.cnnc('build', 'tiny.cnn', '--js')).status).toBe(2);
    const more = await build('-o', 'c', '--features', 'subgroups');
    expect(names(more)).toEqual(['c/tiny.gpu.ts', 'c/tiny.wgsl', 'c/tiny.subgroups.wgsl', '']);
    const unknown = await build('--features', 'subgroups,f64');
    expect([unknown.status, unknown.err]).toEqual([2, expect.stringContaining('expected subgroups')]);
    expect((await place.cnnc('build', 'tiny.cnn', '--features', 'subgroups')).status).toBe(2);
  });
});
