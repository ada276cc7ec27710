/** What we use of WebGPU, https://www.w3.org/TR/webgpu/. */
export interface Gpu {
  requestAdapter(options: { powerPreference?: string }): Promise<GpuAdapter | null>;
}

/** Bits of `GPUBufferUsage`. */
export const usage = { map: 1, from: 4, to: 8, uniform: 64, storage: 128, query: 512 };

export type GpuLimits = Readonly<
  Record<'maxBufferSize' | 'maxStorageBufferBindingSize' | 'maxStorageBuffersPerShaderStage', number>
>;

interface Capable {
  readonly features: { has(name: string): boolean };
  readonly limits: GpuLimits;
}

export interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
}

export interface GpuAdapter extends Capable {
  readonly info?: AdapterInfo;
  requestDevice(wanted: { requiredFeatures: readonly string[]; requiredLimits: object }): Promise<GpuDevice>;
}

export interface GpuDevice extends Capable {
  readonly adapterInfo?: AdapterInfo;
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  readonly queue: {
    submit(commands: readonly object[]): void;
    writeBuffer(buffer: GpuBuffer, offset: number, data: ArrayBufferView): void;
  };
  addEventListener(
    type: 'uncapturederror',
    listener: (event: { readonly error: { readonly message: string } }) => void,
  ): void;
  createBuffer(descriptor: { size: number; usage: number }): GpuBuffer;
  createShaderModule(descriptor: { label: string; code: string }): ShaderModule;
  createBindGroupLayout(descriptor: { entries: readonly object[] }): object;
  createPipelineLayout(descriptor: { bindGroupLayouts: readonly object[] }): object;
  createComputePipelineAsync(descriptor: {
    label: string;
    layout: object;
    compute: { module: ShaderModule; entryPoint: string };
  }): Promise<object>;
  createBindGroup(descriptor: { layout: object; entries: readonly object[] }): object;
  createCommandEncoder(): Encoder;
  createQuerySet(descriptor: { type: 'timestamp'; count: number }): { destroy(): void };
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

export interface ShaderModule {
  /** Lines count from 1; 0 is none. */
  getCompilationInfo(): Promise<{
    readonly messages: readonly {
      readonly type: string;
      readonly message: string;
      readonly lineNum: number;
    }[];
  }>;
}

export interface Encoder {
  beginComputePass(descriptor?: { timestampWrites: object }): ComputePass;
  copyBufferToBuffer(
    from: GpuBuffer,
    fromOffset: number,
    to: GpuBuffer,
    toOffset: number,
    size: number,
  ): void;
  resolveQuerySet(set: object, first: number, count: number, to: GpuBuffer, toOffset: number): void;
  finish(): object;
}

export interface ComputePass {
  setPipeline(pipeline: object): void;
  setBindGroup(index: number, group: object): void;
  dispatchWorkgroups(x: number, y: number, z: number): void;
  end(): void;
}
