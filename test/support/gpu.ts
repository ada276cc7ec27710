/** The adapter that tests use, and kernels on it. Without one, tests that need it do not run; under REQUIRE_GPU they fail. */
import { describe, test } from 'vitest';
import { invariant } from '../../compiler/base/invariant.ts';
import { toHalf } from '../../compiler/emit/ts/half.ts';
import { emitWgsl } from '../../compiler/emit/wgsl/index.ts';
import type { Shader, WorkgroupCount } from '../../compiler/emit/wgsl/index.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import type { Buffer, Kernel } from '../../compiler/loop/ir.ts';
import type { Allocation, Placement, Program, Routine } from '../../compiler/program/program.ts';
import type { OpenAdapter } from '../engines/adapter.mjs';
import { openAdapter } from '../engines/adapter.mjs';
import { fromHalf } from '../../runtime/half.ts';
import type { Device, Dispatch } from '../engines/shader.mjs';
import { dispatch } from '../engines/shader.mjs';

const found = await openAdapter();
const { reason } = found;
if (reason !== undefined && process.env['REQUIRE_GPU'] !== undefined)
  throw new Error(`REQUIRE_GPU is set, but ${reason}`);

export const adapter: OpenAdapter | undefined = reason === undefined ? found : undefined;

/** `describe` of what needs an adapter; without one, it says that it does not run and why. */
export function describeGpu(name: string, tests: () => void): void {
  describe(name, () => {
    if (adapter) tests();
    else test('is not run', () => console.warn(`not run: ${reason}`));
  });
}

let opened: Promise<Device> | undefined;

/** One device for all test files of a process; optional features as the shaders need them. */
export function device(): Promise<Device> {
  invariant(adapter, 'a test needs an adapter: put it into describeGpu');
  const requiredFeatures = ['subgroups'].filter((feature) => adapter?.adapter.features.has(feature));
  return (opened ??= adapter.adapter.requestDevice({ requiredFeatures }));
}

export interface Sharing {
  /** All operands in working memory; else inputs lie where weights do, and are only read. */
  readonly oneArena?: boolean;
  /** By operand, the earlier one in whose memory it lies. */
  readonly shared?: ReadonlyMap<number, number>;
  /** The text for devices with subgroups. */
  readonly subgroups?: boolean;
}

const bytesOf = ({ stored }: Pick<Buffer, 'stored'>): number => (stored ? 2 : 4);

/** A program of one launch. */
export function programOf(kernel: Kernel, n: number, { oneArena = false, shared }: Sharing = {}): Program {
  const at = { persistent: 0, work: 0 };
  const place = (arena: 'persistent' | 'work', bytes: number): Placement => {
    const offset = at[arena];
    at[arena] += Math.ceil(bytes / 256) * 256;
    return { arena, offset, bytes };
  };
  const allocations: Allocation[] = [];
  [...kernel.inputs, ...kernel.outputs].forEach((buffer, i) => {
    const { name, dtype, shape, stored } = buffer;
    const arena = i < kernel.inputs.length && !oneArena ? 'persistent' : 'work';
    const before = allocations[shared?.get(i) ?? NaN];
    const placement = before?.placement ?? place(arena, bytesOf(buffer) * lengthOf(buffer, n));
    allocations.push({ name, dtype, shape, ...(stored && { stored }), placement });
  });
  const launch = { kernel: 0, operands: allocations.map((_, i) => i), locations: [], comment: kernel.name };
  const routine: Routine = {
    name: 'infer',
    maxBatch: n,
    allocations,
    inputs: [],
    results: [],
    launches: [launch],
    commit: [],
    memory: { planned: at.work, bound: at.work, naive: at.work },
  };
  return {
    name: 'one',
    inputs: [],
    outputs: [],
    persistent: [],
    persistentBytes: at.persistent,
    kernels: [kernel],
    routines: [routine],
  };
}

/** Elements up to the last one of a buffer, which may be a window of a larger one. */
const lengthOf = ({ shape, strides, offset }: Buffer, n: number): number =>
  shape.reduce<number>(
    (sum, extent, axis) => sum + ((extent === 'N' ? n : extent) - 1) * (strides[axis] as number),
    offset + 1,
  );

