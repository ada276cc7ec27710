export { hoist } from './hoist.ts';
export type { Hoisted } from './hoist.ts';
export type { Pass } from './pass.ts';
export { pipeline, runPipeline, selectPasses } from './pipeline.ts';
export type { PipelineOptions } from './pipeline.ts';
