/** A program as one module: a function per kernel, and one per routine that calls them with the addresses of the plan. */
import { invariant } from '../../base/invariant.ts';
import type { Allocation, Launch, Program, Routine } from '../../program/program.ts';
import { barrierFunction } from './barrier.ts';
import type { Encoded } from './encode.ts';
import { encodeModule, maxPages } from './encode.ts';
import type { Instruction, WasmFunction, WasmModuleData } from './instructions.ts';
import type { KernelFunction } from './kernel.ts';
import { kernelFunction } from './kernel.ts';
import { Called } from './called.ts';
import { get, i32 } from './instructions.ts';
import { mathFunctions } from './math.ts';
import { anew, restFunction, takeFunction, ticketGlobals } from './tickets.ts';
import { waits } from './waits.ts';
import { printWat } from './wat.ts';

/** Bytes at the start of the memory for what threads tell one another: ours first, the loader's from 512 on. */
const controlBytes = 1024;
/** The word that is set when the commit phase begins, for a loader that wants to know how far a call came. */
const commitPlace = 508;
const alignment = 256;
const pageBytes = 65536;

/** Where the parts of the memory begin, in bytes. */
export interface MemoryLayout {
  /** Weights, states, slots, prepared values. */
  readonly persistentBase: number;
  /** What a routine works in; all routines share it. */
  readonly workBase: number;
  /** Scratch memory of the first thread; that of the others follows. */
  readonly scratchBase: number;
  /** For each thread. */
  readonly scratchBytes: number;
}

/** A module that imports `env.memory` and exports each routine under its name: `(N, from, to, thread, threads)`. */
export interface WasmModule extends Encoded, MemoryLayout {
  /** 64 KiB pages that one thread needs. */
  readonly pages: number;
  /** The module in text format. */
  readonly wat: () => string;
}

/**
 * A routine runs its launches `from` … `to - 1`, those of the commit phase behind the others and only while the finite flag
 * is set. Of a kernel with a parallel loop each thread runs its share, of others the first thread all; before a launch that needs
 * what those since the last wait made, or writes where they did something, threads wait for one another.
 */
export function emitWasm(program: Program): WasmModule {
  const math = new Called(firstKernel + program.kernels.length + program.routines.length);
  const kernels = program.kernels.map((kernel) => kernelFunction(kernel, math, { tickets }));
  const layout = layoutOf(program, kernels);
  const calls: Calls = { program, layout, kernels };
  const { globals, functions: called } = mathFunctions(math, ticketGlobals);
  const data: WasmModuleData = {
    functions: [
      barrierFunction,
      restFunction,
      takeFunction,
      ...kernels.map((kernel) => kernel.function),
      ...program.routines.map((routine) => routineFunction(routine, calls)),
      ...called,
    ],
    globals,
    pages: pagesOf(layout),
  };
  return {
    ...encodeModule(data),
    ...layout,
    pages: data.pages,
    wat: () => printWat(data),
  };
}

/** Pages for `threads` threads. Throws an InvariantError where 32 bits do not reach. */
export function pagesOf({ scratchBase, scratchBytes }: MemoryLayout, threads = 1): number {
  const pages = Math.ceil((scratchBase + scratchBytes * threads) / pageBytes);
  invariant(pages <= maxPages, `the memory of a program cannot have ${pages * pageBytes} bytes`);
  return Math.max(pages, 1);
}

const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

function layoutOf(program: Program, kernels: readonly KernelFunction[]): MemoryLayout {
  const work = program.routines.flatMap(({ allocations, memory }) => [
    memory.planned,
    ...allocations
      .filter(({ placement }) => placement.arena === 'work')
      .map(({ placement }) => placement.offset + placement.bytes),
  ]);
  const workBase = controlBytes + aligned(program.persistentBytes);
  return {
    persistentBase: controlBytes,
    workBase,
    scratchBase: workBase + aligned(Math.max(0, ...work)),
    scratchBytes: aligned(Math.max(0, ...kernels.map(({ scratchBytes }) => scratchBytes))),
  };
}

