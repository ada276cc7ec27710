/** WASM code as plain data: what the encoder writes as bytes and the printer as text. */
import type { LaneOp, MemoryLaneOp, MemoryOp, PlainOp } from './operations.ts';

export type ValueType = 'i32' | 'i64' | 'f32' | 'v128';

/** In which order the locals of a function stand, so that those of equal types are together. */
export const localOrder: readonly ValueType[] = ['i32', 'i64', 'f32', 'v128'];

/** Blocks hold their bodies; `br` counts the blocks that it leaves, 0 for the innermost (of a loop: begins it again). */
export type Instruction =
  | {
      readonly op: PlainOp;
      /** This multiply and the next addition of the same mark may become one fused multiply-add. */
      readonly fused?: true;
    }
  | { readonly op: 'select' | 'drop' | 'return' | 'nop' }
  | {
      readonly op: 'i32.const' | 'i64.const' | 'f32.const';
      readonly value: number;
    }
  | {
      readonly op: 'v128.const';
      readonly lanes: readonly [number, number, number, number];
    }
  | {
      readonly op: 'local.get' | 'local.set' | 'local.tee';
      readonly local: number;
    }
  /** `offset` in bytes, added to the address on the stack; `align`: log2 of what the address is a multiple of. */
  | { readonly op: MemoryOp; readonly offset: number; readonly align?: number }
  | {
      readonly op: MemoryLaneOp;
      readonly offset: number;
      readonly lane: number;
      readonly align?: number;
    }
  | { readonly op: LaneOp; readonly lane: number }
  | { readonly op: 'i8x16.shuffle'; readonly lanes: readonly number[] }
  | { readonly op: 'block'; readonly body: readonly Instruction[] }
  /** `apart`: it becomes a function of its own. */
  | {
      readonly op: 'loop';
      readonly body: readonly Instruction[];
      readonly apart?: true;
    }
  | {
      readonly op: 'if';
      readonly result?: ValueType;
      readonly then: readonly Instruction[];
      readonly otherwise: readonly Instruction[];
    }
  | { readonly op: 'br' | 'br_if'; readonly depth: number }
  /** The index of a global of the module. */
  | { readonly op: 'global.get' | 'global.set'; readonly global: number }
  /** The index of a function of the module. */
  | { readonly op: 'call'; readonly function: number };

export const get = (local: number): Instruction => ({ op: 'local.get', local });
export const i32 = (value: number): Instruction => ({ op: 'i32.const', value });

export interface Parameter {
  readonly name: string;
  readonly type: ValueType;
}

/** A constant of the module, or a variable that each of its instances has for itself. */
export interface Global {
  readonly type: ValueType;
  readonly mutable?: true;
  readonly value: Instruction;
}

export interface WasmFunction {
  readonly name: string;
  /** For people. */
  readonly comment?: string;
  readonly parameters: readonly Parameter[];
  readonly results: readonly ValueType[];
  /** Locals behind the parameters, by index. Of equal types in a row they take two bytes. */
  readonly locals: readonly ValueType[];
  readonly body: readonly Instruction[];
  readonly exported: boolean;
}

/** A module that imports one memory, `env.memory`. */
export interface WasmModuleData {
  readonly functions: readonly WasmFunction[];
  /** What functions get by its index. */
  readonly globals: readonly Global[];
  /** 64 KiB pages that the memory must have at least. */
  readonly pages: number;
}

/** Every instruction, blocks before what is in them. */
export function visitInstructions(
  body: readonly Instruction[],
  visit: (instruction: Instruction) => void,
): void {
  for (const instruction of body) {
    visit(instruction);
    if ('body' in instruction) visitInstructions(instruction.body, visit);
    else if ('then' in instruction) {
      visitInstructions(instruction.then, visit);
      visitInstructions(instruction.otherwise, visit);
    }
  }
}