/** ceil((constant + perSample * n) / divisor) */
const count = ({ constant, perSample, divisor }: WorkgroupCount, n: number): number =>
  Math.ceil((constant + perSample * n) / divisor);

/**
 * Runs a kernel that is scheduled for `wgsl` on one array per input and then one per output; outputs are written in place,
 * from what they hold.
 */
export async function runKernel(
  kernel: Kernel,
  operands: readonly Elements[],
  n: number,
  sharing: Sharing = {},
): Promise<void> {
  const { subgroups = false } = sharing;
  return runProgram(programOf(kernel, n, sharing), operands, { n, subgroups });
}

interface RunOptions {
  readonly n: number;
  /** What a commit phase is told; default 1. */
  readonly go?: number;
  readonly subgroups?: boolean;
}

/** The same for the only launch of a program. */
export async function runProgram(
  program: Program,
  operands: readonly Elements[],
  options: RunOptions,
): Promise<void> {
  const { job, receive } = jobOf(program, operands, options);
  receive(await dispatch(await device(), job));
}

/** The only launch of a program as a dispatch, and what takes its outputs from what the arenas hold then. */
export function jobOf(
  program: Program,
  operands: readonly Elements[],
  { n, go = 1, subgroups = false }: RunOptions,
): { readonly job: Dispatch; readonly receive: (contents: readonly Uint8Array[]) => void } {
  const kernel = program.kernels[0] as Kernel;
  const routine = program.routines[0] as Routine;
  const launch = [...routine.launches, ...routine.commit][0];
  const { common, shaders } = emitWgsl(program, subgroups ? ['subgroups'] : []);
  const shader = shaders[0] as Shader;
  const allocations = (launch?.operands ?? []).flatMap((i) => routine.allocations[i] ?? []);
  const arenas = (['persistent', 'work'] as const).map((arena) => {
    const ends = allocations.map(({ placement }) =>
      placement.arena === arena ? placement.offset + Math.ceil(placement.bytes / 256) * 256 : 0,
    );
    return new Uint8Array(Math.max(256, ...ends));
  });
  const bindings = allocations.map(({ placement: { arena, offset, bytes } }, i) => ({
    arena: arena === 'persistent' ? 0 : 1,
    offset,
    bytes,
    access: shader.access[i] ?? 'read_write',
  }));
  operands.forEach((elements, i) => {
    const { arena, offset, bytes, access } = bindings[i] as (typeof bindings)[number];
    if (access === 'shared') return;
    const memory = wide(allocations[i] as Allocation, arenas[arena] as Uint8Array, offset, bytes);
    memory.set(memory instanceof Uint16Array ? Array.from(elements, toHalf) : elements);
  });
  const enable = (shader.f16 ? 'enable f16;\n' : '') + (subgroups ? 'enable subgroups;\n' : '');
  const job: Dispatch = {
    name: shader.name,
    code: `${enable}${common}\n${subgroups ? shader.subgroups : shader.text}`,
    arenas,
    // A binding of f16 ends with a whole word.
    bindings: bindings.map((binding) => ({ ...binding, bytes: Math.ceil(binding.bytes / 8) * 8 })),
    batch: [n, go],
    workgroups: shader.workgroups.map((axis) => count(axis, n)),
  };
  const receive = (contents: readonly Uint8Array[]): void => {
    for (let i = kernel.inputs.length; i < operands.length; i++) {
      const { arena, offset, bytes } = bindings[i] as (typeof bindings)[number];
      const memory = wide(allocations[i] as Allocation, contents[arena] as Uint8Array, offset, bytes);
      operands[i]?.set(memory instanceof Uint16Array ? Array.from(memory, fromHalf) : memory);
    }
  };
  return { job, receive };
}

/** Elements as they lie on a GPU: 32 bits each, or the 16 bits of an f16. */
function wide(
  { dtype, stored }: Allocation,
  { buffer, byteOffset }: Uint8Array,
  offset: number,
  bytes: number,
): Float32Array | Int32Array | Uint32Array | Uint16Array {
  const Type = dtype === 'f32' ? Float32Array : dtype === 'i32' ? Int32Array : Uint32Array;
  if (stored) return new Uint16Array(buffer as ArrayBuffer, byteOffset + offset, bytes / 2);
  return new Type(buffer as ArrayBuffer, byteOffset + offset, bytes / 4);
}
