/** The parts of the page that need no page. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { centred } from '../../app/play/centre.ts';
import { answerOf, truthOf } from '../../app/play/classifier.ts';
import { Clock } from '../../app/play/clock.ts';
import { latest } from '../../app/play/latest.ts';
import { findMistakes } from '../../app/play/mistakes.ts';
import { RemoteDataset } from '../../app/play/remote-data.ts';
import { sampleReader } from '../../compiler/cli/play/samples.ts';
import { arrayDataset } from '../../compiler/data/index.ts';
import type { Batch, PortInfo } from '../../runtime/types.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('centred', () => {
  const [width, height] = [30, 20];
  /** RGBA with ink on these pixels. */
  const drawing = (ink: readonly (readonly [number, number])[], paper = 0) => {
    const data = new Uint8ClampedArray(4 * width * height).map((_, i) => (i % 4 === 3 ? 255 : paper));
    for (const [x, y] of ink) data.fill(255 - paper, 4 * (y * width + x), 4 * (y * width + x) + 3);
    return { data, width, height };
  };
  const inkOf = (
    { data, width: columns }: { data: Uint8Array | Uint8ClampedArray; width: number },
    paper = 0,
  ) =>
    Array.from({ length: data.length / 4 }, (_, i) => i)
      .filter((i) => data[4 * i] !== paper)
      .map((i) => [i % columns, Math.floor(i / columns)])
      .sort(([a = 0, b = 0], [c = 0, d = 0]) => b - d || a - c);
  const block = Array.from({ length: 50 }, (_, i) => [20 + (i % 5), 8 + Math.floor(i / 5)] as const);

  test('puts the middle of the ink in the middle, with 4 of 28 around the longer side', () => {
    const result = centred(drawing(block), 0);
    expect([result.width, result.height]).toEqual([14, 14]);
    // The middle is 22.5, 13; of 14 columns, 9 cannot be shared evenly.
    expect(inkOf(result)).toEqual(block.map(([x, y]) => [x - 16, y - 6]));
  });

  test('leaves no ink outside, however far the middle is from that of the box', () => {
    const heavy = Array.from({ length: 100 }, (_, i) => [i % 10, Math.floor(i / 10)] as const);
    const line = Array.from({ length: 20 }, (_, i) => [10 + i, 0] as const);
    const result = centred(drawing([...heavy, ...line]), 0);
    expect(inkOf(result)).toHaveLength(120);
  });

  test('fills what lies outside of the drawing with paper', () => {
    const result = centred(drawing([[0, 0]], 255), 255);
    expect(inkOf(result, 255)).toHaveLength(1);
    expect([...result.data].filter((_, i) => i % 4 === 3).every((alpha) => alpha === 255)).toBe(true);
  });

  test('leaves an empty drawing as it is', () => {
    expect(centred(drawing([]), 0)).toMatchObject({ width, height });
  });
});

test('answers are those of the largest share; one number is the share of the second class', () => {
  expect(answerOf(Float32Array.of(0.25, 0.5, 0.25))).toEqual({ predicted: 1, confidence: 0.5 });
  expect(answerOf(Float32Array.of(0.75))).toEqual({ predicted: 1, confidence: 0.75 });
  expect(answerOf(Float32Array.of(0.25))).toEqual({ predicted: 0, confidence: 0.75 });
});

test('truths are indices, 0 or 1, or a one in its place', () => {
  expect(truthOf(Int32Array.of(7), { name: 't', dtype: 'i32', shape: [] })).toBe(7);
  expect(truthOf(Float32Array.of(1), { name: 't', dtype: 'f32', shape: [1] })).toBe(1);
  expect(truthOf(Float32Array.of(0, 0, 1), { name: 't', dtype: 'f32', shape: [3] })).toBe(2);
});

test('counts what is taken for what', async () => {
  const [x, t] = [
    { name: 'x', dtype: 'f32', shape: [3] },
    { name: 't', dtype: 'i32', shape: [] },
  ] as const satisfies readonly PortInfo[];
  const truths = [0, 0, 1, 2, 2, 2];
  const answers = [0, 1, 1, 0, 0, 2];
  const rows = answers.map((number) => [0, 1, 2].map((i) => (i === number ? 0.8 : 0.1)));
  const arrays = { x: Float32Array.from(rows.flat()), t: Int32Array.from(truths) };
  const data = arrayDataset([x, t], arrays, truths.length, 'f');
  const model = {
    info: { maxBatch: { infer: 4 } },
    predict: ({ x: given }: Batch) => Promise.resolve({ y: given as Float32Array }),
  };
  const y: PortInfo = { name: 'y', dtype: 'f32', shape: [3] };
  const signature = { name: 'M', inputs: [x], labels: [t], outputs: [y], metrics: [] };
  const classifier = { output: 'y', label: 't', classes: ['a', 'b', 'c'] };
  const { checked, wrong, answered } = await findMistakes(model, signature, classifier, data, 100);
  expect([checked, wrong]).toEqual([6, 3]);
  const pairs = answered.map(({ truth, predicted, count }) => `${count} of ${truth} as ${predicted}`);
  expect(pairs).toEqual(['1 of 0 as 0', '1 of 0 as 1', '1 of 1 as 1', '2 of 2 as 0', '1 of 2 as 2']);
});

