/** A sample of an op as the kernel that a target schedules, with the lowered kernel on the interpreter to compare it to. */
import { elementCount } from '../../compiler/base/types.ts';
import type { Value } from '../../compiler/graph/ir.ts';
import { roundToHalf } from '../../compiler/loop/arithmetic.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import { elementsFor, interpret } from '../../compiler/loop/interpret.ts';
import type { Kernel } from '../../compiler/loop/ir.ts';
import type { LayoutOf } from '../../compiler/lower/index.ts';
import { groupNodes, lowerGroup } from '../../compiler/lower/index.ts';
import type { TargetInfo } from '../../compiler/program/target.ts';
import { schedule } from '../../compiler/schedule/index.ts';
import { dense, graphOf } from '../lower/run.ts';
import { lowerMath } from './lower-math.ts';
import type { Call } from './samples.ts';
import { draw, emitCall, generator } from './samples.ts';

interface SampleKernel {
  /** As lowered for the target, and as scheduled for it. */
  readonly lowered: Kernel;
  readonly scheduled: Kernel;
  /** The same inputs for each call with the same batch. */
  readonly inputs: (n: number) => readonly Elements[];
  /** A result to be written, filled with what no kernel leaves there. */
  readonly result: (n: number) => Elements;
  /** What a kernel makes of the inputs on the interpreter, in f32. */
  readonly interpreted: (kernel: Kernel, n: number) => Elements;
  /** What every kernel has to give: the lowered one with lanes, whatever the target. */
  readonly expected: (n: number) => Elements;
}

/** `layoutOf`: how operands lie in memory; dense, if not given. */
export function sampleKernel(call: Call, target: TargetInfo, layoutOf: LayoutOf = dense): SampleKernel {
  const { parameters, node } = emitCall(call);
  const [group] = groupNodes(graphOf([node], node), target);
  const { kernel: lowered, inputs: read } = lowerGroup(group!, layoutOf, target.lanes);
  const reference = lowerGroup(group!, layoutOf).kernel;
  const inputs = (n: number): readonly Elements[] => {
    const random = generator(n);
    const drawn = new Map<Value, Elements>(
      parameters.map((p, i) => {
        const { dtype, data } = draw(call.operands[i]!, n, random);
        const elements = elementsFor(dtype, data.length, 'f32');
        elements.set(layoutOf(p).stored ? data.map(roundToHalf) : data);
        return [p, elements];
      }),
    );
    return read.map((value) => drawn.get(value)!);
  };
  const result = (n: number): Elements =>
    elementsFor(node.type.dtype, elementCount(node.type.shape, n), 'f32').fill(77);
  const interpreted = (kernel: Kernel, n: number): Elements => {
    const y = result(n);
    interpret(lowerMath(kernel), [...inputs(n), y], { n, precision: 'f32' });
    return y;
  };
  return {
    lowered,
    scheduled: schedule(lowered, target),
    inputs,
    result,
    interpreted,
    expected: (n) => interpreted(reference, n),
  };
}
