import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../compiler/frontend/index.ts';
import type { Model } from '../../compiler/frontend/model.ts';
import type { Graph } from '../../compiler/graph/ir.ts';
import { differentiate } from '../../compiler/passes/differentiate.ts';
import { hoist, runPipeline } from '../../compiler/passes/index.ts';
import { targets, typescript } from '../../compiler/program/target.ts';
import { difference, numbersFor, results, run } from '../passes/support.ts';
import { execute, planOf } from './execute.ts';

const folder = new URL('../../dsl-examples/', import.meta.url);

function modelOf(entry: string, text?: string): Model | undefined {
  const read = (path: string): string | undefined => {
    if (text !== undefined && path === entry) return text;
    try {
      return readFileSync(new URL(path, folder), 'utf8');
    } catch {
      return undefined;
    }
  };
  return analyze({ entry, read }).model;
}

describe('the examples', () => {
  const names = readdirSync(folder).filter((name) => name.endsWith('.cnn'));
  const models = names.flatMap((name) => {
    const model = modelOf(name);
    return model === undefined ? [] : [{ name, model }];
  });

  it('are there', () => {
    expect(models.length).toBeGreaterThan(5);
  });

  it.each(models)('$name: inference takes no more memory than its lower bound', ({ model }) => {
    for (const maxBatch of [1, 32]) {
      const [infer] = hoist([runPipeline(model.graphs.infer, typescript)]).graphs as [Graph];
      const { memory } = planOf(infer, maxBatch);
      expect(memory.planned).toBe(memory.bound);
      expect(memory.planned).toBeLessThanOrEqual(memory.naive);
    }
  });

  it.each(models.filter(({ model }) => model.graphs.step !== undefined))(
    '$name: a training step commits each parameter in the launch that computes it',
    ({ model }) => {
      const plan = planOf(runPipeline(model.graphs.step as Graph, typescript), 32);
      expect(plan.finite).toBeDefined();
      expect(plan.commit.every(({ kind }) => kind === 'group')).toBe(true);
      expect(plan.memory.planned).toBeLessThan(1.05 * plan.memory.bound);
    },
  );
});

describe('a model with everything', () => {
  const text = `
    layer Block(filters: int)(x: f32[N, h, w, c]) {
      main = x -> Conv2D(filters, 3x3, padding: same, use_bias: false) -> BatchNormalization -> relu
      return [main, x] -> Concatenate -> Dropout(0.3)
    }
    model Net {
      input image: u8[4, 4, 1]
      image -> Rescaling(1 / 255) -> Block(2) -> Block(3) -> AveragePooling2D(2x2)
        -> Flatten -> Dense(5, activation: tanh) -> Dense(3, activation: softmax) -> output kind
    }
    train Net {
      label truth: i32
      loss: sparse_categorical_crossentropy(truth, kind)
      metrics: [accuracy(truth, kind)]
      optimizer: Adam(learning_rate: 0.01)
      batch_size: 3
      epochs: 1
    }`;
  const model = modelOf('net.cnn', text) as Model;

  const routines = (['infer', 'evaluate', 'step'] as const).flatMap((name) =>
    [targets.ts, targets.wgsl].map((target) => ({ name, target })),
  );

  it.each(routines)(
    '$name in its plan for $target.name computes what the frontend said',
    ({ name, target }) => {
      const graph = model.graphs[name] as Graph;
      const plain = run(differentiate, graph);
      const optimized = runPipeline(graph, target);
      for (const n of [3, 1]) {
        const drawn = numbersFor(graph, n, { low: 0.1, high: 1, seed: 3 });
        const numbers = {
          ...drawn,
          image: (drawn['image'] ?? []).map((_, i) => (i * 37) % 256),
          truth: [2, 0, 1].slice(0, n),
          $seed: [7],
          $step: [4],
        };
        const wanted = results(plain, numbers, n);
        const { results: got } = execute(optimized, 3, numbers, n, target);
        expect(Object.keys(got).sort()).toEqual(Object.keys(wanted).sort());
        expect(difference(wanted, got)).toBeLessThan(2e-4);
      }
    },
  );
});
