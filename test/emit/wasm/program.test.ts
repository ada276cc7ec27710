/** Whole programs: which launches run, on which memory, and how threads wait for one another. */
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { emitWasm, pagesOf } from '../../../compiler/emit/wasm/index.ts';
import { waits } from '../../../compiler/emit/wasm/waits.ts';
import { maxPages } from '../../../compiler/emit/wasm/encode.ts';
import { parseKernel } from '../../../compiler/loop/parse.ts';
import type { Allocation, Launch, Program, Routine } from '../../../compiler/program/program.ts';
import { api } from './run.ts';

const size = 1000;

/** y = x moved on by one place, and 1 more; through scratch memory. */
const rotate = parseKernel(`kernel rotate [elementwise](x: f32[${size}]) -> (y: f32[${size}]) {
  for i: ${size} in 0..${size - 1} parallel {
    alloc scratch t: f32[1]
    t[0] = x[i + 1]
    y[i] = t[0] + 1.0
  }
  for j: ${size} in ${size - 1}..${size} parallel { y[j] = x[0] + 1.0 }
}`);
/** Not for several threads: y = x[0] + y. */
const add = parseKernel(
  `kernel add [elementwise](x: f32[${size}], a: f32[1]) -> (y: f32[1]) { y[0] = x[0] + a[0] }`,
);
const finite = parseKernel(
  `kernel finite [elementwise](x: f32[${size}]) -> (y: bool[]) { y[] = isfinite(x[3]) }`,
);

const allocation = (
  name: string,
  arena: 'persistent' | 'work',
  offset: number,
  shape: readonly number[],
): Allocation => ({
  name,
  dtype: 'f32',
  shape,
  placement: { arena, offset, bytes: 4 * shape.reduce((a, b) => a * b, 1) },
});

const allocations = [
  allocation('total', 'persistent', 256, [1]),
  allocation('a', 'work', 0, [size]),
  allocation('b', 'work', 4096, [size]),
  allocation('flag', 'work', 8192, [1]),
];
const [total, a, b, flag] = [0, 1, 2, 3];

const launch = (kernel: number, ...operands: readonly number[]): Launch => ({
  kernel,
  operands,
  locations: [],
  comment: '',
});

/** `rounds` times there and back; then the flag, and a commit of the first element. */
function programOf(rounds: number): Program {
  const there = [launch(0, a, b), launch(0, b, a)];
  const routine: Routine = {
    name: 'step',
    maxBatch: 1,
    allocations,
    inputs: [],
    results: [],
    launches: [...Array.from({ length: rounds }, () => there).flat(), launch(2, a, flag)],
    commit: [launch(1, a, total, total)],
    finite: flag,
    memory: { planned: 8448, bound: 8448, naive: 8448 },
  };
  return {
    name: 'p',
    inputs: [],
    outputs: [],
    persistent: [],
    persistentBytes: 260,
    kernels: [rotate, add, finite],
    routines: [routine],
  };
}

function load(rounds: number, shared = false) {
  const module = emitWasm(programOf(rounds));
  expect(api.validate(module.bytes)).toBe(true);
  const bytes = module.bytes.slice();
  if (shared) bytes[module.flagOffset] = 3;
  const memory = new api.Memory({ initial: pagesOf(module, 4), maximum: maxPages, shared });
  const at = (index: number) => {
    const { arena, offset, bytes: length } = allocations[index]!.placement;
    const base = arena === 'work' ? module.workBase : module.persistentBase;
    return new Float32Array(memory.buffer, base + offset, length / 4);
  };
  at(a).set(Float32Array.from({ length: size }, (_, i) => i));
  const call = shared
    ? undefined
    : new api.Instance(new api.Module(bytes), { env: { memory } }).exports['step']!;
  return { module, bytes, memory, at, call: call as (...args: readonly number[]) => void };
}

/** What is in `a` after so many launches from the start. */
const moved = (launches: number) =>
  Float32Array.from({ length: size }, (_, i) => ((i + launches) % size) + launches);

