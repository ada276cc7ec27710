import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseChoices } from '../../compiler/index.ts';
import { analyze } from '../../compiler/frontend/index.ts';
import { buildProgram } from '../../compiler/program/build.ts';
import { webassembly } from '../../compiler/program/target.ts';
import { structureKey } from '../../compiler/schedule/choice.ts';
import { schedule } from '../../compiler/schedule/index.ts';
import { folder, tinyModel } from './support.ts';

/** Wide enough that there is something to choose. */
const model = tinyModel.replace('width: int = 2', 'width: int = 8').replace('12, 12', '6, 6');

/** The key of the first kernel of the model. */
function keyOfAKernel(): string {
  const keys: string[] = [];
  buildProgram(analyze({ entry: 'tiny.cnn', read: () => model }, {}).model!, {
    target: webassembly,
    schedule(kernel) {
      keys.push(structureKey(kernel));
      return schedule(kernel, webassembly);
    },
  });
  return keys[0]!;
}

describe('tune', () => {
  test('writes choices that a build takes', async () => {
    const { cnnc, file } = folder();
    writeFileSync(file('tiny.cnn'), model);
    const tuned = await cnnc('tune', 'tiny.cnn', '--seconds', '0', '--inference');
    expect(tuned.status).toBe(0);
    expect(tuned.out).toMatch(
      /^kernel +batch +schedules +standard +best +choice\nconv2d_add_relu +1 +\d+ +[\d.]+ µs/u,
    );
    expect(tuned.out).toMatch(/\ntiny\.schedule {2}\d of \d kernels\n$/u);
    parseChoices(readFileSync(file('tiny.schedule'), 'utf8'));
    const again = await cnnc(
      'tune',
      'tiny.cnn',
      '--seconds',
      '0',
      '--inference',
      '--json',
      '-o',
      'other.schedule',
    );
    const { file: name, kernels } = JSON.parse(again.out) as {
      file: string;
      kernels: { schedules: number }[];
    };
    expect([name, again.err]).toEqual(['other.schedule', '']);
    expect(Math.min(...kernels.map(({ schedules }) => schedules))).toBeGreaterThan(1);

    const built = await cnnc('build', 'tiny.cnn', '--schedule', 'tiny.schedule');
    expect([built.status, built.err]).toEqual([0, '']);
  });

  test('of another model has no effect, and a build says so', async () => {
    const { cnnc, file } = folder();
    writeFileSync(file('tiny.cnn'), model);
    const choice = '\n  sums 4\n';
    writeFileSync(file('stale.schedule'), `kernel 0123456789abcdef${choice}`);
    const plain = await cnnc('build', 'tiny.cnn', '-o', 'plain');
    const { status, out, err } = await cnnc('build', 'tiny.cnn', '--schedule', 'stale.schedule');
    expect([plain.status, status]).toEqual([0, 0]);
    expect(err).toBe(
      'cnnc: stale.schedule: this model has none of its kernels; `cnnc tune tiny.cnn -o stale.schedule` measures those that it has\n',
    );
    expect(out).toMatch(/^tiny\.ts .*\nstale\.schedule {2}for 0 of its 1 kernels; unused: line 1\n$/u);
    expect(readFileSync(file('tiny.ts'), 'utf8')).toBe(readFileSync(file('plain/tiny.ts'), 'utf8'));
    expect((await cnnc('bench', 'tiny.cnn', '--seconds', '0', '--schedule', 'stale.schedule')).err).toBe(err);
    const others = `kernel 0123456789abcdef${choice}\nkernel fedcba9876543210${choice}`;
    writeFileSync(file('one.schedule'), `# three\n${others}kernel ${keyOfAKernel()}${choice}`);
    const one = await cnnc('build', 'tiny.cnn', '--schedule', 'one.schedule');
    const use = 'one.schedule  for 1 of its 3 kernels; unused: lines 2, 5';
    expect([one.err, one.out.split('\n')[1]]).toEqual(['', use]);
  });
  test('is of no use to TypeScript kernels', async () => {
    const { cnnc, file } = folder();
    writeFileSync(file('tiny.cnn'), model);
    writeFileSync(file('a.schedule'), '');
    const { status, err } = await cnnc('build', 'tiny.cnn', '--kernels', 'ts', '--schedule', 'a.schedule');
    expect([status, err]).toEqual([2, expect.stringContaining('--schedule is about WebAssembly kernels')]);
  });

  test.each([
    ['vectors 2\n', 'line 1: expected `kernel`, found `vectors`'],
    ['kernel 12\n', 'line 1: `12` is no kernel'],
    [
      '# fine\nkernel 0123456789abcdef\n  vectors 9\n',
      'line 3: vectors is a whole number from 1 to 4, not `9`',
    ],
    ['kernel 0123456789abcdef\n  stage maybe\n', 'line 2: stage is never, auto, always, not `maybe`'],
    ['kernel 0123456789abcdef\n  tile 4\n', 'line 2: there is no `tile`'],
    ['kernel 0123456789abcdef 3\n', 'line 1: `3` is one word too many'],
    ['kernel 0123456789abcdef\nkernel 0123456789abcdef\n', 'line 2: kernel 0123456789abcdef is there twice'],
    ['kernel 0123456789abcdef\nvectors 2\nvectors 3\n', 'line 3: vectors is there twice'],
  ])('%j is refused', async (text, message) => {
    const { cnnc, file, names } = folder();
    writeFileSync(file('tiny.cnn'), model);
    writeFileSync(file('bad.schedule'), text);
    const { status, out, err } = await cnnc('build', 'tiny.cnn', '--schedule', 'bad.schedule');
    expect([status, out]).toEqual([1, '']);
    expect(err).toContain(`cnnc: bad.schedule: ${message}`);
    expect(names()).toEqual(['bad.schedule', 'tiny.cnn']);
  });
});
