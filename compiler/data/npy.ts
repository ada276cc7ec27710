/** Reads the `.npy` files that numpy's `save` writes. */
import { fileError } from './error.ts';

export interface NumberArray {
  readonly shape: readonly number[];
  readonly values: Float32Array | Float64Array | Int32Array | Uint8Array;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

/** The array of a `.npy` file: little-endian f4, f8, i4, u1 or b1 in C order. `file` is for messages only. */
export function readNpy(content: Uint8Array, file: string): NumberArray {
  const fail = (message: string): Error => fileError('data-format', file, message);
  if (!magic.every((byte, i) => content[i] === byte) || content.length < 12) throw fail('is not a .npy file');
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const long = content[6]! >= 2;
  const headerStart = long ? 12 : 10;
  const headerLength = long ? view.getUint32(8, true) : view.getUint16(8, true);
  if (headerStart + headerLength > content.length) throw fail('ends in the middle of its header');
  const header = new TextDecoder('latin1').decode(content.subarray(headerStart, headerStart + headerLength));
  const descr = /'descr'\s*:\s*'([^']*)'/u.exec(header)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/u.exec(header)?.[1];
  const extents = /'shape'\s*:\s*\(([^)]*)\)/u.exec(header)?.[1];
  if (descr === undefined || order === undefined || extents === undefined)
    throw fail('has a header nobody can read');
  if (order === 'True') throw fail('is in Fortran order; save numpy.ascontiguousarray(x) instead');
  const shape = extents
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map(Number);
  const count = shape.reduce((product, extent) => product * extent, 1);
  const body = new Uint8Array(content.subarray(headerStart + headerLength)); // a copy begins at an aligned address
  const width = { '<f4': 4, '<f8': 8, '<i4': 4, '|u1': 1, '|b1': 1 }[descr];
  if (width === undefined) throw fail(`has elements of type ${descr}; use float32, float64, int32 or uint8`);
  if (!Number.isSafeInteger(count) || count * width !== body.length) {
    throw fail(
      `promises ${shape.join('×') || 'one'} elements of ${width} bytes; there are ${body.length} bytes`,
    );
  }
  const { buffer } = body;
  if (descr === '<f4') return { shape, values: new Float32Array(buffer) };
  if (descr === '<f8') return { shape, values: new Float64Array(buffer) };
  if (descr === '<i4') return { shape, values: new Int32Array(buffer) };
  return { shape, values: body };
}
