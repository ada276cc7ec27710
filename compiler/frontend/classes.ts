/** The class names of an output: a list, or a text file with one per line. */
import type { Span } from '../base/source.ts';
import type { Stage } from '../syntax/ast.ts';
import type { Env } from './build.ts';
import type { Datum } from './datum.ts';
import { describe } from './datum.ts';
import { evaluate } from './evaluate.ts';
import { resolvePath } from './files.ts';
import { reportTwice, reportUnknownArgument } from './arguments.ts';

export function classNames(
  stage: Extract<Stage, { kind: 'output' }>,
  output: Datum,
  env: Env,
): readonly string[] | undefined {
  let classes: readonly string[] | undefined;
  let seen = false;
  for (const argument of stage.args ?? []) {
    if (argument.name && argument.name.text !== 'classes') {
      reportUnknownArgument('output', argument, ['classes'], env);
      continue;
    }
    if (seen) reportTwice('output', argument, env);
    seen = true;
    const datum = evaluate(argument.value, env);
    const names = readNames(datum, argument.value.span, env);
    if (
      names &&
      isDistinct(names, argument.value.span, env) &&
      fits(names, output, argument.value.span, env)
    ) {
      classes = names;
    }
  }
  return classes;
}

function readNames(datum: Datum, span: Span, env: Env): readonly string[] | undefined {
  const { reporter, read } = env.build.session;
  if (datum.kind === 'poison') return undefined;
  if (datum.kind === 'list') {
    const names = datum.items.flatMap((item) => (item.kind === 'string' ? [item.value] : []));
    if (names.length === datum.items.length && names.length > 0) return names;
  }
  if (datum.kind !== 'string') {
    const message = `\`classes\` must be a list of names or the path of a text file, got ${describe(datum)}`;
    reporter.error(env.frame, span, 'E0301', message);
    return undefined;
  }
  const path = resolvePath(env.frame.unit.path, datum.value);
  const text = path === undefined ? undefined : read(path);
  if (text === undefined) {
    reporter.error(env.frame, span, 'E0203', `cannot read the class names in ${path ?? datum.value}`);
    return undefined;
  }
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function isDistinct(names: readonly string[], span: Span, env: Env): boolean {
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice === undefined) return true;
  const message = `the class ${JSON.stringify(twice)} is named twice`;
  env.build.session.reporter.error(env.frame, span, 'E0506', message);
  return false;
}

/** One name per place of the last axis; two where that is 1: below and above 0.5. */
function fits(names: readonly string[], output: Datum, span: Span, env: Env): boolean {
  if (output.kind !== 'tensor') return false;
  const { shape } = output.value.type;
  const last = shape.length > 1 ? shape[shape.length - 1] : 1;
  const wanted = last === 1 ? 2 : last;
  if (names.length === wanted) return true;
  const message = `${names.length} class names for an output of ${last === 1 ? 'one number (which needs 2)' : `${last} numbers`}`;
  env.build.session.reporter.error(env.frame, span, 'E0506', message);
  return false;
}
