/** The public types of a generated module. */
export type {
  CreateOptions,
  Elements,
  Batch,
  EngineInfo,
  ErrorCode,
  InferenceModel,
  ModelInfo,
  Pixels,
  PortInfo,
  Signature,
} from './model-types.ts';
export type { Observable, Observation, ObservedLayer, Saliency } from './observe-types.ts';
export type {
  Dataset,
  EarlyStopping,
  EpochRecord,
  FitOptions,
  History,
  Progress,
  Scores,
  TrainableModel,
} from './training-types.ts';
export type { GpuDeviceLike, GpuLike, GpuOptions } from './gpu-types.ts';
export type { ThreadOptions, WorkerLike } from './thread-types.ts';
export type { WasmOptions } from './wasm-types.ts';
