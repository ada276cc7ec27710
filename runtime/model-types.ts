/** Samples one behind the other, each in row-major order. */
export type Elements = Float32Array | Int32Array | Uint32Array | Uint8Array;

/** Arrays by the names of inputs, labels or outputs. */
export type Batch = Readonly<Record<string, Elements>>;

/** One input, label or output, per sample. */
export interface PortInfo {
  readonly name: string;
  readonly dtype: 'f32' | 'i32' | 'u32' | 'u8' | 'bool';
  readonly shape: readonly number[];
}

export interface Signature {
  readonly name: string;
  readonly inputs: readonly PortInfo[];
  readonly labels: readonly PortInfo[];
  readonly outputs: readonly PortInfo[];
  readonly metrics: readonly string[];
}

export interface CreateOptions {
  /** A safetensors file, as `saveWeights` makes them. */
  readonly weights?: Uint8Array | ArrayBuffer;
  /** 0 … 2³² − 1: for the first weights where none are given, and for all that is random in training. */
  readonly seed?: number;
}

export interface EngineInfo {
  /** What the kernels are made of. */
  readonly target: 'ts' | 'wasm' | 'wgsl';
  /** Threads that run them. */
  readonly threads: number;
  /** Multiplications and additions have one rounding. */
  readonly fast?: boolean;
  /** The name of the GPU. */
  readonly adapter?: string;
  /** What predictions read and write, of a module that has shaders for f16. */
  readonly precision?: 'f32' | 'f16';
  /** Why all this is not what was asked for. */
  readonly reason?: string;
}

export interface ModelInfo extends EngineInfo {
  readonly name: string;
  /** Trained numbers. */
  readonly parameters: number;
  readonly kernels: number;
  /** Bytes of all that persists, and of the working memory of each routine. */
  readonly memory: Readonly<Record<string, number>>;
  /** Samples in one pass of each routine. */
  readonly maxBatch: Readonly<Record<string, number>>;
}

/** Calls on one model take turns. */
export interface InferenceModel<I, O> {
  readonly info: ModelInfo;
  /** For any number of samples. */
  predict(inputs: I): Promise<O>;
  /** All, or `only` those of the layer with this path, whose own file will do. On an error nothing changes. */
  loadWeights(file: Uint8Array | ArrayBuffer, options?: { readonly only?: string }): Promise<void>;
  /** Params and states as a safetensors file. */
  saveWeights(): Promise<Uint8Array>;
  /** Frees the memory. */
  dispose(): Promise<void>;
}

/** ImageData, or any rows of grey, grey and alpha, RGB or RGBA bytes. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

export type ErrorCode =
  | 'options'
  | 'input'
  | 'label'
  | 'weights-format'
  | 'weights-mismatch'
  | 'weights-value'
  | 'weights-size'
  | 'checkpoint'
  | 'not-finite'
  | 'busy'
  | 'aborted'
  | 'memory'
  | 'disposed'
  | 'wasm-missing'
  | 'wasm-simd'
  | 'wasm-policy'
  | 'kernel'
  | 'weights-lost'
  | 'worker'
  | 'gpu-missing'
  | 'gpu-adapter'
  | 'gpu-limits'
  | 'gpu-device'
  | 'gpu-shader'
  | 'device-lost';
