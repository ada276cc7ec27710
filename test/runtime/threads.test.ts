/** Kernels in workers: the same bits, and what happens where workers do not start or die. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ThreadOptions } from '../../runtime/types.ts';
import { compileText } from '../support/module.ts';
import type { Model, TinyModule } from './tiny.ts';
import { failure, hex, moduleOf, points, tinyText } from './tiny.ts';

const data = points(18);
let createModel: (options: ThreadOptions) => ReturnType<TinyModule['createModel']>;
/** Of the same model after the same steps on one thread. */
let expected: string;
beforeAll(async () => {
  ({ createModel } = await moduleOf(tinyText));
  expected = await trained(await createModel({ seed: 1 }));
});
afterEach(() => void vi.unstubAllGlobals());

async function trained(model: Model): Promise<string> {
  await model.fit(data, { epochs: 2 });
  const result = await hex(model.saveWeights());
  await model.dispose();
  return result;
}

/** Starts workers that run the script as `change` leaves it, and keeps them. */
function crew(change: (script: string) => string = (script) => script) {
  const workers: Worker[] = [];
  const createWorker = (script: string): Worker => {
    const worker = new Worker(change(script), { eval: true });
    workers.push(worker);
    return worker;
  };
  return { workers, createWorker };
}

describe('threads', () => {
  test.each([1, 2, 3, 7])('%i give the same bits', async (threads) => {
    const model = await createModel({ seed: 1, threads });
    expect(model.info).toMatchObject({ target: 'wasm', threads });
    expect(model.info).not.toHaveProperty('reason');
    expect(await trained(model)).toBe(expected);
  });
  test.each([0, 1.5, -1, 65, NaN])('%d is refused', async (threads) => {
    expect(await failure(createModel({ seed: 1, threads }))).toMatchObject({ code: 'options' });
  });
  test('calls at the same time take turns', async () => {
    const [one, two] = [await createModel({ seed: 1 }), await createModel({ seed: 1, threads: 2 })];
    const inputs = Array.from({ length: 5 }, (_, i) => ({ x: data.x.slice(3 * i, 3 * i + 3) }));
    expect(await Promise.all(inputs.map((x) => two.predict(x)))).toEqual(
      await Promise.all(inputs.map((x) => one.predict(x))),
    );
    await two.dispose();
  });
  test('the search for what went bad finds the layer', async () => {
    const open = await moduleOf(tinyText.replace('tanh', 'relu'));
    const x = data.x.slice().fill(3e38, 0, 12);
    const errors = [1, 2].map(async (threads) => {
      const model = await (open.createModel as typeof createModel)({ seed: 1, threads });
      const error = await failure(model.fit({ ...data, x }, { shuffle: false }));
      await model.dispose();
      return [error.code, error.message];
    });
    expect(await errors[1]).toEqual(await errors[0]);
    expect(await errors[1]).toEqual([
      'not-finite',
      expect.stringMatching(/ \(model.cnn:\d\) is the first to give Infinity/),
    ]);
  });
});

describe('one thread works where', () => {
  const reasons: [string, () => ThreadOptions, RegExp][] = [
    [
      'there is no SharedArrayBuffer',
      () => {
        vi.stubGlobal('SharedArrayBuffer', undefined);
        return {};
      },
      /no SharedArrayBuffer/,
    ],
    [
      'workers are refused',
      () => ({
        createWorker: () => {
          throw new Error('a policy');
        },
      }),
      /workers do not start .*a policy/,
    ],
    ['workers fail', () => crew(() => 'throw new Error("broken")'), /workers do not start .*broken/],
    ['a worker ends', () => crew(() => ''), /workers do not start .*exit 0/],
  ];
  test.each(reasons)('%s', async (_, options, reason) => {
    const model = await createModel({ seed: 1, threads: 2, ...options() });
    expect(model.info).toMatchObject({ threads: 1, reason: expect.stringMatching(reason) });
    expect(await trained(model)).toBe(expected);
  });
});

test('a module without workers says that it has no threads', async () => {
  const module: { createModel: typeof createModel } = await moduleOf(tinyText, { threads: false });
  const model = await module.createModel({ seed: 1, threads: 2 });
  expect(model.info).toMatchObject({ threads: 1, reason: 'threads: this module has none' });
  expect((await module.createModel({ seed: 1, threads: 1 })).info.reason).toBeUndefined();
});

