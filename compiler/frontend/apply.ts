/** Instantiation: a stage applied to tensors emits the nodes of an op, a layer or a model. */
import type { Span } from '../base/source.ts';
import type { Name, ParameterDeclaration } from '../syntax/ast.ts';
import type { Env } from './build.ts';
import { spend } from './build.ts';
import { runLayerBody, runModelBody } from './body.ts';
import { coerce, expectedBy, wordsOf } from './coerce.ts';
import type { Datum, StageValue } from './datum.ts';
import { poison, stageName } from './datum.ts';
import { evaluate } from './evaluate.ts';
import { InstanceNames, joinPath } from './names.ts';
import { applyOp } from './op-call.ts';
import type { Frame } from './report.ts';
import { Scope } from './scope.ts';
import { operandNames } from './operands.ts';
import { arrange } from './stages.ts';
import { beginSummary, endSummary } from './summary.ts';
import { bindOperands } from './types.ts';
import { boundNames } from './walk.ts';

/** Where a stage is applied. `chained`: after `->`, so that an op counts as a layer of the model. */
interface Application {
  readonly span: Span;
  readonly as?: Name | undefined;
  readonly chained?: boolean;
}

/** Layers of layers of layers; recursion is reported before anything is built. */
const maxInstances = 32;

export function applyStage(stage: StageValue, inputs: readonly Datum[], env: Env, at: Application): Datum {
  if (stage.kind === 'broken') return poison;
  const named = at.as && joinPath(env.frame.path, at.as.text);
  if (stage.kind === 'shared') {
    const inner = stage.stage;
    return inner.kind === 'shared'
      ? applyStage(inner, inputs, env, at)
      : instantiate(inner, inputs, env, at, stage.path, stage.declaredAt);
  }
  if (stage.kind === 'op' && !(at.chained && env.frame.unit.user)) {
    return instantiate(stage, inputs, env, at, named ?? env.frame.path, at.span);
  }
  return instantiate(stage, inputs, env, at, named ?? env.names.next(stageName(stage)), at.span);
}

function instantiate(
  stage: StageValue,
  inputs: readonly Datum[],
  env: Env,
  at: Application,
  path: string,
  declaredAt: Span,
): Datum {
  switch (stage.kind) {
    case 'broken':
    case 'shared':
      return poison;
    case 'op': {
      const operands = arrange(operandNames(stage.op), [...inputs, ...stage.operands], stage.named);
      const row = at.chained ? beginSummary(env, stage.op.name, path, at.span) : undefined;
      const result = applyOp(stage.op, operands, stage.attributes, env, { span: at.span, scope: path });
      endSummary(env, row, result);
      return result;
    }
    case 'layer':
    case 'model': {
      const { declaration } = stage;
      const names = declaration.kind === 'layer' ? declaration.operands.map((o) => o.name.text) : [];
      const operands = arrange(names, [...inputs, ...stage.operands], stage.named);
      if (operands.some((operand) => operand.kind === 'poison')) return poison;
      if (!spend(env, at.span)) return poison;
      const inner = innerEnv(stage, env, at.span, path, declaredAt);
      if (!inner) return poison;
      const row = beginSummary(env, declaration.name.text, path, at.span);
      const result = runInstance(stage, operands, inner, env, at.span);
      endSummary(env, row, result);
      return result;
    }
  }
}

function runInstance(
  stage: Extract<StageValue, { kind: 'layer' | 'model' }>,
  operands: readonly Datum[],
  inner: Env,
  env: Env,
  span: Span,
): Datum {
  const { declaration } = stage;
  if (!bindParameters(declaration.parameters, stage.parameters, declaration.name.text, inner)) return poison;
  const taker = { name: declaration.name.text, env, span };
  if (declaration.kind === 'model') return runModelBody(declaration, operands, inner, taker);
  if (!bindOperands(declaration.operands, operands, inner, taker)) return poison;
  return runLayerBody(declaration, inner);
}

/** The given arguments, then the defaults, which may use the parameters before them. */
export function bindParameters(
  declared: readonly ParameterDeclaration[],
  given: ReadonlyMap<string, Datum>,
  title: string,
  env: Env,
): boolean {
  for (const parameter of declared) {
    const name = parameter.name.text;
    const argument = given.get(name);
    const expected = expectedBy(parameter);
    const datum =
      argument ??
      (parameter.default
        ? coerce(
            evaluate(parameter.default, env, expected),
            expected,
            `\`${name}\` of \`${title}\``,
            env,
            parameter.default.span,
          )
        : poison);
    if (datum.kind === 'poison') return false;
    env.scope.set(name, datum);
  }
  return true;
}

function innerEnv(
  stage: Extract<StageValue, { kind: 'layer' | 'model' }>,
  env: Env,
  span: Span,
  path: string,
  declaredAt: Span,
): Env | undefined {
  const { declaration, unit } = stage;
  if (env.frame.depth >= maxInstances) {
    const message = `layers are nested more than ${maxInstances} deep`;
    env.build.session.reporter.error(env.frame, span, 'E0603', message);
    return undefined;
  }
  const frame: Frame = {
    unit,
    path,
    title: declaration.name.text,
    caller: { frame: env.frame, span, places: stage.places },
    depth: env.frame.depth + 1,
    site: `${env.frame.site}/${declaredAt.start}`,
  };
  return bodyEnv(env.build, frame, declaration, env.slotOf);
}

/** The environment in which a body runs, nothing bound yet. */
export function bodyEnv(
  build: Env['build'],
  frame: Frame,
  declaration: Extract<StageValue, { kind: 'layer' | 'model' }>['declaration'],
  slotOf: string | undefined,
): Env {
  const env: Env = {
    build,
    frame,
    scope: new Scope(),
    names: new InstanceNames(frame.path, boundNames(declaration.body)),
    words: wordsIn(declaration.parameters),
  };
  return slotOf === undefined ? env : { ...env, slotOf };
}

const wordsOfParameters = new WeakMap<readonly ParameterDeclaration[], ReadonlySet<string>>();

export function wordsIn(parameters: readonly ParameterDeclaration[]): ReadonlySet<string> {
  const known = wordsOfParameters.get(parameters);
  if (known) return known;
  const words = new Set(parameters.flatMap((parameter) => wordsOf(expectedBy(parameter))));
  wordsOfParameters.set(parameters, words);
  return words;
}
