/** `require(condition)`: what the arguments of a layer must fulfil. */
import type { Expression } from '../syntax/ast.ts';
import type { Env } from './build.ts';
import type { Datum } from './datum.ts';
import { describe, formatSize, poison } from './datum.ts';
import { evaluate } from './evaluate.ts';
import { namesIn } from './walk.ts';

type Call = Extract<Expression, { kind: 'call' }>;

/** Poison, and reported at the argument, where the condition does not hold. */
export function evaluateRequirement(call: Call, env: Env): Datum {
  const [condition, ...others] = call.args.map((argument) => argument.value);
  const datum = condition && others.length === 0 ? evaluate(condition, env) : undefined;
  if (datum?.kind === 'poison') return poison;
  if (!condition || datum?.kind !== 'bool') {
    const got = datum ? describe(datum) : `${call.args.length} arguments`;
    const message = `\`require\` takes one condition that is known at compile time, got ${got}`;
    env.build.session.reporter.error(env.frame, call.span, 'E0311', message);
    return poison;
  }
  if (datum.value) return datum;
  reportRequirement(call, condition, env);
  return poison;
}

function reportRequirement({ span }: Call, condition: Expression, { build, frame, scope }: Env): void {
  const names = namesIn(condition);
  const values = names.flatMap((name) => valueText(name, scope.get(name)) ?? []);
  const text = frame.unit.text.slice(condition.span.start, condition.span.end).replace(/\s+/gu, ' ');
  const got = values.length > 0 ? `, got ${values.join(', ')}` : '';
  const { caller } = frame;
  const [argument] = names.flatMap((name) => caller?.places.get(name) ?? []);
  const place = argument ?? caller ?? { frame, span };
  // The text of the prelude would say nothing more.
  const notes = frame.unit.user && caller ? [{ message: 'it is required here', span }] : [];
  const message = `\`${frame.title}\` requires \`${text}\`${got}`;
  build.session.reporter.error(place.frame, place.span, 'E0323', message, { notes });
}

function valueText(name: string, datum: Datum | undefined): string | undefined {
  switch (datum?.kind) {
    case 'number':
    case 'bool':
      return `\`${name}\` = ${datum.value}`;
    case 'word':
      return `\`${name}\` = ${datum.word}`;
    case 'size':
      return `\`${name}\` = ${formatSize(datum.values)}`;
    default:
      return undefined;
  }
}
