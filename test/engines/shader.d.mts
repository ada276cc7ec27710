/** A GPUDevice; tests only pass it on. */
export interface Device {
  readonly features: ReadonlySet<string>;
  destroy(): void;
}

export interface ShaderText {
  /** Of the entry point. */
  readonly name: string;
  readonly code: string;
  /** For messages; default: `name`. */
  readonly title?: string;
  /** It has several entry points. */
  readonly whole?: boolean;
}

export interface Dispatch extends ShaderText {
  readonly arenas: readonly Uint8Array[];
  /** From binding 1 on. */
  readonly bindings: readonly {
    readonly arena: number;
    readonly offset: number;
    readonly bytes: number;
    readonly access: 'read' | 'read_write' | 'shared';
  }[];
  readonly batch: readonly [samples: number, go: number];
  readonly workgroups: readonly number[];
}

export declare function problemsOf(device: Device, shaders: readonly ShaderText[]): Promise<string[]>;
export declare function dispatch(device: Device, job: Dispatch): Promise<Uint8Array[]>;
export declare function disjointRanges(device: Device): Promise<{ x: number[]; y: number[] }>;
