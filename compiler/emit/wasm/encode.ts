/** The binary format: integers in LEB128, sections, instructions. */
import { invariant, InvariantError } from '../../base/invariant.ts';
import type { Global, Instruction, ValueType, WasmFunction, WasmModuleData } from './instructions.ts';
import { operations } from './operations.ts';

/** The bytes of a module, and where a loader may change them. */
export interface Encoded {
  readonly bytes: Uint8Array;
  /** Where the limits flag of the memory stands: 1, or 3 for memory shared by threads. */
  readonly flagOffset: number;
  /** Where multiplies and additions stand that a fused multiply-add may replace, in order. */
  readonly fused: readonly number[];
}

/** Every memory has a maximum, as shared ones must: all that 32 bits reach. */
export const maxPages = 65536;

const floatBits = new DataView(new ArrayBuffer(4));

/** Bytes that grow. */
export class ByteWriter {
  #bytes = new Uint8Array(1024);
  length = 0;

  /** A copy of what was written. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }

  #room(count: number): void {
    if (this.length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.length + count));
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
  }

  byte(value: number): void {
    if (this.length === this.#bytes.length) this.#room(1);
    this.#bytes[this.length++] = value;
  }

  append(other: ByteWriter): void {
    this.#room(other.length);
    this.#bytes.set(other.#bytes.subarray(0, other.length), this.length);
    this.length += other.length;
  }

  /** An unsigned number below 2^32: seven bits a byte, the lowest first. */
  unsigned(value: number): void {
    invariant(value >>> 0 === value, 'no unsigned number of 32 bits');
    let rest = value;
    while (rest > 127) {
      this.byte((rest & 127) | 128);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** A signed number of 32 bits; u32 values count as the i32 of the same bits. */
  signed(value: number): void {
    let rest = value | 0;
    for (;;) {
      const low = rest & 127;
      rest >>= 7;
      const done = (rest === 0 && (low & 64) === 0) || (rest === -1 && (low & 64) !== 0);
      this.byte(done ? low : low | 128);
      if (done) return;
    }
  }

  float(value: number): void {
    floatBits.setFloat32(0, value, true);
    for (let i = 0; i < 4; i++) this.byte(floatBits.getUint8(i));
  }

  name(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.unsigned(bytes.length);
    for (const byte of bytes) this.byte(byte);
  }
}

const typeCodes: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, v128: 0x7b };

const structure = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  br_if: 0x0d,
  return: 0x0f,
  call: 0x10,
  drop: 0x1a,
  select: 0x1b,
  nop: 0x01,
  'local.get': 0x20,
  'local.set': 0x21,
  'local.tee': 0x22,
  'global.get': 0x23,
  'global.set': 0x24,
  'i32.const': 0x41,
  'i64.const': 0x42,
  'f32.const': 0x43,
} as const;
const voidBlock = 0x40;

/** Writes instructions; `fused` takes the places of those marked. */
function instructions(out: ByteWriter, body: readonly Instruction[], fused: number[]): void {
  for (const instruction of body) encodeInstruction(out, instruction, fused);
}

function encodeInstruction(out: ByteWriter, instruction: Instruction, fused: number[]): void {
  switch (instruction.op) {
    case 'local.get':
    case 'local.set':
    case 'local.tee':
      out.byte(structure[instruction.op]);
      return out.unsigned(instruction.local);
    case 'select':
    case 'drop':
    case 'return':
    case 'nop':
      return out.byte(structure[instruction.op]);
    case 'i32.const':
    case 'i64.const':
      out.byte(structure[instruction.op]);
      return out.signed(instruction.value);
    case 'f32.const':
      out.byte(structure['f32.const']);
      return out.float(instruction.value);
    case 'v128.const':
      out.byte(0xfd);
      out.byte(0x0c);
      for (const lane of instruction.lanes)
        for (let shift = 0; shift < 32; shift += 8) out.byte((lane >>> shift) & 255);
      return;
    case 'global.get':
    case 'global.set':
      out.byte(structure[instruction.op]);
      return out.unsigned(instruction.global);
    case 'br':
    case 'br_if':
      out.byte(structure[instruction.op]);
      return out.unsigned(instruction.depth);
    case 'call':
      out.byte(structure.call);
      return out.unsigned(instruction.function);
    case 'block':
    case 'loop':
      out.byte(structure[instruction.op]);
      out.byte(voidBlock);
      instructions(out, instruction.body, fused);
      return out.byte(structure.end);
    case 'if':
      out.byte(structure.if);
      out.byte(instruction.result === undefined ? voidBlock : typeCodes[instruction.result]);
      instructions(out, instruction.then, fused);
      if (instruction.otherwise.length > 0) out.byte(structure.else);
      instructions(out, instruction.otherwise, fused);
      return out.byte(structure.end);
    default:
      return operation(out, instruction, fused);
  }
}

