/** Kernels whose loops are bound to workgroups and threads: what runs together, and what is refused. */
import { describe, expect, it } from 'vitest';
import { interpret } from '../../compiler/loop/interpret.ts';
import { parseKernel } from '../../compiler/loop/parse.ts';
import { problemsOf } from '../../compiler/loop/verify.ts';

/** Sums rows of eight with four threads. `at`: what stands in place of a piece of the text. */
function rowSums(at: Readonly<Record<string, string>> = {}): string {
  const text = `kernel k [reduction](x: f32[N, 8]) -> (y: f32[N]) {
  for n: N in 0..N bind(workgroup_x) {
    alloc workgroup part: f32[4]
    for t: 4 in 0..4 bind(thread_x) {
      alloc register sum: f32[]
      sum[] = 0.0
      for k: 2 in 0..2 {
        sum[] add= x[n, 4 * k + t]
      }
      part[t] = sum[]
      barrier
      for level: 2 in 0..2 {
        let other: f32 = part[t]
        barrier
        if 0 <= t < 2 {
          part[t] = other + sum[]
        }
        barrier
      }
      if 0 <= t < 1 {
        y[n] = part[0] + part[1] + part[2] + part[3]
      }
    }
  }
}
`;
  return Object.entries(at).reduce((all, [piece, by]) => all.replace(piece, by), text);
}

const tree = rowSums({
  'for level: 2 in 0..2': 'for level: 1 in 0..1',
  'let other: f32 = part[t]': 'let other: f32 = part[3 - t]',
  ' + part[2] + part[3]': '',
});

const x = Float32Array.from({ length: 16 }, (_, i) => i + 1);

function run(text: string, options: { readonly races?: boolean } = {}): number[] {
  const y = new Float32Array(2);
  interpret(parseKernel(text), [x, y], { n: 2, precision: 'f32', ...options });
  return [...y];
}

describe('workgroups', () => {
  it('run all threads to a barrier before one goes on, each with its registers and locals', () => {
    expect(problemsOf(parseKernel(tree))).toEqual([]);
    expect(run(tree)).toEqual([36, 100]);
    expect(run(tree, { races: true })).toEqual([36, 100]);
  });

  it('keep registers and locals over several barriers in a loop', () => {
    // Level 1: part[t] = part[t] + sum; level 2 the same again, for threads 0 and 1: 3 + 3 + 1 + 1 sums.
    const sums = [1 + 5, 2 + 6, 3 + 7, 4 + 8];
    const [a, b, c, d] = sums as [number, number, number, number];
    expect(run(rowSums())[0]).toBe(3 * a + 3 * b + c + d);
  });

  it('start with memory that holds nothing', () => {
    expect(run(tree.replace('part[t] = sum[]', 'part[t] add= sum[]'))).toEqual([NaN, NaN]);
  });

  it('find two threads that write one element, and a read of what another thread writes', () => {
    const raced = (piece: string, by: string) => () => run(tree.replace(piece, by), { races: true });
    expect(raced('if 0 <= t < 1', 'if 0 <= t < 2')).toThrow('thread 1 writes y[0] as thread 0 wrote it');
    expect(raced('part[t] = sum[]\n      barrier', 'part[t] = sum[]')).toThrow(/thread \d reads part\[\d\]/);
    expect(raced('part[3 - t]\n        barrier', 'part[1]')).toThrow(
      'thread 1 writes part[1] as another read it',
    );
    const shared = tree.replace('y[n] =', 'y[0] =').replace('part[0] + part[1]', 'part[0]');
    expect(() => run(shared, { races: true })).toThrow('thread 4 writes y[0] as thread 0 wrote it');
  });
});

describe('the form of bound kernels', () => {
  const problems = (piece: string, by: string): string => {
    expect(tree).toContain(piece);
    return problemsOf(parseKernel(tree.replace(piece, by))).join('; ');
  };

  it('has barriers only where all threads come by', () => {
    const guarded = tree.replace(
      '        barrier\n        if 0 <= t < 2 {',
      '        if 0 <= t < 2 {\n          barrier',
    );
    expect(problemsOf(parseKernel(guarded))).toContain('a barrier stands in a condition');
    expect(() => run(guarded)).toThrow('not every thread reaches the barrier');
    const bounds = tree.replace('for level: 1 in 0..1', 'for level: 1 in 0..floor((t + 1) / 2)');
    expect(problemsOf(parseKernel(bounds)).join()).toContain('which threads run differently');
    expect(() => run(bounds)).toThrow('not every thread reaches the barrier in level');
    expect(problems('for t: 4 in 0..4 bind(thread_x)', 'for t: 4 in 0..4')).toContain(
      'a kernel without threads',
    );
  });

  it('has a number of workgroups and threads that is known before it runs', () => {
    expect(problems('for n: N in 0..N bind', 'for n: N in 1..N bind')).toContain('it does not begin with 0');
    expect(problems('for t: 4 in 0..4 bind', 'for t: 4 in 0..min(4, N) bind')).toContain(
      'it has several bounds',
    );
    expect(problems('for t: 4 in 0..4 bind', 'for t: 4 in 0..N bind')).toContain('its end is not a constant');
  });

  it('has bound loops outside of everything else, and memory of workgroups between them', () => {
    expect(problems('for k: 2 in 0..2', 'for k: 2 in 0..2 bind(thread_y)')).toContain(
      'k is bound inside of something else',
    );
    expect(problems('alloc register sum', 'alloc workgroup sum')).toContain(
      'sum is not shared by the threads',
    );
    expect(problems('alloc workgroup part', 'alloc register part')).toContain(
      'part stands outside of the threads',
    );
    expect(problems('bind(workgroup_x)', 'bind(thread_x)')).toContain('two loops over thread x');
  });
});