test.each<[ThreadOptions, string]>([
  [{ threads: 2 }, 'threads: these are TypeScript kernels'],
  [{ fast: true }, 'fast: these are TypeScript kernels'],
  [{ threads: 2, fast: true }, 'threads, fast: these are TypeScript kernels'],
])('a module of TypeScript kernels says why it ignores %o', async (options, reason) => {
  const module: { createModel: typeof createModel } = await moduleOf(tinyText, { kernels: 'ts' });
  const { info } = await module.createModel({ seed: 1, ...options });
  expect(info).toMatchObject({ target: 'ts', threads: 1, reason });
  expect(info).not.toHaveProperty('fast');
  const plain = await module.createModel({ seed: 1, threads: 1, fast: false });
  expect(plain.info).not.toHaveProperty('reason');
});

describe('a worker that dies', () => {
  /** In the second step; `where` is in the worker's script. */
  const dying = (where: string) => {
    const call = /( *)exports\[.*\n/.exec(where)?.[0];
    expect(call).toBeDefined();
    return call!;
  };
  const dies = "if (thread === 1 && names[words[2]] === 'step' && ++steps === 2) throw new Error('died');\n";
  const before = (script: string) =>
    `let steps = 0;\n${script.replace(dying(script), (call) => dies + call)}`;
  const after = (script: string) => `let steps = 0;\n${script.replace(dying(script), (call) => call + dies)}`;

  test('before the commit phase: the call rejects, and the weights are those of the step before', async () => {
    const one = await createModel({ seed: 1 });
    const stop = new AbortController();
    await failure(one.fit(data, { onBatchEnd: () => stop.abort(), signal: stop.signal }));
    const model = await createModel({ seed: 1, threads: 2, ...crew(before) });
    const error = await failure(model.fit(data));
    expect(error).toMatchObject({ name: 'ModelError', code: 'worker' });
    expect(error.message).toMatch(/died/);
    expect(model.info.threads).toBe(1);
    expect(await hex(model.saveWeights())).toBe(await hex(one.saveWeights()));
    expect(await model.predict(data)).toEqual(await one.predict(data));
  });
  test('within it: the model is of no use until weights are loaded', async () => {
    const model = await createModel({ seed: 1, threads: 2, ...crew(after) });
    const weights = await model.saveWeights();
    const checkpoint = await model.saveCheckpoint();
    expect(await failure(model.fit(data))).toMatchObject({ code: 'worker' });
    for (const call of [
      () => model.predict(data),
      () => model.evaluate(data),
      () => model.fit(data),
      () => model.saveWeights(),
      () => model.saveCheckpoint(),
      () => model.loadWeights(weights, { only: 'head' }),
    ]) {
      expect(await failure(call())).toMatchObject({ code: 'weights-lost' });
    }
    await model.loadWeights(weights);
    expect(await hex(model.saveWeights())).toBe(await hex(weights));
    await model.fit(data, { epochs: 2, resume: checkpoint });
    expect(await hex(model.saveWeights())).toBe(expected);
  });
  test('between calls: the others go on without', async () => {
    const { workers, createWorker } = crew();
    const model = await createModel({ seed: 1, threads: 3, createWorker });
    await workers[1]!.terminate();
    expect(await trained(model)).toBe(expected);
    expect(model.info.threads).toBe(1);
  });
});

describe('a process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cnnc-threads-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const { files } = compileText(tinyText);
  writeFileSync(join(folder, 'tiny.mjs'), files.find(({ path }) => path.endsWith('.js'))!.content);

  test('waits for what it asked of workers, and does not wait for idle ones', () => {
    const script = `
      import { createModel } from './tiny.mjs';
      const model = await createModel({ seed: 1, threads: 2 });
      const x = Float32Array.from({ length: 54 }, (_, i) => Math.sin(i));
      const truth = new Int32Array(18);
      await model.fit({ x, truth });
      const { kind } = await model.predict({ x });
      console.log(model.info.threads, kind.length);
    `;
    writeFileSync(join(folder, 'use.mjs'), script);
    const out = execFileSync(process.execPath, [join(folder, 'use.mjs')], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(out).toBe('2 36\n');
  });
  test('of a module without threads has no word of them', () => {
    const [file] = compileText(tinyText, { threads: false }).files;
    expect(file!.content).not.toMatch(/Worker|threads: n|Atomics/);
    expect(files[0]!.content).toMatch(/Worker/);
  });
});
