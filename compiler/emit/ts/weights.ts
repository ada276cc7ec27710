import { ModelError } from '../../../runtime/errors.ts';
import { readSafetensors, writeSafetensors } from '../../../runtime/safetensors.ts';
import type { SavedTensor } from '../../../runtime/safetensors.ts';
import { weightsFor } from '../../../runtime/weights.ts';
import type { Program } from '../../program/program.ts';
import { toBase64 } from './base64.ts';
import { code } from './data.ts';
import { toHalf } from './half.ts';
import type { ConstNode } from './tree.ts';

/** Larger modules take too long to load and to parse: the weights should be a file beside them. */
const largestEmbedding = 32 * 1024 * 1024;

/** What rounds to more than the largest number of half precision, 65504. */
const halfEnd = 65520;

/** The weights as a base64 string in the module, checked against the program and stored as `format`. */
export function embeddedWeights(program: Program, bytes: Uint8Array, format: 'f32' | 'f16'): ConstNode {
  const tensors = program.persistent.filter(({ role }) => role === 'param' || role === 'state');
  const values = weightsFor(tensors, readSafetensors(bytes));
  const saved = tensors.flatMap((tensor) => {
    const data = values.get(tensor.name);
    if (data === undefined) return [];
    const half = format === 'f16' && tensor.dtype === 'f32';
    if (half) checkHalf(tensor.name, data);
    return [{ ...tensor, data, half }];
  });
  const size = saved.reduce((sum, { data, half }) => sum + data.byteLength / (half ? 2 : 1), 0);
  if (size > largestEmbedding) {
    const hint = format === 'f32' ? ', or halve them with the format f16' : '';
    const message = `the weights are ${(size / 2 ** 20).toFixed(1)} MB and at most 32 MB are embedded; load them from a file${hint}`;
    throw new ModelError('weights-size', message, { bytes: size });
  }
  const file = writeSafetensors(
    saved.map(({ half, data, ...tensor }) => ({
      ...tensor,
      ...(half ? { dtype: 'f16', data: Uint16Array.from(data, toHalf) } : { data }),
    })),
  );
  return {
    kind: 'const',
    doc: [`The weights: a safetensors file (${format}) in base64.`],
    name: 'embedded',
    type: 'string',
    // Base64 has nothing to escape.
    value: code(`'${toBase64(file)}'`),
  };
}

/** A safetensors file with its f32 numbers in half precision. Throws a `ModelError` where one is too large for that. */
export function halfWeights(bytes: Uint8Array): Uint8Array {
  const { tensors } = readSafetensors(bytes);
  return writeSafetensors(
    [...tensors.values()].map((tensor) => {
      if (tensor.dtype !== 'f32') return tensor;
      checkHalf(tensor.name, tensor.data);
      return { ...tensor, dtype: 'f16', data: Uint16Array.from(tensor.data, toHalf) };
    }),
  );
}

/** A module with an infinite weight would refuse its own weights. */
function checkHalf(name: string, data: SavedTensor['data']): void {
  const large = data.find((value) => Math.abs(value) >= halfEnd);
  if (large === undefined) return;
  const message = `\`${name}\` contains ${large}, and f16 ends at 65504: store it as f32`;
  throw new ModelError('weights-value', message, { name });
}
