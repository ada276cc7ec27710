/** What the frontend hands to the passes: the graphs of one model over the same persistent buffers, and its interface. */
import type { TensorType } from '../base/types.ts';
import type { Graph } from '../graph/ir.ts';
import type { Initializer, Port, Training } from '../program/interface.ts';
import type { ObserveGraph } from './observe.ts';

/** A persistent tensor. `slot`: an optimizer's state, named `<optimizer state>@<param path>`, e.g. `momentum@conv2d.kernel`. */
export interface Persistent {
  readonly name: string;
  readonly role: 'param' | 'state' | 'slot';
  readonly type: TensorType;
  readonly initializer: Initializer;
}

/** One row of `cnnc summary`. */
export interface LayerSummary {
  /** Path of the layer instance: `conv2d`, `residual_2.main.conv2d`. */
  readonly path: string;
  /** Name of the layer or op: `Conv2D`. */
  readonly layer: string;
  readonly depth: number;
  readonly output: TensorType | undefined;
  /** Trained and untrained numbers of this instance including what it contains. */
  readonly parameters: number;
  readonly line: number;
}

/**
 * Graphs by name. `infer`: inputs → outputs by name. `evaluate`: inputs + labels → `loss: f32[N]` per sample, then each
 * metric `f32[N]` per sample. `step`: inputs + labels + `$seed` + `$step` → `loss: f32[N]`, metrics, and updates of params,
 * states and slots. evaluate and step are absent in a file without `train`.
 */
export interface Model {
  readonly name: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly persistent: readonly Persistent[];
  readonly training?: Training;
  readonly graphs: { readonly infer: Graph; readonly evaluate?: Graph; readonly step?: Graph };
  readonly layers: readonly LayerSummary[];
  /** Where it was asked for: inputs → outputs, layers, saliency. */
  readonly observe?: ObserveGraph;
}
