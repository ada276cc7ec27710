/** WebAssembly from scheduled kernels: as a module of single kernels, or of a whole program; as bytes and as text. */
export { emitKernels } from './module.ts';
export type { KernelModule } from './module.ts';
export { emitWasm, pagesOf } from './program.ts';
export type { MemoryLayout, WasmModule } from './program.ts';
