import { describe, expect, test } from 'vitest';
import { toHalf } from '../../compiler/emit/ts/half.ts';
import { fromHalf } from '../../runtime/half.ts';
import { readSafetensors, writeSafetensors } from '../../runtime/safetensors.ts';
import { weightsFor } from '../../runtime/weights.ts';

/** A file as the format's own documentation describes it, made without our writer. */
function file(header: unknown, data: readonly number[], claimed?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const oneFloat = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };

function failure(action: () => unknown): { code: string; message: string; details: Record<string, unknown> } {
  try {
    action();
  } catch (error) {
    return error as { code: string; message: string; details: Record<string, unknown> };
  }
  throw new Error('no error');
}

test('reads a file that others wrote', () => {
  const bytes = file(
    {
      __metadata__: { format: 'pt' },
      b: { dtype: 'F32', shape: [], data_offsets: [6, 10] },
      'a.kernel': { dtype: 'U8', shape: [2, 3], data_offsets: [0, 6] },
    },
    [1, 2, 3, 4, 5, 6, 0, 0, 0x80, 0x3f],
  );
  const { tensors, metadata } = readSafetensors(bytes);
  expect(metadata).toEqual({ format: 'pt' });
  expect([...tensors.values()]).toEqual([
    { name: 'b', dtype: 'f32', shape: [], data: Float32Array.of(1) },
    { name: 'a.kernel', dtype: 'u8', shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) },
  ]);
});

test('reads what it wrote, at any alignment of the bytes', () => {
  const tensors = [
    { name: '__proto__', dtype: 'f32', shape: [2], data: Float32Array.of(-0, 1e-45) },
    { name: 'u', dtype: 'u8', shape: [1, 3], data: Uint8Array.of(0, 128, 255) },
    { name: 'i', dtype: 'i32', shape: [], data: Int32Array.of(-2) },
    { name: 'none', dtype: 'f32', shape: [0, 4], data: new Float32Array(0) },
  ] as const;
  const written = writeSafetensors(tensors, { note: 'x' });
  const shifted = new Uint8Array(written.length + 3);
  shifted.set(written, 3);
  const { tensors: read, metadata } = readSafetensors(shifted.subarray(3));
  expect([...read.values()]).toEqual(tensors);
  expect(metadata).toEqual({ note: 'x' });
  // As readFile gives them: `slice` of a Buffer is a view.
  expect([...readSafetensors(Buffer.from(written)).tensors.values()]).toEqual(tensors);
  // Aligned to 8 bytes, as other readers map it.
  expect((8 + new DataView(written.buffer).getUint32(0, true)) % 8).toBe(0);
});

describe('half precision', () => {
  test('every one of the 65536 numbers there and back', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = fromHalf(bits);
      if (Number.isNaN(value)) expect(Number.isNaN(fromHalf(toHalf(value)))).toBe(true);
      else if (toHalf(value) !== bits) throw new Error(`${bits} → ${value} → ${toHalf(value)}`);
    }
  });
  test('known values', () => {
    expect([0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x7c00].map(fromHalf)).toEqual([
      1,
      -2,
      65504,
      2 ** -14,
      2 ** -24,
      Infinity,
    ]);
  });
  test('rounds to the nearest, ties to even', () => {
    const step = 2 ** -10;
    expect(
      [1 + step / 2, 1 + 1.5 * step, 1 + 0.51 * step, 65519, 65520, 2 ** -25, 2 ** -25 * 1.01].map(toHalf),
    ).toEqual([0x3c00, 0x3c02, 0x3c01, 0x7bff, 0x7c00, 0, 1]);
  });
  test('a file of half-precision weights is read as f32', () => {
    const bytes = writeSafetensors([
      { name: 'w', dtype: 'f16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) },
    ]);
    expect(readSafetensors(bytes).tensors.get('w')?.data).toEqual(Float32Array.of(1, -2));
  });
});

