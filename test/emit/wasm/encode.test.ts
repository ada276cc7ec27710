/** The binary format, against bytes from the specification and against the engine's own validation. */
import { describe, expect, test } from 'vitest';
import { ByteWriter, encodeModule } from '../../../compiler/emit/wasm/encode.ts';
import type { Instruction, ValueType, WasmFunction } from '../../../compiler/emit/wasm/instructions.ts';
import type { Operation } from '../../../compiler/emit/wasm/operations.ts';
import { operations } from '../../../compiler/emit/wasm/operations.ts';
import { functionLines, printWat } from '../../../compiler/emit/wasm/wat.ts';
import { api } from './run.ts';

const written = (write: (out: ByteWriter) => void): number[] => {
  const out = new ByteWriter();
  write(out);
  return [...out.bytes()];
};

describe('LEB128', () => {
  test.each([
    [0, [0]],
    [1, [1]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [624485, [0xe5, 0x8e, 0x26]],
    [16383, [0xff, 0x7f]],
    [16384, [0x80, 0x80, 0x01]],
    [2 ** 31, [0x80, 0x80, 0x80, 0x80, 0x08]],
    [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('unsigned %d', (value, bytes) => {
    expect(written((out) => out.unsigned(value))).toEqual(bytes);
  });
  test.each([
    [0, [0]],
    [-1, [0x7f]],
    [63, [0x3f]],
    [64, [0xc0, 0x00]],
    [-64, [0x40]],
    [-65, [0xbf, 0x7f]],
    [128, [0x80, 0x01]],
    [-123456, [0xc0, 0xbb, 0x78]],
    [2 ** 31 - 1, [0xff, 0xff, 0xff, 0xff, 0x07]],
    [-(2 ** 31), [0x80, 0x80, 0x80, 0x80, 0x78]],
    [2 ** 32 - 1, [0x7f]],
  ])('signed %d', (value, bytes) => {
    expect(written((out) => out.signed(value))).toEqual(bytes);
  });
  test.each([-1, 2 ** 32, 0.5, NaN])('%d is no unsigned number', (value) => {
    expect(() => written((out) => out.unsigned(value))).toThrow('no unsigned number');
  });
  test('many bytes', () => {
    const bytes = written((out) => {
      for (let i = 0; i < 5000; i++) out.byte(i & 255);
    });
    expect(bytes).toEqual(Array.from({ length: 5000 }, (_, i) => i & 255));
  });
});

const types: Readonly<Record<string, ValueType>> = { i: 'i32', I: 'i64', f: 'f32', v: 'v128' };
const typesOf = (letters: string): ValueType[] => [...letters].map((letter) => types[letter]!);

const immediates: Readonly<Record<Operation['immediate'], object>> = {
  none: {},
  memory: { offset: 300 },
  memoryLane: { offset: 300, lane: 3 },
  lane: { lane: 2 },
  shuffle: { lanes: Array.from({ length: 16 }, (_, i) => 31 - i) },
};

/** A function that applies one operation to its parameters. */
function applying({ name, signature, immediate }: Operation): WasmFunction {
  const [taken = '', left = ''] = signature.split('>');
  const parameters = typesOf(taken).map((type, i) => ({ name: `p${i}`, type }));
  const body = [
    ...parameters.map((_, local): Instruction => ({ op: 'local.get', local })),
    { op: name, ...immediates[immediate] } as Instruction,
  ];
  return { name: 'apply', parameters, results: typesOf(left), locals: [], body, exported: true };
}

describe('operations', () => {
  test.each([...operations.values()].map((operation) => [operation.name, operation] as const))(
    '%s is valid with its signature',
    (_, operation) => {
      const functions = [applying(operation)];
      expect(api.validate(encodeModule({ functions, globals: [], pages: 1 }).bytes)).toBe(true);
      const wrong = [{ ...applying(operation), results: [...applying(operation).results, 'i64' as const] }];
      expect(api.validate(encodeModule({ functions: wrong, globals: [], pages: 1 }).bytes)).toBe(false);
      expect(functionLines(functions[0]!, functions).join('\n')).toContain(operation.name);
    },
  );
  test('none has the opcode of another', () => {
    const codes = [...operations.values()].map(({ prefix, code }) => `${prefix} ${code}`);
    expect(new Set(codes).size).toBe(codes.length);
  });
  test('are of the opcodes of the specification', () => {
    const code = (name: string) => operations.get(name)?.code;
    expect(['f32x4.mul', 'f32x4.add', 'v128.load32_splat', 'i32.atomic.rmw.add'].map(code)).toEqual([
      0xe6, 0xe4, 0x09, 0x1e,
    ]);
  });
});

const get = (local: number): Instruction => ({ op: 'local.get', local });

/** sum = x; do { sum = sum · x + sum } while (--n); if (n) return; result = sum */
const multiplyAdd: WasmFunction = {
  name: 'power',
  comment: 'for the test',
  parameters: [
    { name: 'n', type: 'i32' },
    { name: 'x', type: 'v128' },
  ],
  results: ['v128'],
  locals: ['v128', 'v128', 'i32'],
  exported: true,
  body: [
    get(1),
    { op: 'local.set', local: 2 },
    {
      op: 'loop',
      body: [
        get(2),
        get(1),
        { op: 'f32x4.mul', fused: true },
        get(2),
        { op: 'f32x4.add', fused: true },
        { op: 'local.set', local: 2 },
        get(0),
        { op: 'i32.const', value: 1 },
        { op: 'i32.sub' },
        { op: 'local.tee', local: 0 },
        { op: 'br_if', depth: 0 },
      ],
    },
    get(0),
    {
      op: 'if',
      result: 'v128',
      then: [{ op: 'v128.const', lanes: [1, -1, 0x3f800000, 0] }],
      otherwise: [get(2)],
    },
  ],
};

describe('modules', () => {
  const module = encodeModule({ functions: [multiplyAdd], globals: [], pages: 3 });
  test('are as in the specification', () => {
    expect(api.validate(module.bytes)).toBe(true);
    expect(Buffer.from(module.bytes.subarray(0, 37)).toString('hex')).toBe(
      '0061736d01000000' + // magic, version
        '0107' +
        '0160027f7b017b' + // one type: (i32, v128) → v128
        '0212' +
        '0103656e76066d656d6f7279' +
        '0201' +
        '03808004', // env.memory, 3 … 65536 pages
    );
  });
  test('say where the memory becomes shared', () => {
    const memory = new api.Memory({ initial: 3, maximum: 3, shared: true });
    const unshared = new api.Module(module.bytes);
    expect(() => new api.Instance(unshared, { env: { memory } })).toThrow();
    expect(module.bytes[module.flagOffset]).toBe(1);
    const bytes = module.bytes.slice();
    bytes[module.flagOffset] = 3;
    expect(() => new api.Instance(new api.Module(bytes), { env: { memory } })).not.toThrow();
  });
  test('say where multiplications and additions can be fused', () => {
    expect(module.fused.length).toBe(2);
    const codes = module.fused.map((place) => [...module.bytes.subarray(place, place + 3)]);
    expect(codes).toEqual([
      [0xfd, 0xe6, 0x01],
      [0xfd, 0xe4, 0x01],
    ]);
  });
  test('print as text', () => {
    expect(printWat({ functions: [multiplyAdd], globals: [], pages: 3 })).toMatchInlineSnapshot(`
      "(module
        (import "env" "memory" (memory 3 65536))
        ;; for the test
        (func $power (export "power") (param $n i32) (param $x v128) (result v128)
          (local v128 v128 i32)
          local.get $x
          local.set 2
          loop
            local.get 2
            local.get $x
            f32x4.mul
            local.get 2
            f32x4.add
            local.set 2
            local.get $n
            i32.const 1
            i32.sub
            local.tee $n
            br_if 0
          end
          local.get $n
          if (result v128)
            v128.const i32x4 0x1 0xffffffff 0x3f800000 0x0
          else
            local.get 2
          end
        )
      )
      "
    `);
  });
});
