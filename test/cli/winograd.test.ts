import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { folder } from './support.ts';

const model = `model Net {
  input image: f32[18, 18, 8]
  image -> Conv2D(16, 3x3, activation: relu) -> output y
}
`;

it('summary lists the convolutions in tiles and their error; --no-winograd leaves none', async () => {
  const { file, cnnc } = folder();
  writeFileSync(file('net.cnn'), model);
  const { status, out } = await cnnc('summary', 'net.cnn');
  expect(status).toBe(0);
  expect(out).toMatch(
    /Winograd.*\n.*conv2d.*16x16, 8 → 16 channels {2}tiles of 4x4 {2}expected error \d\.\de-7/,
  );
  const direct = await cnnc('summary', 'net.cnn', '--no-winograd');
  expect(direct.status).toBe(0);
  expect(direct.out).not.toContain('Winograd');
  expect(out.slice(0, out.indexOf('memory:'))).toBe(direct.out.slice(0, direct.out.indexOf('memory:')));
});

it('summary of a GPU tells where its memory differs, and why', async () => {
  const { file, cnnc } = folder();
  const bytes = `model Net {
  input image: u8[18, 18, 8]
  image -> Rescaling(1 / 255) -> Conv2D(16, 3x3, activation: relu) -> output y
}
`;
  writeFileSync(file('net.cnn'), bytes);
  const { status, out } = await cnnc('summary', 'net.cnn', '--target', 'wgsl');
  expect(status).toBe(0);
  // 18 × 18 × 8 bytes; two blocks of 8 filters with 6 × 6 points for each of 8 channels.
  expect(out).toContain(`
where this differs from WebAssembly:
  persistent: 4.86 kB, not 23.3 kB
    without prepared f32[2, 6, 6, 8, 8] (18.4 kB): no kernels for Winograd
`);
  expect(out).toMatch(/ {4}image u8\[N, 18, 18, 8\] \(10\.4 kB, not 2\.59 kB\): an element takes 4 bytes\n/u);
  expect((await cnnc('summary', 'net.cnn')).out).not.toContain('differs');
  const json = await cnnc('summary', 'net.cnn', '--target', 'wgsl', '--json');
  expect(JSON.parse(json.out)).toMatchObject({ memory: [{ name: 'persistent' }, { name: 'infer' }, {}] });
});

it('build and ir take --no-winograd, and the report of a build names the layers', async () => {
  const { file, cnnc } = folder();
  writeFileSync(file('net.cnn'), model);
  const { out } = await cnnc('build', 'net.cnn', '--kernels', 'ts', '--json');
  const report = (text: string) => (JSON.parse(text) as { report: { winograd: readonly object[] } }).report;
  expect(report(out).winograd).toMatchObject([
    { routine: 'infer', line: 3, tile: 4, channels: 8, filters: 16 },
  ]);
  const direct = await cnnc('build', 'net.cnn', '--kernels', 'ts', '--json', '--no-winograd');
  expect(report(direct.out).winograd).toEqual([]);
  expect((await cnnc('ir', 'net.cnn')).out).toContain('winograd_conv2d(');
  expect((await cnnc('ir', 'net.cnn', '--no-winograd')).out).toContain(' conv2d(');
});
