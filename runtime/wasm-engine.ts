import type { Engine } from './engine.ts';
import type { WasmOptions } from './wasm-types.ts';
import type { WasmBlueprint } from './wasm.ts';
import { engineOf, loadWasm } from './wasm.ts';

/** Runs kernels that are WebAssembly, on this thread. */
export const wasmEngine = async (blueprint: WasmBlueprint, options: WasmOptions): Promise<Engine> =>
  engineOf(blueprint, await loadWasm(blueprint.wasm, options, 1));
