/** exp, log and tanh as functions: one f32 sequence for all CPU targets, hence the same bits. */
import { invariant } from '../../base/invariant.ts';
import type { Axis } from '../../loop/ir.ts';
import { mathFunction } from '../../loop/math.ts';
import { Code, finish, Locals } from './code.ts';
import type { WasmFunction } from './instructions.ts';
import type { MathCall } from './math-calls.ts';
import { MathCalls } from './math-calls.ts';
import { KernelState } from './state.ts';
import { bindLocal } from './statements.ts';
import { scalar, vector } from './value.ts';

/** The functions that kernels call. */
export const mathFunctions = (calls: MathCalls): readonly WasmFunction[] => calls.all.map(printed);

const lane: Axis = { name: 'lane', extent: 4 };

function printed({ op, type }: MathCall): WasmFunction {
  const { argument, body, result } = mathFunction(op);
  const locals = new Locals([type]);
  const code = new Code(locals);
  const at = { code, loads: new Map() };
  // The sequences call nothing and know no memory.
  const state = new KernelState(code, [], new Map(), new MathCalls(0));
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
