/** Kernels that are WebAssembly: the module's bytes as text, and the routines as tables over one memory. */
import { zlibSync } from 'fflate';
import { bytesPerElement } from '../../base/types.ts';
import type { Allocation, Launch, Program, Routine } from '../../program/program.ts';
import { arrayOf } from './arrays.ts';
import { toBase64 } from './base64.ts';
import type { Data } from './data.ts';
import { code, object } from './data.ts';
import { about, allocationOf, launchComment, portLength, returning, trace } from './routine.ts';
import type { ConstNode, FunctionNode } from './tree.ts';

/** A WebAssembly module of a program's kernels and routines, as `emit/wasm` makes it. Places are in bytes. */
export interface EmbeddedWasm extends WasmLayout {
  readonly bytes: Uint8Array;
  /** Place of the limits of the imported memory: the byte to change for a shared one. */
  readonly flagOffset: number;
  /** Places of multiplications and of the additions of their results, in order. */
  readonly fused: readonly number[];
}

/** Where arenas begin in the one memory. */
interface WasmLayout {
  readonly persistentBase: number;
  readonly workBase: number;
  readonly scratchBase: number;
  readonly scratchBytes: number;
}

/** The module's bytes, at the end of the file. Deflated they are a third; base64 as it is would hide that from gzip. */
export function wasmConst({ bytes }: EmbeddedWasm): ConstNode {
  const lines = toBase64(zlibSync(bytes, { level: 9 })).match(/.{1,1024}/g) ?? [];
  return {
    kind: 'const',
    doc: [
      'The kernels: a WebAssembly module, deflated, in base64. `cnnc build --kernels ts` prints them to be read.',
    ],
    name: 'wasm',
    type: 'string',
    value: code(`\`\n${lines.join('\n')}\n\``),
  };
}

/** What `fast` changes in the bytes. */
export function fusedConst({ fused }: EmbeddedWasm): ConstNode {
  return {
    kind: 'const',
    doc: ['Places in it that `fast` changes: the first, and the way from each to the next.'],
    name: 'fused',
    type: 'readonly number[]',
    value: fused.map((place, i) => place - (fused[i - 1] ?? 0)),
  };
}

/** What the runtime needs to know of the module. */
export function wasmTable({ flagOffset, ...layout }: EmbeddedWasm): Data {
  return object({
    code: code('() => inflate(fromBase64(wasm))'),
    flag: flagOffset,
    fused: code('() => fused'),
    scratch: layout.scratchBase,
    perThread: layout.scratchBytes,
  });
}

/** A routine as a function that lists its launches, with views of what goes in and out. */
export function wasmRoutineFunction(
  program: Program,
  routine: Routine,
  name: string,
  layout: WasmLayout,
): FunctionNode {
  const place = ({ placement: { arena, offset } }: Allocation): number =>
    (arena === 'work' ? layout.workBase : layout.persistentBase) + offset;
  const view = (index: number, length: string): string => {
    const allocation = allocationOf(routine, index);
    return `new ${arrayOf[allocation.dtype]}(memory, ${place(allocation)}, ${length})`;
  };
  const whole = (index: number): string => {
    const { dtype, placement } = allocationOf(routine, index);
    return view(index, String(Math.floor(placement.bytes / bytesPerElement[dtype])));
  };
  const window = (index: number, rest: string): string => `windowOf(${whole(index)}, ${rest})`;
  const port = ({ name: key, allocation }: Routine['inputs'][number]): Data => [
    key,
    code(view(allocation, String(portLength(routine, allocation)))),
  ];
  const traced = routine.finite !== undefined;
  const entry = (launch: Launch, traced: boolean): Data => ({
    kind: 'commented',
    comment: launchComment(launch),
    value: object({
      kernel: program.kernels[launch.kernel]?.name ?? '',
      ...(traced && trace(program, launch, view, window)),
    }),
  });
  const result = object({
    inputs: routine.inputs.map(port),
    results: routine.results.map(port),
    launches: routine.launches.map((launch) => entry(launch, traced)),
    commit: routine.commit.length > 0 ? routine.commit.map((launch) => entry(launch, false)) : undefined,
    finite: routine.finite === undefined ? undefined : code(view(routine.finite, '1')),
  });
  return {
    kind: 'function',
    doc: [about[routine.name]],
    name,
    params: [{ name: 'memory', type: 'ArrayBuffer' }],
    returns: 'WasmRoutine',
    body: returning(result),
  };
}
