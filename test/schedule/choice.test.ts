/** Choices: other loops, the same bits; and the files that hold them. */
import { describe, expect, it } from 'vitest';
import type { Extent } from '../../compiler/base/types.ts';
import type { Parameter } from '../../compiler/graph/ir.ts';
import type { Kernel } from '../../compiler/loop/ir.ts';
import { printKernel } from '../../compiler/loop/print.ts';
import { verifyKernel } from '../../compiler/loop/verify.ts';
import * as ops from '../../compiler/ops/index.ts';
import { webassembly } from '../../compiler/program/target.ts';
import type { Choice, Choices } from '../../compiler/schedule/choice.ts';
import {
  alternatives,
  parseChoices,
  printChoices,
  ScheduleError,
  structureKey,
} from '../../compiler/schedule/choice.ts';
import { describeSchedule } from '../../compiler/schedule/describe.ts';
import { scheduleAs, scheduling } from '../../compiler/schedule/index.ts';
import { bitsOf, kernelOf } from '../loop/kernels.ts';
import { compileText, importFiles } from '../support/module.ts';

const parameter = (name: string, ...shape: readonly Extent[]): Parameter => ({
  kind: 'parameter',
  role: 'input',
  name,
  type: { dtype: 'f32', shape },
});

const conv = kernelOf(ops.conv2d, [parameter('x', 'N', 6, 6, 3), parameter('kernel', 3, 3, 3, 20)], {
  strides: [1, 1],
  padding: 'same',
});

const kernels: Readonly<Record<string, Kernel>> = {
  'a convolution': conv,
  'its input gradient': kernelOf(
    ops.conv2dInputGradient,
    [parameter('dy', 'N', 6, 6, 5), parameter('kernel', 3, 3, 12, 5)],
    { strides: [1, 1], padding: 'same', size: [6, 6] },
  ),
  'its kernel gradient': kernelOf(
    ops.conv2dKernelGradient,
    [parameter('x', 'N', 4, 4, 12), parameter('dy', 'N', 4, 4, 20)],
    { strides: [1, 1], padding: 'same', kernel_size: [3, 3] },
  ),
  'a product': kernelOf(ops.matmul, [parameter('a', 'N', 20), parameter('b', 20, 36)], {
    transpose_b: false,
  }),
};

describe.each(Object.entries(kernels))('%s', (_, kernel) => {
  const choices: readonly Choice[] = [{}, ...alternatives];
  const scheduled = new Map(
    choices.map((choice) => {
      const other = scheduling(kernel, webassembly, choice).kernel;
      return [printKernel(other), { choice, other }];
    }),
  );

  it('has the same bits with every choice', () => {
    const plain = bitsOf(kernel, 2);
    for (const { choice, other } of scheduled.values()) {
      verifyKernel(other);
      expect([choice, bitsOf(other, 2)]).toEqual([choice, plain]);
    }
  });

  it('has other loops with some', () => {
    expect(scheduled.size).toBeGreaterThan(1);
  });
});

describe('a choice', () => {
  const describeAs = (choice: Choice): string => {
    const { steps, kernel } = scheduling(conv, webassembly, choice);
    return describeSchedule(steps, kernel);
  };

  it('is what the schedule then says', () => {
    expect(describeAs({})).toMatch(/^4 w x .*8 c tile, /u);
    expect(describeAs({ vectors: 1, sums: 4 })).toMatch(/^4 w x .*4 c tile, /u);
    expect(describeAs({ vectors: 2, sums: 12, stage: 'never' })).not.toContain('staged');
    expect(describeAs({ vectors: 2, sums: 12, stage: 'always' })).toContain('kernel staged per block of c');
    expect(describeAs({})).toContain('edges of w, h apart');
  });

  it('is found by the structure of a kernel, whatever it is called', () => {
    const choices: Choices = new Map([[structureKey(conv), { vectors: 1, sums: 4 }]]);
    const chosen = printKernel(scheduleAs({ ...conv, name: 'other' }, webassembly, choices));
    expect(chosen).toBe(
      printKernel({ ...scheduling(conv, webassembly, { vectors: 1, sums: 4 }).kernel, name: 'other' }),
    );
    expect(structureKey(kernels['a product']!)).not.toBe(structureKey(conv));
  });

  it('changes the module, and not what it learns', async () => {
    const text = `model M {
  input x: f32[9, 9, 3]
  x -> Conv2D(20, 3x3, activation: relu) -> Flatten -> Dense(4, activation: softmax) -> output y
}
train M {
  label t: i32
  loss: sparse_categorical_crossentropy(t, y)
  optimizer: Adam
  batch_size: 4
  epochs: 1
}
`;
    const every: Choices = { get: () => ({ vectors: 1, sums: 4 }) } as unknown as Choices;
    const x = Float32Array.from({ length: 6 * 9 * 9 * 3 }, (_, i) => Math.sin(i));
    const t = Int32Array.from({ length: 6 }, (_, i) => i % 4);
    const trained = async (schedules?: Choices) => {
      const { files } = compileText(text, { kernels: 'wasm', ...(schedules && { schedules }) });
      const model = await (await importFiles(files)).createModel({ seed: 1 });
      await model.fit({ x, t });
      return { text: files[0]!.content, weights: await model.saveWeights() };
    };
    const [plain, chosen] = [await trained(), await trained(every)];
    expect(chosen.text).not.toBe(plain.text);
    expect(chosen.weights).toEqual(plain.weights);
  });
});

describe('schedule files', () => {
  it('read what was written', () => {
    const tuned = alternatives.slice(0, 2).map((choice, i) => {
      const kernel = Object.values(kernels)[i]!;
      return { kernel, choice, remark: '1.00 ms, was 2.00 ms' };
    });
    const text = printChoices('title', tuned);
    expect(text).toContain(
      '  # conv2d_relu(f32[N, 6, 6, 3], f32[3, 3, 3, 20]) -> f32[N, 6, 6, 20]: 1.00 ms, was 2.00 ms\n  vectors 1\n  sums 4\n',
    );
    expect([...parseChoices(text)]).toEqual(
      tuned.map(({ kernel, choice }) => [structureKey(kernel), choice]),
    );
    expect(parseChoices('').size).toBe(0);
  });

  it('name the line that is wrong', () => {
    const wrong = () => parseChoices('# c\n\nkernel 0123456789abcdef\n  sums 17\n');
    expect(wrong).toThrow(ScheduleError);
    expect(wrong).toThrow(/^line 4: sums is a whole number from 1 to 16, not `17`$/u);
  });
});
