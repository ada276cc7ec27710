/** Which model of the entry file is meant, and what `--set` makes of its parameters. */
import type { Span } from '../base/source.ts';
import type { TrainDeclaration } from '../syntax/ast.ts';
import type { Env, Session } from './build.ts';
import { coerce, expectedBy, parseSetting } from './coerce.ts';
import type { Datum } from './datum.ts';
import { word } from './datum.ts';
import type { AnalyzeOptions } from './index.ts';
import type { Reporter } from './report.ts';
import { settingEnv } from './settings.ts';
import { bindGlobal } from './stages.ts';
import { suggestion } from './suggest.ts';
import type { Declared, Unit } from './unit.ts';
import { lookupGlobal } from './unit.ts';

interface Candidate {
  readonly declaration: Extract<Declared, { kind: 'model' }>['declaration'];
  readonly unit: Unit;
  readonly train: { readonly declaration: TrainDeclaration; readonly unit: Unit } | undefined;
}

/**
 * The model named by the options, else the last one with a `train` block, else the last one. `all`: every model to build, the
 * chosen one among them.
 */
export function chooseModel(
  entry: Unit,
  options: AnalyzeOptions,
  reporter: Reporter,
): { readonly model: Candidate | undefined; readonly all: readonly Candidate[] } {
  const candidates = [...entry.names.values()].flatMap((declared): readonly Candidate[] => {
    if (declared.kind !== 'model') return [];
    const { declaration, unit } = declared;
    const train = entry.trains.find((candidate) => candidate.model.text === declaration.name.text);
    return [{ declaration, unit, train: train && { declaration: train, unit: entry } }];
  });
  const own = candidates.filter((candidate) => candidate.unit === entry);
  const trained = candidates.filter((candidate) => candidate.train);
  const all = options.check ? [...new Set([...own, ...trained])] : undefined;
  const model = pick(entry, candidates, own, trained, options, reporter);
  return { model, all: all ?? (model ? [model] : []) };
}

function pick(
  entry: Unit,
  candidates: readonly Candidate[],
  own: readonly Candidate[],
  trained: readonly Candidate[],
  options: AnalyzeOptions,
  reporter: Reporter,
): Candidate | undefined {
  const start = { file: entry.path, start: 0, end: 0 };
  const names = candidates.map((candidate) => candidate.declaration.name.text);
  if (options.model !== undefined) {
    const wanted = candidates.find((candidate) => candidate.declaration.name.text === options.model);
    if (!wanted) {
      const message = `${entry.path} has no model \`${options.model}\``;
      const known = names.map((name) => `\`${name}\``).join(', ');
      const there = names.length === 0 ? [] : [{ message: `there is ${known}` }];
      reporter.at(start, 'E0207', message, { notes: [...suggestion(options.model, names), ...there] });
    }
    return wanted;
  }
  const model = trained.at(-1) ?? own.at(-1);
  if (!model && !options.check) {
    const message = `${entry.path} declares no model`;
    reporter.at(start, 'E0207', message, {
      notes: [{ message: 'a model is `model Name { input … -> output … }`' }],
    });
  }
  return model;
}

/** Values for the model's parameters, and what is left for `train`. */
export function readParameters(
  candidate: Candidate,
  set: Readonly<Record<string, string>>,
  chosen: boolean,
  reporter: Reporter,
): { readonly parameters: ReadonlyMap<string, Datum>; readonly overrides: ReadonlyMap<string, Datum> } {
  const { declaration } = candidate;
  const parameters = new Map<string, Datum>();
  const overrides = new Map<string, Datum>();
  const session: Session = { reporter, read: () => undefined, persistents: new Map(), elements: 0 };
  const env = settingEnv(candidate.unit, declaration.name.text, session);
  const { span } = declaration.name;
  for (const [name, text] of chosen ? Object.entries(set) : []) {
    const parameter = declaration.parameters.find((declared) => declared.name.text === name);
    const expected = parameter ? expectedBy(parameter) : [];
    const bare = expected[0] === 'list' && expected.length === 1 && !/^[[(]/.test(text);
    const datum = parseSetting(bare ? `[${text}]` : text);
    if (parameter) {
      const value = datum.kind === 'word' ? meantBy(text, expected, env, parameter.name.span) : datum;
      parameters.set(name, coerce(value, expected, `\`${name}\` (--set)`, env, parameter.name.span));
    } else if (candidate.train && (name === 'batch_size' || name === 'epochs')) {
      overrides.set(name, datum);
    } else {
      const known = [...declaration.parameters.map((declared) => declared.name.text), 'batch_size', 'epochs'];
      const message = `\`${declaration.name.text}\` has no parameter \`${name}\` to set`;
      reporter.at(span, 'E0302', message, { notes: suggestion(name, known) });
    }
  }
  for (const parameter of declaration.parameters) {
    if (parameter.default || parameters.has(parameter.name.text)) continue;
    const message = `\`${declaration.name.text}\` needs \`${parameter.name.text}\``;
    reporter.at(parameter.name.span, 'E0303', message, {
      notes: [{ message: `give it a default, or a value with \`--set ${parameter.name.text}=…\`` }],
    });
  }
  return { parameters, overrides };
}

/** A word is a string or the name of a layer or op, where one of these is wanted. */
function meantBy(text: string, expected: readonly string[], env: Env, span: Span): Datum {
  if (expected.includes('string')) return { kind: 'string', value: text };
  const global = expected.includes('stage') ? lookupGlobal(env.frame.unit, text) : undefined;
  return global ? { kind: 'stage', stage: bindGlobal(global, undefined, env, span) } : word(text);
}
