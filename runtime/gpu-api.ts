/** What we use of WebGPU, https://www.w3.org/TR/webgpu/; `object` is what is only handed on. */
export interface Gpu {
  requestAdapter(options: object): Promise<GpuAdapter | null>;
}

interface Capable {
  readonly features: { has(name: string): boolean };
  readonly limits: Readonly<Record<string, number>>;
}

interface GpuAdapter extends Capable {
  readonly info?: Readonly<Record<string, string>>;
  requestDevice(wanted: { requiredFeatures: readonly string[]; requiredLimits: object }): Promise<GpuDevice>;
}

export interface GpuDevice extends Capable {
  readonly adapterInfo?: Readonly<Record<string, string>>;
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  readonly queue: {
    submit(commands: readonly object[]): void;
    writeBuffer(buffer: GpuBuffer, offset: number, data: ArrayBufferView): void;
  };
  addEventListener(type: 'uncapturederror', listener: (event: { readonly error: Error }) => void): void;
  createBuffer(descriptor: { size: number; usage: number }): GpuBuffer;
  createShaderModule(descriptor: { label: string; code: string }): {
    getCompilationInfo(): Promise<{ readonly messages: readonly CompilationMessage[] }>;
  };
  createBindGroupLayout(descriptor: { entries: readonly object[] }): object;
  createPipelineLayout(descriptor: { bindGroupLayouts: readonly object[] }): object;
  createComputePipelineAsync(descriptor: { label: string; layout: object; compute: object }): Promise<object>;
  createBindGroup(descriptor: { layout: object; entries: readonly object[] }): object;
  createCommandEncoder(): Encoder;
  createQuerySet(descriptor: { type: 'timestamp'; count: number }): object;
  pushErrorScope(filter: 'validation' | 'out-of-memory'): void;
  popErrorScope(): Promise<{ readonly message: string } | null>;
  destroy(): void;
}

export interface GpuBuffer {
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  unmap(): void;
  destroy(): void;
}

interface CompilationMessage {
  readonly type: string;
  readonly message: string;
  /** From 1; 0 is none. */
  readonly lineNum: number;
}

export interface Encoder {
  beginComputePass(descriptor?: { timestampWrites?: object | undefined }): {
    setPipeline(pipeline: object): void;
    setBindGroup(index: number, group: object): void;
    dispatchWorkgroups(x: number, y: number, z: number): void;
    end(): void;
  };
  copyBufferToBuffer(from: GpuBuffer, fromAt: number, to: GpuBuffer, toAt: number, size: number): void;
  resolveQuerySet(set: object, first: number, count: number, to: GpuBuffer, at: number): void;
  finish(): object;
}
