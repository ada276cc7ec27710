import type { WasmOptions } from './wasm-types.ts';

export interface ThreadOptions extends WasmOptions {
  /** Workers that share the work, from 1 to 64; default 1: no worker. The numbers that come out are the same. */
  readonly threads?: number;
  /** Starts a worker that runs this script, where a policy forbids a Blob URL. */
  readonly createWorker?: (script: string) => WorkerLike;
}

/** A Worker of the web, or one of Node's `worker_threads`. */
export interface WorkerLike {
  postMessage(message: unknown): void;
  terminate(): unknown;
  addEventListener?(type: string, listener: (event: { data?: unknown; message?: unknown }) => void): void;
  on?(type: string, listener: (value: unknown) => void): unknown;
  ref?(): void;
  unref?(): void;
}
