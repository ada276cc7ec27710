/** What stands on the outside of a model, for the frontend that makes it and every target that emits it. */
import type { TensorType } from '../base/types.ts';

/**
 * How a param or state begins; run on the host, for every target alike. Uniform and normal numbers come from the stream
 * named by the parameter's path. `fanIn`, `fanOut` as in Keras (receptive field × channels).
 */
export type Initializer =
  | { readonly kind: 'zeros' }
  | { readonly kind: 'ones' }
  | { readonly kind: 'constant'; readonly values: readonly number[] } // one (fills) or one per element
  | { readonly kind: 'glorot_uniform'; readonly fanIn: number; readonly fanOut: number } // U(±sqrt(6 / (in + out)))
  | { readonly kind: 'he_normal'; readonly fanIn: number }; // N(0, 2 / in), truncated at two standard deviations

/** One input, label or output as the user sees it: per sample, without N. */
export interface Port {
  readonly name: string;
  /** Per-sample type, without the batch. */
  readonly type: TensorType;
  /** Class names of an output, from a list or a text file; absent when none were given. */
  readonly classes?: readonly string[];
}

/** A layer whose result `observe` gives, per sample. */
export interface ObservedLayer {
  /** Path: `residual_2.main.conv2d`. */
  readonly name: string;
  readonly kind: string;
  readonly line: number;
  /** How many layers it is in. */
  readonly depth: number;
  readonly shape: readonly number[];
}

/** The gradient of what an output says by an input. */
export interface ObservedSaliency {
  readonly output: string;
  readonly input: string;
}

export interface Training {
  readonly labels: readonly Port[];
  /** Names of the metrics in order, unique: `accuracy`, `kind_accuracy` … */
  readonly metrics: readonly string[];
  readonly batchSize: number;
  readonly epochs: number;
  /** The label that holds the classes of an output with class names: how a loader finds where to put its labels. */
  readonly classLabels: readonly { readonly label: string; readonly output: string }[];
  /** Labels that are indices of classes, with how many classes there are, where an output or the loss says so. */
  readonly classCounts: readonly { readonly label: string; readonly classes: number }[];
}
