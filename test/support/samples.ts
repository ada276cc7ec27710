/** Calls of ops for tests, drawn from the samples that stand with each op. */
import type { DType } from '../../compiler/base/types.ts';
import { elementCount } from '../../compiler/base/types.ts';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { Attributes, Node, Parameter } from '../../compiler/graph/ir.ts';
import type { Op, Sample, SampleOperand } from '../../compiler/graph/op.ts';
import { byPosition } from '../../compiler/graph/op.ts';
import { ops } from '../../compiler/ops/index.ts';
import type { Tensor } from './evaluate.ts';
import { tensorOf } from './evaluate.ts';

export interface Call {
  /** For test titles: `conv2d #2`. */
  readonly title: string;
  readonly op: Op;
  readonly operands: readonly SampleOperand[];
  readonly attributes: Attributes;
}

/** Every sample of every op of the registry. */
export const calls: readonly Call[] = [...ops.values()].flatMap((op) =>
  op.samples.map((sample, i) => ({
    title: `${op.name} #${i}`,
    op,
    operands: positional(op, sample),
    attributes: (sample.attributes ?? {}) as Attributes,
  })),
);

/** Whether the op is computed by a kernel: views, concatenations and pseudo ops are not. */
export const hasKernel = (op: Op): boolean => op.lower !== 'none' || op.loops !== undefined;

function positional(op: Op, sample: Sample): SampleOperand[] {
  return byPosition<SampleOperand>(op.operands, sample.operands).flatMap((operand) => operand ?? []);
}

/** A small generator of its own: tests of random numbers must not draw from what they test. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const defaultRanges: Readonly<Record<DType, readonly [number, number]>> = {
  f32: [-1, 1],
  u8: [0, 256],
  bool: [0, 2],
  i32: [0, 4],
  u32: [0, 4],
};

/** The operand's values: those given, or drawn from its range. */
export function draw(
  { shape, dtype = 'f32', range, values }: SampleOperand,
  n: number,
  random: () => number,
): Tensor {
  if (values !== undefined) return tensorOf({ dtype, shape }, n, values);
  const [low, high] = range ?? defaultRanges[dtype];
  const data = Array.from({ length: elementCount(shape, n) }, () => {
    const x = low + random() * (high - low);
    return dtype === 'f32' ? x : Math.floor(x);
  });
  return { dtype, shape: tensorOf({ dtype, shape }, n, [0]).shape, data };
}

/** The call as a node over fresh parameters, and the builder that made it. */
export function emitCall({ op, operands, attributes }: Call): {
  readonly g: GraphBuilder;
  readonly parameters: readonly Parameter[];
  readonly node: Node;
} {
  const g = new GraphBuilder();
  const parameters = operands.map(({ shape, dtype = 'f32' }, i): Parameter => ({
    kind: 'parameter',
    role: 'input',
    name: `x${i}`,
    type: { dtype, shape },
  }));
  return { g, parameters, node: g.node(op, parameters, attributes) };
}
