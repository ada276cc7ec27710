import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MemoryBuffer } from '../../compiler/plan/index.ts';
import { checkPlan, planMemory } from '../../compiler/plan/index.ts';
import { generator } from '../support/samples.ts';

const round = (bytes: number): number => Math.ceil(bytes / 256) * 256;

/** The largest sum live at once, time by time. */
function bruteBound(buffers: readonly MemoryBuffer[]): number {
  const times = buffers.map(({ firstUse }) => firstUse);
  return Math.max(
    0,
    ...times.map((t) =>
      buffers
        .filter(({ firstUse, lastUse }) => firstUse <= t && t <= lastUse)
        .reduce((sum, { bytes }) => sum + round(bytes), 0),
    ),
  );
}

const buffersOf = (lives: readonly (readonly [bytes: number, from: number, to: number])[]): MemoryBuffer[] =>
  lives.map(([bytes, firstUse, lastUse], i) => ({ name: `b${i}`, bytes, firstUse, lastUse }));

/** Plans, checks, and gives planned bytes over the bound. */
function ratio(buffers: readonly MemoryBuffer[]): number {
  const plan = planMemory(buffers);
  checkPlan(buffers, plan.offsets, plan.bytes);
  expect(plan.bound).toBe(bruteBound(buffers));
  return plan.bytes / plan.bound;
}

const sizes = (count: number, seed: number): number[] => {
  const random = generator(seed);
  return Array.from({ length: count }, () => 1 + Math.floor(random() * 100_000));
};

describe('planMemory', () => {
  it('is sound, never below the bound and never above no sharing, for any buffers', () => {
    const interval = fc
      .tuple(fc.nat({ max: 5000 }), fc.nat({ max: 40 }), fc.nat({ max: 20 }))
      .map(([bytes, from, length]) => [bytes, from, from + length] as const);
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 40 }), (lives) => {
        const buffers = buffersOf(lives);
        const plan = planMemory(buffers);
        checkPlan(buffers, plan.offsets, plan.bytes);
        expect(plan.bound).toBe(bruteBound(buffers));
        expect(plan.bytes).toBeGreaterThanOrEqual(plan.bound);
        expect(plan.bytes).toBeLessThanOrEqual(buffers.reduce((sum, { bytes }) => sum + round(bytes), 0));
        expect(planMemory(buffers)).toEqual(plan);
      }),
      { numRuns: 300 },
    );
  });

  it('reaches the bound for chains', () => {
    for (const seed of [1, 2, 3])
      expect(ratio(buffersOf(sizes(60, seed).map((bytes, i) => [bytes, i, i + 1])))).toBe(1);
  });

  it('reaches the bound for residual nets: every third value lives past the next two', () => {
    for (const seed of [1, 2, 3, 4, 5])
      expect(
        ratio(buffersOf(sizes(60, seed).map((bytes, i) => [bytes, i, i % 3 === 0 ? i + 3 : i + 1]))),
      ).toBe(1);
  });

  it('reaches the bound for branches that join: four values at a time meet in a fifth', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const lives = sizes(50, seed).map((bytes, i) => {
        const join = i - (i % 5) + 5;
        return [bytes, i, i % 5 === 4 ? join + 3 : join - 1] as const;
      });
      expect(ratio(buffersOf(lives))).toBe(1);
    }
  });

  it('comes close to the bound for a training step: activations live until their gradient', () => {
    const depth = 40;
    const forward = sizes(depth, 7).map((bytes, i) => [bytes, i, 2 * depth - i] as const);
    const backward = sizes(depth, 7).map((bytes, i) => [bytes, 2 * depth - i, 2 * depth - i + 1] as const);
    const gradients = sizes(depth, 9).map((bytes, i) => [bytes, 2 * depth - i, 3 * depth] as const);
    expect(ratio(buffersOf([...forward, ...backward, ...gradients]))).toBeLessThan(1.08);
  });

  it('plans no buffers, empty ones and ones that are alone', () => {
    expect(planMemory([])).toMatchObject({ offsets: [], bytes: 0, bound: 0 });
    expect(planMemory(buffersOf([[0, 1, 5]]))).toMatchObject({ offsets: [0], bytes: 0, bound: 0 });
    expect(planMemory(buffersOf([[1, 1, 5]]))).toMatchObject({ offsets: [0], bytes: 256, bound: 256 });
  });

  it('looks at a number of buffers that grows with the chain, not with its square', () => {
    const steps = (length: number): number =>
      planMemory(buffersOf(sizes(length, 3).map((bytes, i) => [bytes, i, i + 1]))).steps;
    expect(steps(8000)).toBeLessThan(2.5 * steps(4000));
  });

  it('plans thousands of buffers that live long in bounded work', () => {
    const depth = 1500;
    const lives = sizes(depth, 5).flatMap((bytes, i) => [
      [bytes, i, 2 * depth - i] as const,
      [bytes, 2 * depth - i, 2 * depth - i + 1 + (i % 4)] as const,
    ]);
    const buffers = buffersOf(lives);
    const plan = planMemory(buffers);
    checkPlan(buffers, plan.offsets, plan.bytes);
    expect(plan.bytes / plan.bound).toBeLessThan(1.05);
    expect(plan.steps).toBeLessThan(40_000_000);
  });
});

