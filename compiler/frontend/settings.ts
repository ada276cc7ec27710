/** The entries `loss`, `metrics`, `optimizer`, `batch_size` and `epochs` of a `train` block. */
import type { Note } from '../base/diagnostic.ts';
import type { Span } from '../base/source.ts';
import type { Expression } from '../syntax/ast.ts';
import { Build } from './build.ts';
import type { Env, Session } from './build.ts';
import { coerce } from './coerce.ts';
import type { Datum } from './datum.ts';
import { evaluate } from './evaluate.ts';
import { InstanceNames } from './names.ts';
import { Scope } from './scope.ts';
import { suggestion } from './suggest.ts';
import type { TrainSource } from './train.ts';
import type { Unit } from './unit.ts';

export interface Settings {
  readonly loss: Expression | undefined;
  readonly metrics: readonly Expression[];
  readonly optimizer: Expression | undefined;
  readonly batchSize: number;
  /** Where it is set, or the train block's name. */
  readonly batchSpan: Span;
  readonly epochs: number;
}

export const settingNames: readonly string[] = ['loss', 'metrics', 'optimizer', 'batch_size', 'epochs'];
const defaults = { batch_size: 32, epochs: 10 };

export function readSettings(train: TrainSource, session: Session): Settings {
  const { reporter } = session;
  const given = new Map<string, Expression>();
  for (const entry of train.declaration.entries) {
    if (entry.kind !== 'setting') continue;
    const { text, span } = entry.name;
    if (!settingNames.includes(text)) {
      const message = `\`train\` has no setting \`${text}\``;
      reporter.at(span, 'E0508', message, { notes: settingNotes(text) });
    } else if (given.has(text)) {
      reporter.at(span, 'E0202', `\`${text}\` is set twice`);
    } else {
      given.set(text, entry.value);
    }
  }
  for (const name of ['loss', 'optimizer']) {
    if (!given.has(name))
      reporter.at(train.declaration.model.span, 'E0501', `\`train\` needs \`${name}: …\``);
  }
  const metrics = given.get('metrics');
  return {
    loss: given.get('loss'),
    metrics: metrics === undefined ? [] : metrics.kind === 'list' ? metrics.items : [metrics],
    optimizer: given.get('optimizer'),
    batchSpan: given.get('batch_size')?.span ?? train.declaration.model.span,
    batchSize: count('batch_size', given, train, session),
    epochs: count('epochs', given, train, session),
  };
}

function settingNotes(text: string): readonly Note[] {
  const close = suggestion(text, settingNames);
  if (close.length > 0) return close;
  return [
    { message: `its settings are ${settingNames.join(', ')}` },
    ...(/^(lr|learning_rate|momentum|beta_\d)$/.test(text)
      ? [{ message: `\`${text}\` goes to the optimizer: \`optimizer: Adam(learning_rate: 0.001)\`` }]
      : []),
  ];
}

/** A whole number of at least 1, known at compile time. */
function count(
  name: 'batch_size' | 'epochs',
  given: ReadonlyMap<string, Expression>,
  train: TrainSource,
  session: Session,
): number {
  const expression = given.get(name);
  const override = train.overrides.get(name);
  const span: Span = expression && !override ? expression.span : train.declaration.model.span;
  const env = settingEnv(train.unit, train.declaration.model.text, session);
  const datum: Datum | undefined = override ?? (expression && evaluate(expression, env));
  if (!datum) return defaults[name];
  const fitting = coerce(datum, ['int'], `\`${name}\``, env, span);
  if (fitting.kind !== 'number') return defaults[name];
  if (fitting.value >= 1) return fitting.value;
  session.reporter.error(env.frame, span, 'E0307', `\`${name}\` must be at least 1, got ${fitting.value}`);
  return defaults[name];
}

/** Where a setting of the model called `title` is read: nothing of the model is in scope. */
export function settingEnv(unit: Unit, title: string, session: Session): Env {
  const frame = { unit, path: '', title, depth: 0, site: 'train' };
  return {
    build: new Build(session, 'infer'),
    frame,
    scope: new Scope(),
    names: new InstanceNames('', new Set()),
    words: new Set(),
  };
}