/** What the calls in routines need to know. */
interface Calls {
  readonly program: Program;
  readonly layout: MemoryLayout;
  readonly kernels: readonly KernelFunction[];
}

/** Indices of functions; kernels follow these, then routines, then the functions that kernels call. */
const barrier = 0;
const tickets = { rest: 1, take: 2 };
const firstKernel = 3;

/** Parameters and the local of a routine. */
const [batch, from, to, thread, threads, scratch] = [0, 1, 2, 3, 4, 5];

function routineFunction(routine: Routine, calls: Calls): WasmFunction {
  const { scratchBase, scratchBytes } = calls.layout;
  const launches = [...routine.launches, ...routine.commit];
  const waiting = waits(routine, calls.program.kernels);
  return {
    name: routine.name,
    parameters: ['N', 'from', 'to', 'thread', 'threads'].map((name) => ({
      name,
      type: 'i32',
    })),
    results: [],
    locals: ['i32'],
    body: [
      get(thread),
      i32(scratchBytes),
      { op: 'i32.mul' },
      i32(scratchBase),
      { op: 'i32.add' },
      { op: 'local.set', local: scratch },
      ...anew,
      ...launches.flatMap((launch, i) => launchCode(launch, i, waiting.has(i), routine, calls)),
    ],
    exported: true,
  };
}

const begins: readonly Instruction[] = [i32(0), i32(1), { op: 'i32.store', offset: commitPlace }];

/** Runs the launch if it is between `from` and `to`; `waits` for the others first, unless it is the first one. */
function launchCode(
  launch: Launch,
  i: number,
  waits: boolean,
  routine: Routine,
  calls: Calls,
): readonly Instruction[] {
  const commits = i >= routine.launches.length;
  const parallel = calls.kernels[launch.kernel]?.parallel === true;
  const call = callOf(launch, routine, calls);
  const alone: readonly Instruction[] = parallel
    ? call
    : [get(thread), { op: 'i32.eqz' }, { op: 'if', then: call, otherwise: [] }];
  const gated: readonly Instruction[] =
    commits && routine.finite !== undefined
      ? [
          i32(addressOf(routine, routine.finite, calls.layout)),
          { op: 'i32.load8_u', offset: 0 },
          {
            op: 'if',
            then: i === routine.launches.length ? [...begins, ...alone] : alone,
            otherwise: [],
          },
        ]
      : alone;
  const join: readonly Instruction[] = waits
    ? [
        get(threads),
        i32(1),
        { op: 'i32.gt_u' },
        get(from),
        i32(i),
        { op: 'i32.lt_u' },
        { op: 'i32.and' },
        { op: 'if', then: [get(threads), { op: 'call', function: barrier }], otherwise: [] },
      ]
    : [];
  return [
    get(from),
    i32(i),
    { op: 'i32.le_u' },
    get(to),
    i32(i),
    { op: 'i32.gt_u' },
    { op: 'i32.and' },
    { op: 'if', then: [...join, ...gated], otherwise: [] },
  ];
}

function callOf(launch: Launch, routine: Routine, calls: Calls): readonly Instruction[] {
  const kernel = calls.program.kernels[launch.kernel];
  invariant(kernel, `${routine.name} launches kernel ${launch.kernel}, which is not there`);
  const count = kernel.inputs.length + kernel.outputs.length;
  invariant(
    launch.operands.length >= count,
    `${kernel.name} takes ${count} operands, not ${launch.operands.length}`,
  );
  return [
    ...launch.operands.slice(0, count).map((index) => i32(addressOf(routine, index, calls.layout))),
    ...[scratch, batch, thread, threads].map(get),
    { op: 'call', function: firstKernel + launch.kernel },
  ];
}

function addressOf(routine: Routine, index: number, layout: MemoryLayout): number {
  const allocation: Allocation | undefined = routine.allocations[index];
  invariant(allocation, `${routine.name} has no allocation ${index}`);
  const { arena, offset } = allocation.placement;
  return (arena === 'persistent' ? layout.persistentBase : layout.workBase) + offset;
}
