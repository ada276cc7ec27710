/**
 * Pictures of what a model sees in one sample. All functions draw into an element of the page and may be called again for
 * each new sample: what is there already is changed in place, so nothing flickers.
 */
import type { Observation, ObservedLayer } from '../../runtime/observe-types.ts';
import type { Batch, Signature } from '../../runtime/types.ts';

/** A tensor of the model's weights; kernels of convolutions are `[height, width, channels, filters]`. */
export interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** What a layer made of the sample. */
export interface ShownLayer extends ObservedLayer {
  /** Its shape before it was made smaller, by means over small squares, where it was. */
  readonly from?: readonly number[];
}

/** All that there is to show: `signature` and `classes` as the generated module exports them. */
export interface Shown {
  readonly signature: Signature;
  readonly classes: Readonly<Record<string, readonly string[]>>;
  /** What was given to `observe`. */
  readonly inputs: Batch;
  readonly observation: Observation<Batch> & { readonly layers: readonly ShownLayer[] };
  /** For the filters; see `weightsOf`. Default: none are shown. */
  readonly weights?: readonly Weight[];
}

export { renderLayers } from './layers.ts';
export { renderObservation } from './observation.ts';
export { renderOutputs } from './outputs.ts';
export { renderSaliency } from './saliency.ts';
export { weightsOf } from './weights.ts';