test('the clock stands still in pauses, and does not count the first batch', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const clock = new Clock();
  const at = (batch: number) => ({ epoch: 1, epochs: 2, batch, batches: 10, scores: {} });
  clock.begin();
  vi.advanceTimersByTime(5000);
  clock.step(at(1));
  expect(clock.speed(at(1))).toEqual({});
  vi.advanceTimersByTime(2000);
  clock.pause();
  let going = false;
  void clock.running.then(() => (going = true));
  vi.advanceTimersByTime(60_000);
  await Promise.resolve();
  expect(going).toBe(false);
  clock.resume();
  await Promise.resolve();
  expect(going).toBe(true);
  clock.step(at(5));
  expect(clock.speed(at(5))).toEqual({ left: 15 * 0.5, batchesPerSecond: 2 });
});

test('work that is asked for while it runs is done once more, not once each', async () => {
  vi.useFakeTimers();
  const failed = vi.fn();
  let runs = 0;
  const ask = latest(
    async () => {
      runs++;
      await new Promise((done) => setTimeout(done, 10));
      if (runs === 2) throw new Error('once');
    },
    5,
    failed,
  );
  for (let i = 0; i < 5; i++) ask();
  await vi.advanceTimersByTimeAsync(100);
  expect(runs).toBe(2);
  expect(failed).toHaveBeenCalledTimes(1);
  ask();
  await vi.advanceTimersByTimeAsync(100);
  expect(runs).toBe(3);
});

describe('samples from the server', () => {
  const ports: readonly PortInfo[] = [
    { name: 'x', dtype: 'f32', shape: [3] },
    { name: 'b', dtype: 'u8', shape: [] },
  ];
  const size = 10;
  const arrays = {
    x: Float32Array.from({ length: 3 * size }, (_, i) => i / 7),
    b: Uint8Array.from({ length: size }, (_, i) => 3 * i),
  };
  const answer = sampleReader(arrayDataset(ports, arrays, size, 'f'), ports);
  const asked: number[][] = [];
  const serve = (): void => {
    asked.length = 0;
    vi.stubGlobal('fetch', async (path: string, { body }: { body: Uint32Array }) => {
      expect(path).toBe('/data/train');
      asked.push([...body]);
      return new Response(Uint8Array.from(await answer(Buffer.from(body.buffer))));
    });
  };
  const read = async (data: RemoteDataset, ...indices: number[]) => {
    const into = { x: new Float32Array(3 * indices.length), b: new Uint8Array(indices.length) };
    await data.read(Uint32Array.from(indices), into);
    expect([...into.b]).toEqual(indices.map((i) => 3 * i));
    expect([...into.x]).toEqual(indices.flatMap((i) => [...arrays.x.subarray(3 * i, 3 * i + 3)]));
  };

  test('are read once each', async () => {
    serve();
    const data = new RemoteDataset('/data/train', { size, fingerprint: 'f', what: '' }, ports);
    await read(data, 4, 2, 9);
    await read(data, 9, 1, 4);
    await read(data, 1, 2, 4, 9);
    expect(asked).toEqual([[4, 2, 9], [1]]);
  });

  test('are read again and again where they are too many to keep, and not too many at once', async () => {
    serve();
    const data = new RemoteDataset('/data/train', { size: 2 ** 28, fingerprint: 'f', what: '' }, ports);
    await read(data, 4, 2);
    await read(data, 4, 2);
    expect(asked).toEqual([
      [4, 2],
      [4, 2],
    ]);
    const large: PortInfo = { name: 'x', dtype: 'u8', shape: [2 ** 22] };
    const big = new RemoteDataset('/data/train', { size: 9, fingerprint: 'f', what: '' }, [large]);
    const counts: number[] = [];
    vi.stubGlobal('fetch', (_: string, { body }: { body: Uint32Array }) => {
      counts.push(body.length);
      return Promise.resolve(new Response(new Uint8Array(body.length * 2 ** 22).fill(counts.length)));
    });
    const x = new Uint8Array(9 * 2 ** 22);
    await big.read(
      Uint32Array.from({ length: 9 }, (_, i) => i),
      { x },
    );
    expect(counts).toEqual([4, 4, 1]);
    expect([0, 3, 4, 8].map((i) => x[i * 2 ** 22])).toEqual([1, 1, 2, 3]);
  });

  test('a refusal is told', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('no disk', { status: 500 })));
    const data = new RemoteDataset('/data/train', { size, fingerprint: 'f', what: '' }, ports);
    await expect(
      data.read(Uint32Array.of(1), { x: new Float32Array(3), b: new Uint8Array(1) }),
    ).rejects.toThrow('the samples cannot be read: no disk');
  });
});
