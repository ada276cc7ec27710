import type { Engine } from './engine.ts';
import type { WasmOptions } from './wasm-types.ts';
import type { WasmBlueprint } from './wasm.ts';
import { engineOf, loadWasm } from './wasm.ts';

/** Runs kernels that are WebAssembly, on this thread. */
export async function wasmEngine(
  blueprint: WasmBlueprint,
  options: WasmOptions & { readonly threads?: number },
): Promise<Engine> {
  const loaded = await loadWasm(blueprint.wasm, options, 1);
  const none = (options.threads ?? 1) > 1 && 'threads: this module has none';
  const reason = [loaded.info.reason, none].filter(Boolean).join('; ');
  return engineOf(blueprint, { ...loaded, info: { ...loaded.info, ...(reason && { reason }) } });
}
