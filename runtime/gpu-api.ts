/** What we use of WebGPU, https://www.w3.org/TR/webgpu/; `object` is what is only handed on. */
export interface Gpu {
  requestAdapter(options: object): Promise<GpuAdapter | null>;
}

interface Capable {
  readonly features: { has(name: string): boolean };
  readonly limits: Readonly<Record<string, number>>;
  /** Of an adapter, and of a device. */
  readonly info?: Readonly<Record<string, string>>;
  readonly adapterInfo?: Readonly<Record<string, string>>;
}

export interface GpuAdapter extends Capable {
  requestDevice(wanted: { requiredFeatures: readonly string[]; requiredLimits: object }): Promise<GpuDevice>;
}

export interface GpuDevice extends Capable {
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  readonly queue: {
    submit(commands: readonly object[]): void;
    writeBuffer(buffer: GpuBuffer, offset: number, data: ArrayBufferView): void;
  };
  addEventListener(type: 'uncapturederror', listener: (event: { readonly error: Error }) => void): void;
  createBuffer(descriptor: { size: number; usage: number }): GpuBuffer;
  createShaderModule(descriptor: { label: string; code: string }): {
    getCompilationInfo(): Promise<{ messages: { type: string; message: string; lineNum: number }[] }>;
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
  destroy(): void;
}

export interface Encoder {
  beginComputePass(descriptor?: { timestampWrites: object }): Pass;
  copyBufferToBuffer(from: GpuBuffer, fromAt: number, to: GpuBuffer, toAt: number, size: number): void;
  resolveQuerySet(set: object, first: number, count: number, to: GpuBuffer, at: number): void;
  finish(): object;
}

export interface Pass {
  setPipeline(pipeline: object): void;
  setBindGroup(index: number, group: object): void;
  dispatchWorkgroups(x: number, y: number, z: number): void;
  end(): void;
}
