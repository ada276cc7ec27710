import type { Job, TrainingResult } from './chromium.d.mts';

export declare function train(module: unknown, job: Job): Promise<TrainingResult>;
