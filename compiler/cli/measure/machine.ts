/** A program as WebAssembly in this process, to be run launch by launch. */
import { arrayTypes } from '../../../runtime/arrays.ts';
import type { Elements } from '../../../runtime/types.ts';
import { invariant } from '../../base/invariant.ts';
import { bytesPerElement, elementCount } from '../../base/types.ts';
import { emitWasm } from '../../emit/wasm/index.ts';
import type { Initializer } from '../../program/interface.ts';
import type { PersistentTensor, Program, Routine } from '../../program/program.ts';
import { instantiate } from './instantiate.ts';

export interface Machine {
  /** Runs launches `from` … `to - 1`, those of the commit phase behind the others. */
  run(routine: Routine, samples: number, from: number, to: number): void;
  /** The memory of one allocation, for as many samples as it has room for. */
  view(routine: Routine, allocation: number): Elements;
}

/** Loads the kernels and fills what persists: params as they begin, constants, zeros. `fast`: fused multiply-add. */
export async function openMachine(program: Program, fast: boolean): Promise<Machine> {
  const wasm = emitWasm(program);
  const { persistentBase, workBase } = wasm;
  const { calls, memory } = await instantiate(wasm, wasm, fast);
  for (const tensor of program.persistent) {
    const { placement, dtype, shape } = tensor;
    fill(
      new arrayTypes[dtype](memory.buffer, persistentBase + placement.offset, elementCount(shape, 1)),
      tensor,
    );
  }
  return {
    run(routine, samples, from, to) {
      const call = calls[routine.name];
      invariant(call, `there is no routine ${routine.name}`);
      call(samples, from, to, 0, 1);
    },
    view(routine, index) {
      const allocation = routine.allocations[index];
      invariant(allocation, `${routine.name} has no allocation ${index}`);
      const { placement, dtype, shape } = allocation;
      const base = placement.arena === 'persistent' ? persistentBase : workBase;
      const room = Math.floor(placement.bytes / bytesPerElement[dtype]);
      const length = Math.min(room, elementCount(shape, routine.maxBatch));
      return new arrayTypes[dtype](memory.buffer, base + placement.offset, length);
    },
  };
}

/** Numbers of the right size: how long a kernel takes does not depend on them, as long as they stay finite. */
function fill(view: Elements, { initializer }: PersistentTensor): void {
  if (initializer === undefined) return;
  const next = randomNumbers(1);
  const value = valueOf(initializer, next);
  for (let i = 0; i < view.length; i++) view[i] = value(i);
}

function valueOf(initializer: Initializer, next: () => number): (index: number) => number {
  switch (initializer.kind) {
    case 'zeros':
      return () => 0;
    case 'ones':
      return () => 1;
    case 'constant':
      return (i) => initializer.values[i % initializer.values.length] ?? 0;
    case 'glorot_uniform': {
      const limit = Math.sqrt(6 / (initializer.fanIn + initializer.fanOut));
      return () => (2 * next() - 1) * limit;
    }
    case 'he_normal': {
      // Even numbers of the same deviation.
      const limit = Math.sqrt(6 / initializer.fanIn);
      return () => (2 * next() - 1) * limit;
    }
    default:
      return initializer satisfies never;
  }
}

/** Numbers from 0 to 1, the same in every run. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}
