import type { Core } from './core.ts';
import type { Engine } from './engine.ts';
import { ModelError } from './errors.ts';
import { createCore } from './inference.ts';
import type { CreateOptions } from './model-types.ts';
import type { Blueprint } from './program.ts';
import { scriptEngine } from './script.ts';
import type { WasmBlueprint } from './wasm.ts';

/** A model on WebAssembly or, where the engine has none or forbids it, on the kernels of this file. */
export async function createEither<O extends CreateOptions>(
  blueprint: WasmBlueprint,
  script: Blueprint,
  options: O,
  start: (blueprint: WasmBlueprint, options: O) => Promise<Engine>,
): Promise<Core> {
  try {
    return await createCore(blueprint, options, start);
  } catch (error) {
    if (!(error instanceof ModelError && error.code.startsWith('wasm'))) throw error;
    const { message: reason } = error;
    return createCore(script, options, (plain) =>
      Object.assign(scriptEngine(plain), { info: { target: 'ts', threads: 1, reason } }),
    );
  }
}