describe('a routine', () => {
  test('runs what is between from and to', () => {
    const { at, call } = load(2);
    call(1, 0, 1, 0, 1);
    expect(at(b)).toEqual(moved(1));
    call(1, 1, 4, 0, 1);
    expect(at(a)).toEqual(moved(4));
    expect(at(total)[0]).toBe(0);
    call(1, 4, 6, 0, 1);
    expect(at(total)[0]).toBe(8);
  });
  test('commits only what is finite', () => {
    const { at, call } = load(2);
    at(total)[0] = 100;
    at(a)[7] = Infinity;
    call(1, 0, 6, 0, 1);
    expect(at(total)[0]).toBe(100);
    at(a)[3] = 5;
    call(1, 4, 6, 0, 1);
    expect(at(total)[0]).toBe(100 + at(a)[0]!);
  });
  test('gives each thread its share, and the first what cannot be shared; one launch needs no other thread', () => {
    const { at, call } = load(1);
    for (let thread = 0; thread < 3; thread++) call(1, 0, 1, thread, 3);
    expect(at(b)).toEqual(moved(1));
    call(1, 1, 2, 1, 3);
    expect(at(a).slice(300, 700)).toEqual(
      moved(2)
        .map((x, i) => (i < 333 || i >= 666 ? i : x))
        .slice(300, 700),
    );
    const before = at(total)[0];
    for (const thread of [1, 2]) call(1, 3, 4, thread, 3);
    expect(at(total)[0]).toBe(before);
  });
  test('at once with others, gives what is left over to who comes first', () => {
    const { memory, at, call } = load(1);
    const together = 3;
    new Int32Array(memory.buffer)[together] = 1;
    // Of 999 iterations each of three threads has 250; the last 249, and the loop of one, are for who is free.
    const done = () => [...at(b)].map((x, i) => (x === moved(1)[i] ? i : -1)).filter((i) => i >= 0);
    const range = (from: number, end: number) => Array.from({ length: end - from }, (_, i) => from + i);
    call(1, 0, 1, 1, 3);
    expect(done()).toEqual([...range(250, 500), ...range(750, 999)]);
    call(1, 0, 1, 0, 3);
    expect(done()).toEqual([...range(0, 500), ...range(750, 999)]);
    call(1, 0, 1, 2, 3);
    expect(at(b)).toEqual(moved(1));
  });
  test('leaves the rest of the memory alone', () => {
    const { module, memory, call } = load(1);
    const { persistentBase, workBase, scratchBase, scratchBytes, pages } = module;
    expect({ persistentBase, workBase, scratchBase, scratchBytes, pages }).toEqual({
      persistentBase: 1024,
      workBase: 1024 + 512,
      scratchBase: 1024 + 512 + 8448,
      scratchBytes: 256,
      pages: 1,
    });
    call(1, 0, 4, 0, 1);
    const bytes = new Uint8Array(memory.buffer);
    const words = new Int32Array(memory.buffer, 0, persistentBase / 4);
    // Only that it has begun to commit.
    expect(words.findIndex((word) => word !== 0)).toBe(127);
    expect(words.subarray(128).every((word) => word === 0)).toBe(true);
    expect(bytes.subarray(scratchBase + scratchBytes).every((byte) => byte === 0)).toBe(true);
  });
});

test.each([0, 1])(
  'threads wait for one another where they must; taking turns: %i',
  async (together) => {
    const rounds = 300;
    const threads = 3;
    const { bytes, memory, at } = load(rounds, true);
    new Int32Array(memory.buffer)[3] = together;
    const script = `
    const { parentPort, workerData: { bytes, memory, thread, threads } } = require('node:worker_threads');
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    exports.step(1, 0, 1e6, thread, threads);
    parentPort.postMessage(thread);`;
    const workers = Array.from({ length: threads }, (_, thread) => {
      const worker = new Worker(script, { eval: true, workerData: { bytes, memory, thread, threads } });
      return new Promise((resolve, reject) => {
        worker.on('message', resolve);
        worker.on('error', reject);
      });
    });
    expect(await Promise.all(workers)).toEqual([0, 1, 2]);
    expect(at(a)).toEqual(moved(2 * rounds));
    expect(at(total)[0]).toBe(1200);
  },
  20_000,
);

