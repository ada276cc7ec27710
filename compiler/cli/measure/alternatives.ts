/** How long one kernel takes with each of the schedules that it may have. */
import { arrayTypes, bytesOf } from '../../../runtime/arrays.ts';
import { invariant } from '../../base/invariant.ts';
import { bytesPerElement } from '../../base/types.ts';
import { emitKernels } from '../../emit/wasm/index.ts';
import type { Buffer, Kernel } from '../../loop/ir.ts';
import { printKernel } from '../../loop/print.ts';
import { webassembly } from '../../program/target.ts';
import type { Choice } from '../../schedule/choice.ts';
import { alternatives } from '../../schedule/choice.ts';
import { scheduling } from '../../schedule/index.ts';
import { instantiate } from './instantiate.ts';
import { randomNumbers } from './machine.ts';

export interface Alternative {
  readonly choice: Choice;
  readonly kernel: Kernel;
}

export interface Measured extends Alternative {
  /** Of one launch; the shortest of many. */
  readonly milliseconds: number;
}

/** The schedules of a lowered kernel that differ, that of no choice first. */
export function schedulesOf(lowered: Kernel): readonly Alternative[] {
  const standard = scheduling(lowered, webassembly);
  const found = new Map<string, Alternative>([
    [printKernel(standard.kernel), { choice: {}, kernel: standard.kernel }],
  ]);
  // A kernel without tiles has nothing to choose.
  const tiled = standard.steps.some(({ step }) => step === 'jam');
  for (const choice of tiled ? alternatives : []) {
    const { kernel } = scheduling(lowered, webassembly, choice);
    const text = printKernel(kernel);
    if (!found.has(text)) found.set(text, { choice, kernel });
  }
  return [...found.values()];
}

/** Of one batch of calls. */
const batchMilliseconds = 2;

/**
 * Runs all alternatives in turns for about `seconds` together, with `samples` samples of noise. They write the same bits; one
 * that does not is a bug.
 */
export async function measureAlternatives(
  list: readonly Alternative[],
  samples: number,
  seconds: number,
): Promise<readonly Measured[]> {
  const runs = await bind(list, samples);
  const expected = runs[0]?.result();
  const best = list.map(() => Infinity);
  const calls = runs.map(({ run, result }, i) => {
    const bits = result();
    invariant(
      bits.every((byte, at) => byte === expected?.[at]),
      `${list[i]?.kernel.name} with ${JSON.stringify(list[i]?.choice)} gives other bits`,
    );
    const began = performance.now();
    run();
    return Math.max(1, Math.round(batchMilliseconds / (performance.now() - began)));
  });
  const end = performance.now() + seconds * 1000;
  for (let round = 0; round < 3 || performance.now() < end; round++) {
    for (const [i, { run }] of runs.entries()) {
      const count = calls[i] ?? 1;
      const began = performance.now();
      for (let call = 0; call < count; call++) run();
      best[i] = Math.min(best[i] ?? Infinity, (performance.now() - began) / count);
    }
  }
  return list.map((alternative, i) => ({ ...alternative, milliseconds: best[i] ?? Infinity }));
}

interface Run {
  readonly run: () => void;
  /** Runs on outputs of zeros, and gives what they are then. */
  readonly result: () => Uint8Array;
}

const align = (bytes: number): number => Math.ceil(bytes / 256) * 256;

async function bind(list: readonly Alternative[], samples: number): Promise<readonly Run[]> {
  const [first] = list;
  invariant(first, 'there is a schedule');
  const code = emitKernels(list.map(({ kernel }, i) => ({ ...kernel, name: `schedule${i}` })));
  const operands = [...first.kernel.inputs, ...first.kernel.outputs];
  const places: number[] = [];
  let end = 1024;
  for (const buffer of operands) {
    places.push(end);
    end += align(sizeOf(buffer, samples) * bytesPerElement[buffer.dtype]);
  }
  const scratchBytes = Math.max(...code.scratchBytes.map(align));
  const { calls, memory } = await instantiate(code, { scratchBase: end, scratchBytes });
  const views = operands.map(
    ({ dtype, ...buffer }, i) =>
      new arrayTypes[dtype](memory.buffer, places[i] ?? 0, sizeOf({ dtype, ...buffer }, samples)),
  );
  const next = randomNumbers(3);
  views.slice(0, first.kernel.inputs.length).forEach((view) => {
    if (view instanceof Float32Array) for (let i = 0; i < view.length; i++) view[i] = 2 * next() - 1;
  });
  const outputs = views.slice(first.kernel.inputs.length);
  return list.map((_, i) => {
    const call = calls[`schedule${i}`] as ((...operands: number[]) => void) | undefined;
    invariant(call, 'each kernel is exported');
    const run = (): void => call(...places, end, samples, 0, 1);
    return {
      run,
      result() {
        for (const view of outputs) view.fill(0);
        run();
        const copies = outputs.map((view) => bytesOf(view));
        const all = new Uint8Array(copies.reduce((sum, copy) => sum + copy.length, 0));
        let at = 0;
        for (const copy of copies) {
          all.set(copy, at);
          at += copy.length;
        }
        return all;
      },
    };
  });
}

/** Elements of the memory that a buffer reaches into. */
function sizeOf({ shape, strides, offset }: Buffer, samples: number): number {
  return shape.reduce<number>((last, extent, axis) => {
    const places = extent === 'N' ? samples : extent;
    return last + (places - 1) * (strides[axis] ?? 0);
  }, offset + 1);
}
