/** The public types of a generated module. */
export type {
  CreateOptions,
  Elements,
  Batch,
  ErrorCode,
  InferenceModel,
  ModelInfo,
  Pixels,
  PortInfo,
  Signature,
} from './model-types.ts';
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
