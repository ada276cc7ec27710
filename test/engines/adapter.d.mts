import type { Device } from './shader.d.mts';

export declare const swiftshader: string | undefined;
export declare const lavapipe: string | undefined;
export declare const howToInstall: string;
export declare function vulkanEnvironment(driver: string): {
  VK_DRIVER_FILES: string;
  XDG_RUNTIME_DIR: string;
};

export interface Adapter {
  readonly features: ReadonlySet<string>;
  readonly limits: object;
  requestDevice(descriptor?: { readonly requiredFeatures?: readonly string[] }): Promise<Device>;
}

/** The object `navigator.gpu` of a browser. */
export interface Gpu {
  requestAdapter(): Promise<Adapter | null>;
}

export interface OpenAdapter {
  readonly gpu: Gpu;
  readonly adapter: Adapter;
  /** For people: `Dawn, google swiftshader …`. */
  readonly name: string;
  readonly reason?: undefined;
}

export declare function openNullDevice(): Promise<Device>;
export declare function openAdapter(): Promise<OpenAdapter | { readonly reason: string }>;
