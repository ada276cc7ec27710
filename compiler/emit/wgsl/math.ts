/**
 * log and tanh as functions of WGSL: its own are only exact to 2^-21 near log 1 = 0, and to 1e-5 near tanh 0 = 0. Its `exp`
 * and `sqrt` are exact enough.
 */
import { mathFunction } from '../../loop/math.ts';
import { Block } from './block.ts';
import { name, typeOf } from './expression.ts';
import type { Helpers } from './functions.ts';
import { NameScope } from './names.ts';
import { functionState, Scope } from './scope.ts';
import { statements } from './statements.ts';
import { value } from './value.ts';

/** The functions that are used, for one value and for four. */
export function mathTexts(helpers: Helpers): readonly string[] {
  return (['log', 'tanh'] as const).flatMap((op) =>
    [false, true].flatMap((wide) =>
      helpers.uses(`precise_${op}${wide ? '4' : ''}`) ? [mathText(op, wide, helpers)] : [],
    ),
  );
}

function mathText(op: 'log' | 'tanh', wide: boolean, helpers: Helpers): string {
  const { argument, body, result } = mathFunction(op, ['exp']);
  const state = functionState(helpers);
  const scope = new Scope(state, new Block(new NameScope()));
  const x = scope.unique(argument.name);
  const type = typeOf('f32', wide);
  state.locals.set(argument, name(x, 'f32', wide));
  statements(body, scope);
  scope.push(`return ${value(result, scope).text};`);
  const head = `fn precise_${op}${wide ? '4' : ''}(${x}: ${type}) -> ${type}`;
  return ['', `${head} {`, ...state.sums.lines(scope.block), '}'].join('\n');
}
