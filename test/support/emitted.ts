/** Runs kernels as the JavaScript that the emitter prints for them. */
import { kernelFunction } from '../../compiler/emit/ts/kernel.ts';
import { NameScope } from '../../compiler/emit/ts/names.ts';
import { printModule } from '../../compiler/emit/ts/tree.ts';
import { runtime } from '../../compiler/generated/runtime.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import type { Kernel } from '../../compiler/loop/ir.ts';
import { runtimeClosure } from '../../compiler/emit/ts/runtime.ts';

/** `run(operands, n)` calls the emitted function on one array per input and output. */
export function emittedKernel(kernel: Kernel): (operands: readonly Elements[], n: number) => void {
  const taken = new Set(runtime.flatMap(({ declares, mentions }) => [...declares, ...mentions]));
  const kernelNode = kernelFunction(kernel, 'emitted', new NameScope(taken));
  const helpers = runtimeClosure(printModule([kernelNode], 'js'));
  const text = printModule([kernelNode, ...helpers], 'js').replace(/^export /gm, '');
  const build = new Function(`"use strict"; const f = Math.fround;\n${text}\nreturn emitted;`) as () => (
    ...args: (Elements | number)[]
  ) => void;
  const emitted = build();
  return (operands, n) => emitted(...operands, n);
}
