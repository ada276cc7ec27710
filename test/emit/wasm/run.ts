/** Runs kernels as WASM. */
import { expect } from 'vitest';
import { emitKernels } from '../../../compiler/emit/wasm/index.ts';
import type { Elements } from '../../../compiler/loop/interpret.ts';
import { elementsFor, interpret } from '../../../compiler/loop/interpret.ts';
import type { Kernel } from '../../../compiler/loop/ir.ts';
import { elementCount } from '../../../compiler/base/types.ts';
import { maxPages } from '../../../compiler/emit/wasm/encode.ts';
import { generator } from '../../support/samples.ts';

/** What the tests use of WebAssembly. */
interface WasmApi {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly env: { readonly memory: object } },
  ) => { readonly exports: Readonly<Record<string, Exported>> };
  readonly Memory: new (size: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared?: boolean;
  }) => { readonly buffer: ArrayBuffer };
}

export const api = (globalThis as unknown as { readonly WebAssembly: WasmApi }).WebAssembly;

type Exported = (...args: readonly number[]) => void;

export interface RunOptions {
  /** Runs that many threads one after the other; default 1. */
  readonly threads?: number;
}

/** `run(operands, n)` calls the kernel on one array per input and output; outputs are written in place. */
export function wasmKernel(
  kernel: Kernel,
): (operands: readonly Elements[], n: number, options?: RunOptions) => void {
  const { bytes, scratchBytes } = emitKernels([kernel]);
  expect(api.validate(bytes)).toBe(true);
  const module = new api.Module(bytes);
  return (operands, n, { threads = 1 } = {}) => {
    // Operands lie apart, each behind a gap whose bytes must stay; the last ends where the memory ends.
    const gap = 64;
    let end = 0;
    const places = operands.map(({ byteLength }) => {
      const place = end + gap;
      end = place + Math.ceil(byteLength / 4) * 4;
      return place;
    });
    const scratch = Math.ceil((end + gap) / 64) * 64;
    const own = scratchBytes[0] as number;
    const pages = Math.ceil((scratch + own * threads) / 65536);
    const memory = new api.Memory({ initial: pages, maximum: maxPages });
    const all = new Uint8Array(memory.buffer).fill(0xa5);
    operands.forEach((operand, i) => all.set(bytesOf(operand), places[i]));
    const before = all.slice(0, scratch);
    const instance = new api.Instance(module, { env: { memory } });
    const run = instance.exports[kernel.name] as Exported;
    for (let thread = 0; thread < threads; thread++)
      run(...places, scratch + own * thread, n, thread, threads);
    operands.forEach((operand, i) => {
      const place = places[i] as number;
      bytesOf(operand).set(all.subarray(place, place + operand.byteLength));
      if (i >= kernel.inputs.length) before.set(bytesOf(operand), place);
    });
    // Nothing but outputs has changed.
    expect(Buffer.compare(all.subarray(0, scratch), before)).toBe(0);
  };
}

export const bytesOf = ({ buffer, byteOffset, byteLength }: Elements): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

/** Bits that can be compared: every NaN is the same. */
export function bitsOf(elements: Elements): string {
  const copy = elements.slice();
  if (copy instanceof Float32Array) copy.forEach((x, i) => Number.isNaN(x) && (copy[i] = NaN));
  return Buffer.from(bytesOf(copy)).toString('hex');
}

/** Zeroed memory for each output. */
export const outputsOf = (kernel: Kernel, n: number): readonly Elements[] =>
  kernel.outputs.map((buffer) => elementsFor(buffer.dtype, lengthOf(buffer, n), 'f32').fill(77));

/** Elements up to the last one of a strided window. */
function lengthOf({ shape, strides, offset }: Kernel['outputs'][number], n: number): number {
  if (elementCount(shape, n) === 0) return offset;
  return shape.reduce<number>(
    (sum, extent, axis) => sum + ((extent === 'N' ? n : extent) - 1) * (strides[axis] as number),
    offset + 1,
  );
}

/** Numbers for each input: floats from -1 to 1, small whole numbers. */
export function inputsOf(kernel: Kernel, n: number, seed = 1): readonly Elements[] {
  const random = generator(seed);
  return kernel.inputs.map((buffer) => {
    const { dtype } = buffer;
    const range = dtype === 'bool' ? 2 : dtype === 'u8' ? 256 : 4;
    return elementsFor(dtype, lengthOf(buffer, n), 'f32').map(() =>
      dtype === 'f32' ? random() * 2 - 1 : Math.floor(random() * range),
    );
  });
}

/** The kernel as WASM writes the bits that the interpreter writes. Returns them. */
export function expectInterpreted(
  kernel: Kernel,
  n: number,
  options: RunOptions & { readonly inputs?: readonly Elements[] } = {},
): readonly Elements[] {
  const inputs = options.inputs ?? inputsOf(kernel, n);
  const [expected, actual] = [outputsOf(kernel, n), outputsOf(kernel, n)];
  interpret(kernel, [...inputs, ...expected], { n, precision: 'f32' });
  wasmKernel(kernel)([...inputs, ...actual], n, options);
  actual.forEach((elements, i) => expect(bitsOf(elements)).toEqual(bitsOf(expected[i] as Elements)));
  return actual;
}
