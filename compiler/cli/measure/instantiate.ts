/** A module of kernels in this process, by way of the loader of generated modules. */
import type { Loaded } from '../../../runtime/wasm.ts';
import { loadWasm } from '../../../runtime/wasm.ts';
import { InputError } from '../errors.ts';

interface Code {
  readonly bytes: Uint8Array;
  readonly flagOffset: number;
  readonly fused: readonly number[];
}

/** Memory ends behind the scratch memory. `fast`: with fused multiply-add, which the engine must have. */
export async function instantiate(
  { bytes, flagOffset, fused }: Code,
  { scratchBase, scratchBytes }: { readonly scratchBase: number; readonly scratchBytes: number },
  fast = false,
): Promise<Loaded> {
  const wasm = {
    code: () => bytes.slice(),
    flag: flagOffset,
    // The first place, and the way from each to the next.
    fused: () => fused.map((place, i) => place - (fused[i - 1] ?? 0)),
    scratch: scratchBase,
    perThread: Math.max(scratchBytes, 256),
  };
  const loaded = await loadWasm(wasm, { fast }, 1);
  if (fast && loaded.info.fast !== true)
    throw new InputError(loaded.info.reason ?? 'fast: not possible here');
  return loaded;
}
