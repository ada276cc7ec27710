export interface GpuEngine {
  readonly name: string;
  /** A task of `gpu-task.mjs` with its argument; both that and the result are plain JSON. */
  run(task: 'adapter' | 'dispatches' | 'model' | 'problems', argument?: unknown): Promise<unknown>;
  /** The URL under which a task finds a module. */
  module(text: string): string;
}

export declare function openDeno(folder: string): GpuEngine;