type Simple = Exclude<Instruction, { op: keyof typeof structure | 'v128.const' }>;

function operation(out: ByteWriter, instruction: Simple, fused: number[]): void {
  const row = operations.get(instruction.op);
  if (row === undefined) throw new InvariantError(`no instruction ${instruction.op}`);
  if ('fused' in instruction) fused.push(out.length);
  if (row.prefix === undefined) out.byte(row.code);
  else {
    out.byte(row.prefix);
    out.unsigned(row.code);
  }
  if ('offset' in instruction) {
    out.unsigned(instruction.align ?? row.align);
    out.unsigned(instruction.offset);
  }
  if ('lane' in instruction) out.byte(instruction.lane);
  if ('lanes' in instruction) for (const lane of instruction.lanes) out.byte(lane);
}

/** Runs of equal types, each with its length. */
function localRuns(locals: readonly ValueType[]): readonly { readonly type: ValueType; count: number }[] {
  const runs: { readonly type: ValueType; count: number }[] = [];
  for (const type of locals) {
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  return runs;
}

function functionBody({ locals, body }: WasmFunction): { code: ByteWriter; fused: number[] } {
  const code = new ByteWriter();
  const fused: number[] = [];
  const runs = localRuns(locals);
  code.unsigned(runs.length);
  for (const { type, count } of runs) {
    code.unsigned(count);
    code.byte(typeCodes[type]);
  }
  instructions(code, body, fused);
  code.byte(structure.end);
  return { code, fused };
}

const typeKey = ({ parameters, results }: WasmFunction): string =>
  `${parameters.map(({ type }) => type).join()}>${results.join()}`;

function section(out: ByteWriter, id: number, content: ByteWriter): number {
  out.byte(id);
  out.unsigned(content.length);
  const start = out.length;
  out.append(content);
  return start;
}

function typeSection(functions: readonly WasmFunction[]): { content: ByteWriter; indices: number[] } {
  const known = new Map<string, number>();
  const rows = new ByteWriter();
  const indices = functions.map((fn) => {
    const key = typeKey(fn);
    const index = known.get(key) ?? known.size;
    if (!known.has(key)) {
      known.set(key, index);
      rows.byte(0x60);
      for (const types of [fn.parameters.map(({ type }) => type), fn.results]) {
        rows.unsigned(types.length);
        for (const type of types) rows.byte(typeCodes[type]);
      }
    }
    return index;
  });
  const content = new ByteWriter();
  content.unsigned(known.size);
  content.append(rows);
  return { content, indices };
}

function globalSection(out: ByteWriter, globals: readonly Global[]): void {
  if (globals.length === 0) return;
  const content = new ByteWriter();
  content.unsigned(globals.length);
  for (const { type, mutable, value } of globals) {
    content.byte(typeCodes[type]);
    content.byte(mutable ? 0x01 : 0x00);
    encodeInstruction(content, value, []);
    content.byte(structure.end);
  }
  section(out, 6, content);
}

/** The module as bytes: types, the imported memory, functions, constants, exports, code. */
export function encodeModule({ functions, globals, pages }: WasmModuleData): Encoded {
  const out = new ByteWriter();
  for (const byte of [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]) out.byte(byte);
  const types = typeSection(functions);
  section(out, 1, types.content);
  const imports = new ByteWriter();
  imports.unsigned(1);
  imports.name('env');
  imports.name('memory');
  imports.byte(0x02);
  const flag = imports.length;
  imports.byte(0x01);
  imports.unsigned(pages);
  imports.unsigned(maxPages);
  const flagOffset = section(out, 2, imports) + flag;
  const indices = new ByteWriter();
  indices.unsigned(functions.length);
  for (const index of types.indices) indices.unsigned(index);
  section(out, 3, indices);
  globalSection(out, globals);
  const exported = functions.flatMap((fn, index) => (fn.exported ? [{ name: fn.name, index }] : []));
  const exports = new ByteWriter();
  exports.unsigned(exported.length);
  for (const { name, index } of exported) {
    exports.name(name);
    exports.byte(0x00);
    exports.unsigned(index);
  }
  section(out, 7, exports);
  const code = new ByteWriter();
  const fused: number[] = [];
  code.unsigned(functions.length);
  for (const fn of functions) {
    const body = functionBody(fn);
    code.unsigned(body.code.length);
    for (const place of body.fused) fused.push(code.length + place);
    code.append(body.code);
  }
  const codeStart = section(out, 10, code);
  return { bytes: out.bytes(), flagOffset, fused: fused.map((place) => codeStart + place) };
}
