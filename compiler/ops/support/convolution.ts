import { invariant } from '../../base/invariant.ts';
import type { Extent, TensorType } from '../../base/types.ts';
import { sameShape } from '../../base/types.ts';
import type { AttributeSpecs, Mismatch } from '../../graph/op.ts';
import { mismatch } from '../../graph/op.ts';
import type { DefinitionBuilder, Space } from '../../loop/builder.ts';
import type { Affine } from '../../loop/ir.ts';
import { rankMismatch } from './shapes.ts';

/** Where windows lie: the attributes of convolutions and pooling. */
export const strides = {
  type: 'size',
  doc: 'the step from one window to the next: height, width',
  default: [1, 1],
  minimum: 1,
} as const satisfies AttributeSpecs[string];
export const padding = {
  type: 'padding',
  doc: 'valid: windows inside only; same: ceil(input / stride) windows; a size: that many zeros on each side',
  default: 'valid',
  minimum: 0,
} as const satisfies AttributeSpecs[string];

export const groups = {
  type: 'int',
  doc: 'channels and filters are divided into so many groups; each filter sees the channels of its group only',
  default: 1,
  minimum: 1,
} as const satisfies AttributeSpecs[string];

interface Kernel {
  /** height, width */
  readonly size: readonly [number, number];
  readonly inputs: number;
  readonly outputs: number;
}

/** The parts of an HWIO kernel. */
export function kernelOf(type: TensorType): Kernel | Mismatch {
  const [height, width, inputs, outputs, more] = type.shape;
  if (
    typeof height !== 'number' ||
    typeof width !== 'number' ||
    typeof inputs !== 'number' ||
    typeof outputs !== 'number' ||
    more !== undefined
  ) {
    return rankMismatch('the kernel', '[kernel rows, kernel columns, input channels, output channels]', type);
  }
  return { size: [height, width], inputs, outputs };
}

/** What is wrong with a kernel for `channels` channels in so many groups. */
export function channelMismatch(channels: number, kernel: Kernel, count: number): Mismatch | undefined {
  const wrong = groupMismatch(channels, kernel.outputs, count);
  if (wrong !== undefined || channels === count * kernel.inputs) return wrong;
  const taken = `${kernel.inputs} input ${kernel.inputs === 1 ? 'channel' : 'channels'}`;
  return mismatch(
    'E0403',
    count === 1
      ? `the kernel takes ${taken}, the image has ${channels}`
      : `the kernel takes ${taken} in each of ${count} groups, the image has ${channels}`,
    `the third extent of the kernel must be ${channels / count}`,
  );
}

export function groupMismatch(channels: number, filters: number, count: number): Mismatch | undefined {
  if (channels % count === 0 && filters % count === 0) return undefined;
  return mismatch(
    'E0416',
    `${channels} channels and ${filters} filters cannot both be divided into ${count} groups`,
    'both must be multiples of groups',
  );
}

/** A result of four axes, the last of which are channels in groups: channel = group · channels of a group + channel inside. */
interface Grouped extends Space {
  /** The place in the result. */
  readonly index: readonly Affine[];
  readonly group: Affine;
  /** The channel counted inside of its group. */
  readonly inside: Affine;
}

/** One group, or one channel in each, needs no axis of its own. */
export function inGroups(b: DefinitionBuilder, shape: readonly Extent[], count: number): Grouped {
  const axes = b.axesOf(shape);
  const channel = axes.at(-1);
  invariant(channel !== undefined && typeof channel.extent === 'number', 'channels are the last axis');
  const index = axes.map((axis) => b.plus(axis, 0));
  const [whole, none] = [b.plus(channel, 0), b.plus(0, 0)];
  if (count === 1) return { axes, index, group: none, inside: whole };
  if (count === channel.extent) return { axes, index, group: whole, inside: none };
  const size = channel.extent / count;
  const [group, inside] = [b.axis('g', count), b.axis(channel.name, size)];
  return {
    axes: [...axes.slice(0, -1), group, inside],
    index: [...index.slice(0, -1), b.plus(b.times(group, size), inside)],
    group: b.plus(group, 0),
    inside: b.plus(inside, 0),
  };
}

/** A gradient has the shape of what it is the gradient of. */
export function gradientMismatch(dy: TensorType, wanted: TensorType['shape']): Mismatch | undefined {
  if (sameShape(dy.shape, wanted)) return undefined;
  return mismatch('E0415', `the gradient is [${dy.shape.join(', ')}], the result [${wanted.join(', ')}]`);
}