describe('checkPlan', () => {
  const buffers = buffersOf([
    [1000, 0, 2],
    [500, 1, 3],
    [2000, 3, 4],
    [300, 2, 2],
  ]);
  const { offsets, bytes } = planMemory(buffers);

  it('accepts the plan', () => {
    expect(() => checkPlan(buffers, offsets, bytes)).not.toThrow();
  });

  it('finds every pair that is moved onto each other, by name', () => {
    const pairs = buffers.flatMap((a, i) => buffers.slice(i + 1).map((b) => [a, b] as const));
    for (const [a, b] of pairs) {
      const [i, j] = [buffers.indexOf(a), buffers.indexOf(b)];
      const moved = offsets.with(j, offsets[i] as number);
      const together = a.firstUse <= b.lastUse && b.firstUse <= a.lastUse;
      const run = (): void => checkPlan([a, b], [moved[i] as number, moved[j] as number], 8192);
      if (together) expect(run).toThrow(new RegExp(`${a.name}.*${b.name}|${b.name}.*${a.name}`));
      else expect(run).not.toThrow();
    }
  });

  it('finds an overlap of the last bytes', () => {
    expect(() =>
      checkPlan(
        buffersOf([
          [257, 0, 1],
          [10, 1, 1],
        ]),
        [0, 256],
        1024,
      ),
    ).toThrow(/share memory/);
    expect(() =>
      checkPlan(
        buffersOf([
          [256, 0, 1],
          [10, 1, 1],
        ]),
        [0, 256],
        1024,
      ),
    ).not.toThrow();
  });

  it('finds every random move that makes two live buffers overlap', () => {
    const arena = 16;
    const live = fc.tuple(
      fc.integer({ min: 1, max: 1024 }),
      fc.nat({ max: 6 }),
      fc.nat({ max: 3 }),
      fc.nat({ max: arena - 4 }),
    );
    fc.assert(
      fc.property(fc.array(live, { minLength: 2, maxLength: 8 }), (drawn) => {
        const some = buffersOf(drawn.map(([size, from, length]) => [size, from, from + length]));
        const at = drawn.map(([, , , place]) => place * 256);
        const clash = some.some((a, i) =>
          some.some(
            (b, j) =>
              i < j &&
              a.firstUse <= b.lastUse &&
              b.firstUse <= a.lastUse &&
              (at[i] as number) < (at[j] as number) + b.bytes &&
              (at[j] as number) < (at[i] as number) + a.bytes,
          ),
        );
        const run = (): void => checkPlan(some, at, arena * 256);
        if (clash) expect(run).toThrow(/share memory/);
        else expect(run).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });

  it('refuses offsets outside of the arena, off the grid, or missing', () => {
    const one = buffersOf([[300, 0, 1]]);
    expect(() => checkPlan(one, [256], 512)).toThrow(/b0 at 256/);
    expect(() => checkPlan(one, [128], 1024)).toThrow(/b0 at 128/);
    expect(() => checkPlan(one, [-256], 1024)).toThrow(/b0/);
    expect(() => checkPlan(one, [], 1024)).toThrow(/one offset per buffer/);
    expect(() => checkPlan(one, [NaN], 1024)).toThrow(/no offset/);
    expect(() => checkPlan(buffersOf([[1, 3, 2]]), [0], 1024)).toThrow(/before it is born/);
  });
});
