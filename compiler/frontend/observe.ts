/** The graph `observe`: outputs, what each layer makes of a sample, and what of the inputs the outputs hang on. */
import { invariant } from '../base/invariant.ts';
import { elementCount } from '../base/types.ts';
import type { Graph, NamedValue, Value } from '../graph/ir.ts';
import { reachable } from '../graph/reachable.ts';
import { add, cast, gradient, reshape } from '../ops/index.ts';
import type { ObservedLayer, ObservedSaliency } from '../program/interface.ts';
import type { Build } from './build.ts';
import type { Forward } from './graphs.ts';
import { finishGraph } from './graphs.ts';
import { objectiveOf } from './objective.ts';

/** Returns the outputs, then the layers, then the saliency. */
export interface ObserveGraph {
  readonly graph: Graph;
  readonly layers: readonly ObservedLayer[];
  readonly saliency: readonly ObservedSaliency[];
}

/** Adds to the build of `infer`, whose own graph must be finished. */
export function observeGraph({ build, inputs, outputs }: Forward): ObserveGraph {
  build.builder.location = undefined;
  const layers = layersOf(build, inputs);
  const saliency = outputs.flatMap(({ name, datum, classes }) => {
    invariant(datum.kind === 'tensor', 'a model without errors has tensors as outputs');
    const { value } = datum;
    if (value.type.dtype !== 'f32' || !isDifferentiable(value)) return [];
    const casts = inputs.map((input) => ({ input, reals: realForms(build, input) }));
    const objective = objectiveOf(build.builder, value, classes !== undefined);
    return casts.flatMap(({ input, reals }) => {
      const found = reals.map((real) => gradientBy(build, objective, real, input));
      const [first, ...others] = found;
      if (first === undefined) return [];
      const sum = others.reduce((a, b) => build.builder.emit(add, { a, b }), first);
      return [{ output: name, input: input.name, value: sum }];
    });
  });
  // Names of outputs are words of the language, which begin with letters and have no slash.
  const returns: NamedValue[] = [
    ...outputs.flatMap(({ name, datum }) => (datum.kind === 'tensor' ? [{ name, value: datum.value }] : [])),
    ...layers.map(({ value }, i) => ({ name: `${i}`, value })),
    ...saliency.map(({ output, input, value }) => ({ name: `${output}/${input}`, value })),
  ];
  return {
    graph: { ...finishGraph(build, inputs, returns), name: 'observe' },
    layers: layers.map(({ layer }) => layer),
    saliency: saliency.map(({ output, input }) => ({ output, input })),
  };
}

/** Layers that give a value per sample that none before them gave; as f32. */
function layersOf(build: Build, inputs: readonly Value[]): readonly { layer: ObservedLayer; value: Value }[] {
  const seen = new Set<Value>(inputs);
  return build.layers.flatMap((row) => {
    const value = build.results.get(row);
    if (value === undefined || seen.has(value) || value.type.shape[0] !== 'N') return [];
    seen.add(value);
    const { path, layer, depth, line } = row;
    const shape = value.type.shape.slice(1).map(Number);
    const real = value.type.dtype === 'f32' ? value : build.builder.emit(cast, { x: value }, { to: 'f32' });
    return [{ layer: { name: path, kind: layer, line, depth, shape }, value: real }];
  });
}

/** Whether every op on the way from the inputs has a gradient. */
function isDifferentiable(output: Value): boolean {
  const real = (value: Value): boolean => value.type.dtype === 'f32';
  const through = reachable([output], undefined, real);
  return [...through].every((value) => value.kind !== 'node' || value.op.gradient !== 'none');
}

/** An input as the model computes with it: itself, or f32 that its numbers were cast to, reshaped or not. */
function realForms(build: Build, input: Value): readonly Value[] {
  if (input.type.dtype === 'f32') return [input];
  const forms = new Set<Value>([input]);
  return build.builder.nodes.filter((node) => {
    const [operand] = node.operands;
    if (operand === undefined || !forms.has(operand)) return false;
    if (node.op === reshape) forms.add(node);
    return node.op === cast && node.type.dtype === 'f32';
  });
}

function gradientBy({ builder }: Build, of: Value, real: Value, { type }: Value): Value {
  const by = builder.emit(gradient, { of, with_respect_to: real });
  invariant(
    elementCount(real.type.shape, 1) === elementCount(type.shape, 1),
    'casts and reshapes keep the count',
  );
  const shape = type.shape.slice(1).map(Number);
  return real.type.shape.length === type.shape.length ? by : builder.emit(reshape, { x: by }, { shape });
}
