import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Pace } from '../../runtime/pace.ts';
import type { Launch, Routine } from '../../runtime/program.ts';
import { scriptEngine } from '../../runtime/script.ts';

const wait = (ms: number): void => {
  for (const began = performance.now(); performance.now() - began < ms;);
};

describe('the event loop has its turn', () => {
  let now = 1000;
  beforeEach(() => void vi.spyOn(performance, 'now').mockImplementation(() => now));
  afterEach(() => void vi.restoreAllMocks());

  /** Kernels of so many milliseconds each. */
  const busy = (count: number, ms: number): readonly Launch[] =>
    Array.from({ length: count }, () => ({ run: () => void (now += ms) }));

  /** How often `task` rests, and how often other work ran meanwhile. */
  async function turns(task: (pace: Pace) => Promise<unknown>) {
    const pace = new Pace();
    const rest = vi.spyOn(pace, 'rest');
    let [count, over] = [0, false];
    const tick = (): void => {
      if (over) return;
      count++;
      setImmediate(tick);
    };
    setImmediate(tick);
    pace.begin();
    await task(pace);
    over = true;
    return { rests: rest.mock.calls.length, count };
  }

  test('after two kernels of 8 ms at the latest', async () => {
    const { rests, count } = await turns((pace) => pace.launch(busy(8, 8), 1));
    expect(rests).toBe(4);
    // The message that ends the first rest may come before anything else.
    expect(count).toBeGreaterThanOrEqual(3);
  });
  test('in the commit phase, too', async () => {
    const engine = scriptEngine({ bytes: 0 } as Parameters<typeof scriptEngine>[0]);
    const routine: Routine = { inputs: [], results: [], launches: [], commit: busy(8, 8) };
    const plan = { maxBatch: 1, bytes: 0, bind: () => routine };
    expect((await turns((pace) => engine.run(plan, 1, pace, () => {}))).rests).toBe(4);
  });
  test('and not while it had one a moment ago: before the call, or in the last rest', async () => {
    const pace = new Pace();
    const isDueAfter = (ms: number): boolean => {
      now += ms;
      return pace.worked();
    };
    pace.begin();
    expect([isDueAfter(5), isDueAfter(8)]).toEqual([false, true]);
    await pace.rest();
    expect([isDueAfter(5), isDueAfter(8)]).toEqual([false, true]);
  });
});

describe('a kernel in parts', () => {
  async function partsOf(launch: Omit<Launch, 'run'>, samples: number, ms: number): Promise<number[][]> {
    const ran: number[][] = [];
    const run: Launch['run'] = (_, start, end) => {
      ran.push([start, end]);
      wait(ms);
    };
    await new Pace().launch([{ ...launch, run }], samples);
    return ran;
  }

  test('begins with one iteration and takes more while they are short', async () => {
    const ran = await partsOf({ parts: 'N' }, 64, 0);
    expect(ran[0]).toEqual([0, 1]);
    expect(ran.length).toBeLessThan(64);
    expect(ran.map(([start]) => start)).toEqual([0, ...ran.slice(0, -1).map(([, end]) => end)]);
    expect(ran.at(-1)![1]).toBe(64);
  });
  test('keeps to one where that is long', async () => {
    const ran = await partsOf({ parts: 3 }, 99, 5);
    expect(ran.map(([start, end]) => end! - start!)).toEqual([1, 1, 1]);
  });
  test('counts the iterations of the loop inside', async () => {
    expect((await partsOf({ parts: 'N', each: 3 }, 2, 0)).at(-1)![1]).toBe(6);
  });
});
