import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MemoryBuffer } from '../../compiler/plan/index.ts';
import { checkPlan, planMemory, withinSlab } from '../../compiler/plan/index.ts';

const buffersOf = (lives: readonly (readonly [bytes: number, from: number, to: number])[]): MemoryBuffer[] =>
  lives.map(([bytes, firstUse, lastUse], i) => ({ name: `b${i}`, bytes, firstUse, lastUse }));

describe('memory in slabs', () => {
  it('has no buffer in two of them, whatever is alive when', () => {
    const interval = fc
      .tuple(fc.nat({ max: 4096 }), fc.nat({ max: 30 }), fc.nat({ max: 15 }))
      .map(([bytes, from, length]) => [bytes, from, from + length] as const);
    const lives = fc.array(interval, { maxLength: 40 });
    fc.assert(
      fc.property(lives, fc.integer({ min: 16, max: 40 }), (given, units) => {
        const buffers = buffersOf(given);
        const slab = units * 256;
        const plan = planMemory(buffers, slab);
        checkPlan(buffers, plan.offsets, plan.bytes, slab);
        plan.offsets.forEach((offset, i) => {
          const last = offset + Math.max(1, buffers[i]?.bytes ?? 0) - 1;
          expect(Math.floor(last / slab)).toBe(Math.floor(offset / slab));
        });
        expect(plan.bound).toBe(planMemory(buffers).bound);
        expect(planMemory(buffers, slab)).toEqual(plan);
      }),
      { numRuns: 300 },
    );
  });

  it('changes nothing where one is enough', () => {
    const buffers = buffersOf([
      [1000, 0, 3],
      [5000, 1, 2],
      [700, 2, 5],
    ]);
    const plan = planMemory(buffers);
    expect(planMemory(buffers, plan.bytes)).toEqual(plan);
    expect(planMemory(buffers, plan.bytes - 256).offsets).not.toEqual(plan.offsets);
  });

  it('leaves the rest of a slab to what fits', () => {
    // 768 + 768 do not fit into 1024; 256 goes beside one of them.
    const buffers = buffersOf([
      [768, 0, 1],
      [768, 0, 1],
      [256, 0, 1],
    ]);
    const { offsets, bytes } = planMemory(buffers, 1024);
    expect(bytes).toBe(1792);
    expect(offsets.map((offset) => Math.floor(offset / 1024)).toSorted()).toEqual([0, 0, 1]);
  });

  it('is refused by the check where a buffer lies across an end', () => {
    const one = buffersOf([[512, 0, 0]]);
    const check = (offset: number, slab: number) => () => checkPlan(one, [offset], 4096, slab);
    expect(check(512, 1024)).not.toThrow();
    expect(check(768, 1024)).toThrow(/b0 at 768…1280 lies in two slabs of 1024/);
    expect(check(768, 2048)).not.toThrow();
    expect(check(0, 256)).toThrow(/two slabs/);
  });
});

it('withinSlab moves to the next slab only what crosses the end of one', () => {
  expect(withinSlab(0, 1024, 1024)).toBe(0);
  expect(withinSlab(256, 768, 1024)).toBe(256);
  expect(withinSlab(256, 1024, 1024)).toBe(1024);
  expect(withinSlab(1024, 1024, 1024)).toBe(1024);
  expect(withinSlab(1280, 900, 1024)).toBe(2048);
});
