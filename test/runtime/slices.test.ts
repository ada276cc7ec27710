/** When WebAssembly is called: all of a short routine at once, and long launches in parts. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Pace } from '../../runtime/pace.ts';
import type { Plan } from '../../runtime/program.ts';
import type { WasmBlueprint, WasmCall } from '../../runtime/wasm.ts';
import { engineOf } from '../../runtime/wasm.ts';

type Call = Parameters<WasmCall>;

/** A clock that only `wait` moves, so that a busy machine changes nothing. */
let now = 0;
beforeEach(() => {
  now = 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => void vi.restoreAllMocks());
const wait = (ms: number): void => void (now += ms);

/** An engine whose launches are busy for so many milliseconds each; `N` says how many samples that is for. */
function fakeEngine(times: number[], commits = 0, perSample = false) {
  const ran: Call[] = [];
  const infer: WasmCall = (...call) => {
    const [N, from, to, , threads] = call;
    ran.push(call);
    for (const time of times.slice(from, to)) wait((time * (perSample ? N : 1)) / threads);
  };
  const launches = times.slice(commits).map((): object => ({}));
  const commit = times.slice(0, commits).map((): object => ({}));
  const plan: Plan = { maxBatch: 1, bytes: 0, bind: () => ({ inputs: [], results: [], launches, commit }) };
  const engine = engineOf({ routines: { infer: plan } } as unknown as WasmBlueprint, {
    module: {},
    memory: { buffer: new ArrayBuffer(1024) },
    calls: { infer },
    info: { target: 'wasm', threads: 1 },
  });
  const pace = new Pace();
  /** The calls of one run. */
  const run = async (N = 1): Promise<Call[]> => {
    ran.length = 0;
    pace.begin();
    await engine.run(plan, N, pace, () => {});
    return [...ran];
  };
  return { run, pace };
}

/** The launches of each call that is not one of many parts. */
const whole = (calls: readonly Call[]) =>
  calls.filter(([, , , , threads]) => threads === 1).map(([, from, to]) => [from, to]);

/** How many parts each launch had that ran in parts. */
const parts = (calls: readonly Call[]) =>
  Object.fromEntries(
    calls.filter(([, , , , threads]) => threads > 1).map(([, from, , , threads]) => [from, threads]),
  );

describe('a routine', () => {
  test('runs in parts at first, each once, in their order', async () => {
    const { run } = fakeEngine([0, 0]);
    const shares = (i: number) => Array.from({ length: 8 }, (_, share) => [3, i, i + 1, share, 8]);
    expect(await run(3)).toEqual([...shares(0), ...shares(1)]);
  });
  test('that is short is one call from then on, with its commit phase', async () => {
    const { run } = fakeEngine([0, 0, 0, 0], 1);
    await run();
    expect(await run()).toEqual([[1, 0, 4, 0, 1]]);
    expect(await run()).toEqual([[1, 0, 4, 0, 1]]);
  });
  test('that is long is called for some launches at a time, and for those that are long in parts', async () => {
    const { run } = fakeEngine([3, 3, 30, 0, 0]);
    await run();
    const calls = await run();
    expect(whole(calls)).toEqual([
      [0, 2],
      [3, 5],
    ]);
    // 30 ms are four times 7.5 ms.
    expect(parts(calls)).toEqual({ 2: 4 });
    const shares = calls.filter(([, from]) => from === 2).map(([, , , share]) => share);
    expect(shares).toEqual([0, 1, 2, 3]);
  });
  test('of more samples than before is expected to take longer', async () => {
    const { run } = fakeEngine([1], 0, true);
    await run(1);
    expect(whole(await run(1))).toEqual([[0, 1]]);
    expect(parts(await run(32))).toEqual({ 0: 4 });
    // Fewer samples might take as long.
    expect(parts(await run(1))).toEqual({ 0: 4 });
    expect(whole(await run(1))).toEqual([[0, 1]]);
  });
  test('that became slow is timed again', async () => {
    const times = [0, 0];
    const { run } = fakeEngine(times);
    await run();
    times[1] = 20;
    expect(whole(await run())).toEqual([[0, 2]]);
    expect(parts(await run())).toEqual({ 0: 8, 1: 8 });
    expect(whole(await run())).toEqual([[0, 1]]);
  });
  test.each([[[6, 6, 6, 40]], [[1, 0, 90, 7, 7, 7]]])(
    'of %j ms lets the event loop have its turn',
    async (times) => {
      const { run, pace } = fakeEngine(times);
      const rests = [now];
      const rest = pace.rest.bind(pace);
      pace.rest = () => {
        rests.push(now);
        return rest();
      };
      for (let i = 0; i < 5; i++) await run();
      const gaps = [...rests, now].slice(1).map((time, i) => time - rests[i]!);
      expect(rests.length).toBeGreaterThan(10);
      // Of 90 ms, an eighth is 11 ms.
      expect(Math.max(...gaps)).toBeLessThan(24);
    },
  );
});
