/**
 * The Graph IR: immutable, SSA, every value typed. A node has one result, so a node *is* its value.
 * Values are compared by identity; two graphs are structurally equal when their printed forms are.
 */
import type { TensorType } from '../base/types.ts';
import type { Location } from '../base/source.ts';
import type { Op } from './op.ts';

export type Value = Parameter | Constant | Node;

/**
 * What comes from outside. `input`: handed over with each call (labels too). `param`: trained. `state`: persistent, written
 * by `update` only. Two inputs belong to the compiler and start with `$`: `$seed: u32[]` and `$step: u32[]` (0 in the first step).
 */
export interface Parameter {
  readonly kind: 'parameter';
  readonly role: 'input' | 'param' | 'state';
  /** `image`, or a path of bindings such as `residual_2.main.conv2d.kernel`. */
  readonly name: string;
  readonly type: TensorType;
}

/** A literal tensor. `data` has one entry per element, or a single one that fills the whole shape. bool is 0 or 1. */
export interface Constant {
  readonly kind: 'constant';
  readonly type: TensorType;
  readonly data: readonly number[];
}

export type AttributeValue = number | boolean | string | readonly number[];
export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface Node {
  readonly kind: 'node';
  readonly op: Op;
  readonly operands: readonly Value[];
  readonly attributes: Attributes;
  readonly type: TensorType;
  readonly location: Location | undefined;
}

/** The only write to persistent state. `target` names a parameter with role `param` or `state`. */
export interface Update {
  readonly target: string;
  readonly value: Value;
}

export interface Graph {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** In execution order: operands stand before their users. */
  readonly nodes: readonly Node[];
  readonly returns: readonly NamedValue[];
  readonly updates: readonly Update[];
}

/** A result and the name it is returned under (an output, a metric, `loss`). */
export interface NamedValue {
  readonly name: string;
  readonly value: Value;
}
