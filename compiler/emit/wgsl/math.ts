/**
 * log and tanh as functions of WGSL: its own are only exact to 2^-21 near log 1 = 0, and to 1e-5 near tanh 0 = 0. Its `exp`
 * and `sqrt` are exact enough.
 */
import type { Local, Stmt } from '../../loop/ir.ts';
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

const comments = {
  log: '// x = 2^e (1 + m), log x = e log 2 + log (1 + m). That of WGSL has an absolute error near log 1 = 0.',
  tanh: '// An odd polynomial near 0, else 1 - 2 / (exp 2|x| + 1). That of WGSL has an absolute error near 0.',
};

function mathText(op: 'log' | 'tanh', wide: boolean, helpers: Helpers): string {
  const { argument, body, result } = mathFunction(op, ['exp']);
  const state = functionState(helpers);
  const scope = new Scope(state, new Block(new NameScope()));
  const x = scope.unique(argument.name);
  const type = typeOf('f32', wide);
  state.locals.set(argument, name(x, 'f32', wide));
  for (const stmt of body) define(stmt, op, scope);
  scope.push(`return ${value(result, scope).text};`);
  const head = `fn precise_${op}${wide ? '4' : ''}(${x}: ${type}) -> ${type}`;
  return ['', comments[op], `${head} {`, ...state.sums.lines(scope.block), '}'].join('\n');
}

/** `log_y` is `y` inside of a function that is called log. */
function define(stmt: Stmt, op: string, scope: Scope): void {
  if (stmt.kind !== 'let') return statements([stmt], scope);
  const local: Local = { ...stmt.local, name: stmt.local.name.replace(`${op}_`, '') };
  statements([{ ...stmt, local }], scope);
  scope.state.locals.set(stmt.local, scope.local(local));
}
