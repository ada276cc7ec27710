/** What a generated module exports, with the types that all models share: where the page meets it. */
import type { Batch, Elements, Observable, Pixels, Signature, TrainableModel } from '../../runtime/types.ts';

export type PlayModel = TrainableModel<Batch, Batch, Batch> & Partial<Observable<Batch, Batch>>;

interface ModelOptions {
  readonly seed: number;
  readonly weights?: Uint8Array;
  /** Of the module with WebAssembly. */
  readonly threads?: number;
}

export interface GeneratedModule {
  createModel(options: ModelOptions): Promise<PlayModel>;
  readonly signature: Signature;
  readonly classes?: Readonly<Record<string, readonly string[]>>;
  readonly imageFrom?: (pixels: Pixels, input?: string) => Elements;
}

const paths = { wasm: '/model.js', wgsl: '/model.gpu.js' } as const;

export async function importModule(kind: keyof typeof paths): Promise<GeneratedModule> {
  return (await import(/* @vite-ignore */ paths[kind])) as GeneratedModule;
}
