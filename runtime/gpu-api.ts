/** What we use of WebGPU, https://www.w3.org/TR/webgpu/. */
export interface Gpu {
  requestAdapter(options: { powerPreference?: string }): Promise<GpuAdapter | null>;
}

/** Bits of `GPUBufferUsage`. */
export const usage = { map: 1, from: 4, to: 8, uniform: 64, storage: 128, query: 512 };

export type GpuLimit = 'maxBufferSize' | 'maxStorageBufferBindingSize' | 'maxStorageBuffersPerShaderStage';
export type GpuLimits = Readonly<Record<GpuLimit, number>>;

interface Provider {
  readonly features: { has(name: string): boolean };
  readonly limits: GpuLimits;
}

export interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
}

export interface GpuAdapter extends Provider {
  readonly info?: AdapterInfo;
  requestDevice(wanted: {
    requiredFeatures: readonly string[];
    requiredLimits: Readonly<Record<string, number>>;
  }): Promise<GpuDevice>;
}

/** Objects that are only handed on. */
interface Named<K extends string> {
  readonly label: string;
  readonly __brand?: K;
}
export type Layout = Named<'layout'>;
export type PipelineLayout = Named<'pipeline layout'>;
export type Pipeline = Named<'pipeline'>;
export type BindGroup = Named<'bind group'>;
export interface QuerySet {
  destroy(): void;
}
type Commands = Named<'commands'>;

export interface GpuBuffer {
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  unmap(): void;
  destroy(): void;
}

export interface ShaderModule {
  getCompilationInfo(): Promise<{
    readonly messages: readonly {
      readonly type: string;
      readonly message: string;
      /** From 1; 0 where there is none. */
      readonly lineNum: number;
    }[];
  }>;
}

export interface ComputePass {
  setPipeline(pipeline: Pipeline): void;
  setBindGroup(index: number, group: BindGroup): void;
  dispatchWorkgroups(x: number, y: number, z: number): void;
  end(): void;
}

export interface Encoder {
  beginComputePass(descriptor?: {
    timestampWrites: {
      querySet: QuerySet;
      beginningOfPassWriteIndex: number;
      endOfPassWriteIndex: number;
    };
  }): ComputePass;
  copyBufferToBuffer(
    from: GpuBuffer,
    fromOffset: number,
    to: GpuBuffer,
    toOffset: number,
    size: number,
  ): void;
  resolveQuerySet(set: QuerySet, first: number, count: number, to: GpuBuffer, toOffset: number): void;
  finish(): Commands;
}

export interface GpuDevice extends Provider {
  readonly adapterInfo?: AdapterInfo;
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  readonly queue: {
    submit(commands: readonly Commands[]): void;
    writeBuffer(buffer: GpuBuffer, offset: number, data: ArrayBuffer | ArrayBufferView): void;
  };
  addEventListener(
    type: 'uncapturederror',
    listener: (event: { readonly error: { readonly message: string } }) => void,
  ): void;
  createBuffer(descriptor: { label?: string; size: number; usage: number }): GpuBuffer;
  createShaderModule(descriptor: { label: string; code: string }): ShaderModule;
  createBindGroupLayout(descriptor: {
    entries: readonly { binding: number; visibility: number; buffer: { type: string } }[];
  }): Layout;
  createPipelineLayout(descriptor: { bindGroupLayouts: readonly Layout[] }): PipelineLayout;
  createComputePipelineAsync(descriptor: {
    label: string;
    layout: PipelineLayout;
    compute: { module: ShaderModule; entryPoint: string };
  }): Promise<Pipeline>;
  createBindGroup(descriptor: {
    layout: Layout;
    entries: readonly {
      binding: number;
      resource: { buffer: GpuBuffer; offset?: number; size?: number };
    }[];
  }): BindGroup;
  createCommandEncoder(): Encoder;
  createQuerySet(descriptor: { type: 'timestamp'; count: number }): QuerySet;
  pushErrorScope(filter: 'validation' | 'out-of-memory'): void;
  popErrorScope(): Promise<{ readonly message: string } | null>;
  destroy(): void;
}
