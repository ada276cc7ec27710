import { describe, expect, test } from 'vitest';
import { readNpy } from '../../compiler/data/index.ts';

/** A file as numpy writes it: the header padded so that the data begin at a multiple of 64. */
function npy(header: string, body: Uint8Array, version = 1): Uint8Array {
  const start = version === 1 ? 10 : 12;
  const text = `${header}${' '.repeat((128 - start - 1 - header.length) % 64)}\n`;
  const file = new Uint8Array(start + text.length + body.length);
  file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  const view = new DataView(file.buffer);
  if (version === 1) view.setUint16(8, text.length, true);
  else view.setUint32(8, text.length, true);
  file.set(new TextEncoder().encode(text), start);
  file.set(body, start + text.length);
  return file;
}
const bytes = (values: Float32Array | Float64Array | Int32Array): Uint8Array => new Uint8Array(values.buffer);
const header = (descr: string, shape: string, order = 'False'): string =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`;

describe('readNpy', () => {
  test('what numpy.save writes', () => {
    expect(readNpy(npy(header('<f4', '2, 2'), bytes(Float32Array.of(1, 2.5, 3, 4))), 'x')).toEqual({
      shape: [2, 2],
      values: Float32Array.of(1, 2.5, 3, 4),
    });
    expect(readNpy(npy(header('<f8', '1,'), bytes(Float64Array.of(0.1)), 2), 'x').values).toEqual(
      Float64Array.of(0.1),
    );
    expect(readNpy(npy(header('<i4', '2,'), bytes(Int32Array.of(-1, 7))), 'x').values).toEqual(
      Int32Array.of(-1, 7),
    );
    expect(readNpy(npy(header('|u1', ''), Uint8Array.of(200)), 'x')).toEqual({
      shape: [],
      values: Uint8Array.of(200),
    });
  });

  test.each<[string, Uint8Array, RegExp]>([
    ['text', new TextEncoder().encode('[1, 2, 3, 4, 5]'), /not a .npy file/u],
    ['too short', npy(header('<f4', '3,'), bytes(Float32Array.of(1, 2))), /promises 3 elements/u],
    ['a claim of many', npy(header('<f4', '99999999999, 99999999999'), new Uint8Array(4)), /promises/u],
    ['Fortran order', npy(header('<f4', '1,', 'True'), new Uint8Array(4)), /Fortran/u],
    ['big endian', npy(header('>f4', '1,'), new Uint8Array(4)), /type >f4/u],
    ['a torn header', npy(header('<f4', '1,'), new Uint8Array(4)).subarray(0, 40), /middle of its header/u],
  ])('%s is refused', (_, content, message) => {
    expect(() => readNpy(content, 'in.npy')).toThrow(message);
    expect(() => readNpy(content, 'in.npy')).toThrow(/in\.npy/u);
  });
});
