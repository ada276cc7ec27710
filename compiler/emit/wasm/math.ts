/** exp, log and tanh as functions: one f32 sequence for all CPU targets, hence the same bits. */
import { invariant } from '../../base/invariant.ts';
import type { Axis } from '../../loop/ir.ts';
import { mathFunction } from '../../loop/math.ts';
import { Code, finish, Locals } from './code.ts';
import type { Global, Instruction, WasmFunction, WasmModuleData } from './instructions.ts';
import type { MathCall } from './called.ts';
import { Called } from './called.ts';
import { KernelState } from './state.ts';
import { bindLocal } from './statements.ts';
import { scalar, vector } from './value.ts';

/** The functions that kernels call, and the constants that they share behind other globals. */
export function mathFunctions(
  calls: Called,
  globals: readonly Global[] = [],
): Pick<WasmModuleData, 'functions' | 'globals'> {
  const constants = new Constants(globals);
  const functions = calls.all.map((call) => {
    if (!('op' in call)) return call;
    const fn = printed(call);
    return { ...fn, body: constants.instead(fn.body) };
  });
  return { functions, globals: constants.all };
}

/**
 * Floats, and vectors of four equal numbers. Engines do not keep them in registers from one call to the next: to load them
 * is faster than to make each one again.
 */
class Constants {
  readonly all: Global[];
  readonly #known = new Map<string, number>();

  constructor(others: readonly Global[]) {
    this.all = [...others];
  }

  /** c  →  global.get   and likewise for c, splat. */
  instead(body: readonly Instruction[]): readonly Instruction[] {
    const result: Instruction[] = [];
    for (const instruction of body) {
      const last = result.at(-1);
      const isSplat = instruction.op === 'f32x4.splat' || instruction.op === 'i32x4.splat';
      if (isSplat && (last?.op === 'f32.const' || last?.op === 'i32.const')) {
        const bits = last.op === 'f32.const' ? bitsOf(last.value) : last.value;
        result[result.length - 1] = this.#get('v128', bits, {
          op: 'v128.const',
          lanes: [bits, bits, bits, bits],
        });
      } else result.push(instruction);
    }
    return result.map((value) =>
      value.op === 'f32.const' ? this.#get('f32', bitsOf(value.value), value) : value,
    );
  }

  #get(type: Global['type'], bits: number, value: Instruction): Instruction {
    const key = `${type} ${bits}`;
    const index = this.#known.get(key) ?? this.all.push({ type, value }) - 1;
    this.#known.set(key, index);
    return { op: 'global.get', global: index };
  }
}

const bitsOf = (value: number): number => new Int32Array(Float32Array.of(value).buffer)[0]!;

const lane: Axis = { name: 'lane', extent: 4 };

function printed({ op, type }: MathCall): WasmFunction {
  const { argument, body, result } = mathFunction(op);
  const locals = new Locals([type]);
  const code = new Code(locals);
  const at = { code, loads: new Map() };
  // The sequences call nothing and know no memory.
  const state = new KernelState(code, [], new Map(), new Called(0));
  state.values.set(argument, { local: 0, lanes: type === 'v128' });
  const write = (): void => {
    for (const stmt of body) {
      invariant(stmt.kind === 'let', `${op} is more than arithmetic`);
      bindLocal(stmt, at, state);
    }
    if (type === 'v128') vector(result, at, state);
    else scalar(result, at, state);
  };
  if (type === 'v128') state.withLanes(lane, undefined, write);
  else write();
  return {
    // As instructions are called, so that no kernel has the name.
    name: type === 'v128' ? `f32x4.${op}` : `f32.${op}`,
    parameters: [{ name: 'x', type }],
    results: [type],
    ...finish(locals, code.list),
    exported: false,
  };
}
