/** Runs kernels as the JavaScript that the emitter prints for them. */
import { kernelFunction } from '../../compiler/emit/ts/kernel.ts';
import { mathFunctions } from '../../compiler/emit/ts/math.ts';
import { NameScope } from '../../compiler/emit/ts/names.ts';
import { printModule } from '../../compiler/emit/ts/tree.ts';
import { runtime } from '../../compiler/generated/runtime.ts';
import { elementCount } from '../../compiler/base/types.ts';
import { scratchOf } from '../../compiler/loop/accesses.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import { elementsFor } from '../../compiler/loop/interpret.ts';
import type { Kernel } from '../../compiler/loop/ir.ts';
import { runtimeClosure } from '../../compiler/emit/ts/runtime.ts';

/** `run(operands, n)` calls the emitted function on one array per input and output. Scratch memory begins as NaN. */
export function emittedKernel(kernel: Kernel): (operands: readonly Elements[], n: number) => void {
  const taken = new Set(runtime.flatMap(({ declares, mentions }) => [...declares, ...mentions]));
  const names = new NameScope(taken);
  const functions = [kernelFunction(kernel, 'emitted', names), ...mathFunctions([kernel], names)];
  const helpers = runtimeClosure(printModule(functions, 'js'));
  const text = printModule([...functions, ...helpers], 'js').replace(/^export /gm, '');
  const build = new Function(`"use strict"; const f = Math.fround;\n${text}\nreturn emitted;`) as () => (
    ...args: (Elements | number)[]
  ) => void;
  const emitted = build();
  return (operands, n) => {
    const scratch = scratchOf(kernel.body).map(({ dtype, shape }) =>
      elementsFor(dtype, elementCount(shape, n), 'f32').fill(NaN),
    );
    emitted(...operands, ...scratch, n);
  };
}