describe('threads wait before', () => {
  const of = (launches: readonly Launch[], commit: readonly Launch[] = []) => {
    const { kernels, routines } = programOf(1);
    return [...waits({ ...routines[0]!, launches, commit }, kernels)];
  };
  test('what reads what was written', () => expect(of([launch(0, a, b), launch(2, b, flag)])).toEqual([1]));
  test('what writes where something was read', () =>
    expect(of([launch(2, a, flag), launch(0, b, a)])).toEqual([1]));
  test('what writes where something was written', () =>
    expect(of([launch(0, a, b), launch(0, a, b)])).toEqual([1]));
  test('what reads or writes elsewhere, not', () => {
    expect(of([launch(0, a, b), launch(2, a, flag), launch(1, a, total, total)])).toEqual([]);
  });
  test('what only part of its memory is in common with', () => {
    const parts = allocations.map((all, i) =>
      i === flag ? { ...all, placement: { ...all.placement, offset: 4096 + 3996 } } : all,
    );
    const { kernels, routines } = programOf(1);
    const routine = { ...routines[0]!, allocations: parts, launches: [launch(0, a, b), launch(2, a, flag)] };
    expect([...waits({ ...routine, commit: [] }, kernels)]).toEqual([1]);
  });
  test('the commit phase, whose flag must be there; what came before the last wait is done', () => {
    const compute = [launch(0, a, b), launch(2, a, flag)];
    expect(of(compute, [launch(1, a, total, total), launch(1, b, total, total)])).toEqual([2, 3]);
    expect(of([launch(0, a, b), launch(0, b, a), launch(2, b, flag)])).toEqual([1]);
  });
});

test('a program that 32 bits cannot address is refused', () => {
  const program = programOf(1);
  const huge = { ...program, persistentBytes: 2 ** 32 };
  expect(() => emitWasm(huge)).toThrow(/cannot have \d+ bytes/);
  const missing = { ...program.routines[0]!, launches: [launch(0, a)] };
  expect(() => emitWasm({ ...program, routines: [missing] })).toThrow('rotate takes 2 operands, not 1');
});

test('as text', () => {
  const text = emitWasm(programOf(1)).wat();
  expect(text.slice(text.indexOf('(func $step'))).toMatchInlineSnapshot(`
    "(func $step (export "step") (param $N i32) (param $from i32) (param $to i32) (param $thread i32) (param $threads i32)
        (local i32)
        local.get $thread
        i32.const 256
        i32.mul
        i32.const 9984
        i32.add
        local.set 5
        i32.const -1
        global.set 0
        i32.const 0
        global.set 1
        local.get $from
        i32.const 0
        i32.le_u
        local.get $to
        i32.const 0
        i32.gt_u
        i32.and
        if
          i32.const 1536
          i32.const 5632
          local.get 5
          local.get $N
          local.get $thread
          local.get $threads
          call $rotate
        end
        local.get $from
        i32.const 1
        i32.le_u
        local.get $to
        i32.const 1
        i32.gt_u
        i32.and
        if
          local.get $threads
          i32.const 1
          i32.gt_u
          local.get $from
          i32.const 1
          i32.lt_u
          i32.and
          if
            local.get $threads
            call $barrier
          end
          i32.const 5632
          i32.const 1536
          local.get 5
          local.get $N
          local.get $thread
          local.get $threads
          call $rotate
        end
        local.get $from
        i32.const 2
        i32.le_u
        local.get $to
        i32.const 2
        i32.gt_u
        i32.and
        if
          local.get $threads
          i32.const 1
          i32.gt_u
          local.get $from
          i32.const 2
          i32.lt_u
          i32.and
          if
            local.get $threads
            call $barrier
          end
          local.get $thread
          i32.eqz
          if
            i32.const 1536
            i32.const 9728
            local.get 5
            local.get $N
            local.get $thread
            local.get $threads
            call $finite
          end
        end
        local.get $from
        i32.const 3
        i32.le_u
        local.get $to
        i32.const 3
        i32.gt_u
        i32.and
        if
          local.get $threads
          i32.const 1
          i32.gt_u
          local.get $from
          i32.const 3
          i32.lt_u
          i32.and
          if
            local.get $threads
            call $barrier
          end
          i32.const 9728
          i32.load8_u
          if
            i32.const 0
            i32.const 1
            i32.store offset=508
            local.get $thread
            i32.eqz
            if
              i32.const 1536
              i32.const 1280
              i32.const 1280
              local.get 5
              local.get $N
              local.get $thread
              local.get $threads
              call $add
            end
          end
        end
      )
    )
    "
  `);
});