describe('what is not a whole file', () => {
  test.each([
    ['nothing', new Uint8Array(0)],
    ['seven bytes', new Uint8Array(7)],
    ['a header of 10 GB', file({ w: oneFloat }, [0, 0, 0, 0], 10_000_000_000n)],
    ['a header of 2^63 bytes', file({ w: oneFloat }, [0, 0, 0, 0], 2n ** 63n)],
    ['a header cut off', file({ w: oneFloat }, []).slice(0, 20)],
    ['data cut off', file({ w: oneFloat }, [0, 0, 0])],
    ['text', new TextEncoder().encode('<!doctype html><html><head>')],
    ['no JSON', file('{"w"', [])],
    ['JSON null', file('null', [1])],
    ['bytes of no tensor', file({ w: oneFloat }, [0, 0, 0, 0, 9])],
    ['overlap', file({ w: oneFloat, v: oneFloat }, [0, 0, 0, 0])],
    [
      'a gap',
      file({ w: oneFloat, v: { ...oneFloat, data_offsets: [8, 12] } }, new Array<number>(12).fill(0)),
    ],
    ['offsets backwards', file({ w: { ...oneFloat, data_offsets: [4, 0] } }, [0, 0, 0, 0])],
    ['a size that is not that of the shape', file({ w: { ...oneFloat, shape: [2] } }, [0, 0, 0, 0])],
    ['a negative extent', file({ w: { ...oneFloat, shape: [-1] } }, [0, 0, 0, 0])],
    ['a shape of text', file({ w: { ...oneFloat, shape: 'x' } }, [0, 0, 0, 0])],
    ['no entry', file({ w: null }, [])],
  ])('%s', (_, bytes) => {
    expect(failure(() => readSafetensors(bytes))).toMatchObject({
      name: 'ModelError',
      code: 'weights-format',
    });
  });
  test('the message names both sizes', () => {
    const { message } = failure(() => readSafetensors(file({ w: oneFloat }, [], 10_000_000_000n)));
    expect(message).toContain('10000000000');
  });
  test('a type that is not supported', () => {
    const bytes = file(
      { w: { dtype: 'F64', shape: [1], data_offsets: [0, 8] } },
      new Array<number>(8).fill(0),
    );
    expect(failure(() => readSafetensors(bytes))).toMatchObject({ code: 'weights-mismatch' });
  });
});

describe('weights of another model', () => {
  const tensors = [
    { name: 'a.kernel', dtype: 'f32', shape: [2, 1] },
    { name: 'a.bias', dtype: 'f32', shape: [1] },
    { name: 'ab.kernel', dtype: 'f32', shape: [1] },
  ] as const;
  const saved = (...list: [name: string, shape: number[], value?: number][]) =>
    readSafetensors(
      writeSafetensors(
        list.map(([name, shape, value = 1]) => ({
          name,
          dtype: 'f32',
          shape,
          data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value),
        })),
      ),
    );
  test('missing, extra and reshaped names are listed', () => {
    const error = failure(() =>
      weightsFor(tensors, saved(['a.kernel', [1, 2]], ['a.bias', [1]], ['z', [1]])),
    );
    expect(error).toMatchObject({
      code: 'weights-mismatch',
      details: { missing: ['ab.kernel'], extra: ['z'], reshaped: ['a.kernel (f32[1, 2], not f32[2, 1])'] },
    });
    for (const name of ['ab.kernel', 'z', 'a.kernel']) expect(error.message).toContain(name);
  });
  test.each([NaN, Infinity, -Infinity])('%d is refused, by name', (value) => {
    const file = saved(['a.kernel', [2, 1]], ['a.bias', [1], value], ['ab.kernel', [1]]);
    expect(failure(() => weightsFor(tensors, file))).toMatchObject({
      code: 'weights-value',
      details: { name: 'a.bias' },
    });
  });
  test('one layer by its path', () => {
    const found = weightsFor(tensors, saved(['a.kernel', [2, 1]], ['a.bias', [1]], ['other', [3]]), 'a');
    expect([...found.keys()]).toEqual(['a.kernel', 'a.bias']);
    expect(failure(() => weightsFor(tensors, saved(), 'nowhere'))).toMatchObject({
      code: 'weights-mismatch',
      message: '`nowhere` has no weights',
    });
    expect(failure(() => weightsFor(tensors, saved(['a.bias', [1]]), 'a')).details['missing']).toEqual([
      'a.kernel',
    ]);
  });
});
