/** What a layer made of one sample. */
export interface ObservedLayer {
  /** Path: `conv2d`, `residual_2.main.conv2d`. */
  readonly name: string;
  /** `Conv2D` */
  readonly kind: string;
  /** Where it is called, in the model's file or in one that it imports. */
  readonly line: number;
  /** How many layers it is in. */
  readonly depth: number;
  /** Without the batch: height, width, channels. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** How much each number of an input matters to an output. */
export interface Saliency {
  readonly output: string;
  readonly input: string;
  /**
   * The gradient, by the input, of: the logarithm of the odds of the most probable class (softmax, sigmoid); the largest number,
   * where classes have names but no probabilities; the sum of the output otherwise.
   */
  readonly values: Float32Array;
}

/** What a model sees in one sample. */
export interface Observation<O> {
  readonly outputs: O;
  /** In the order of the text; a layer comes before those it is made of. Without layers that changed nothing. */
  readonly layers: readonly ObservedLayer[];
  /** For each output and each input that it has a gradient for. */
  readonly saliency: readonly Saliency[];
}

export interface Observable<I, O> {
  /** For one sample. */
  observe(inputs: I): Promise<Observation<O>>;
}
