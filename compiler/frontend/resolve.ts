/** Checks all names of a file before anything is built: also in layers nobody uses and branches nobody takes. */
import type { Span } from '../base/source.ts';
import type {
  LayerDeclaration,
  ModelDeclaration,
  ParameterDeclaration,
  TrainDeclaration,
} from '../syntax/ast.ts';
import { wordsIn } from './apply.ts';
import { expectedBy, typeNames, wordsOf } from './coerce.ts';
import { isDType } from './datum.ts';
import { hasRecursion } from './recursion.ts';
import type { Reporter } from './report.ts';
import { checkExpression, checkStage, checkStatement, checkType } from './resolve-body.ts';
import type { Place } from './resolve-scope.ts';
import { bind, KnownNames } from './resolve-scope.ts';
import { settingNames } from './settings.ts';
import { suggestion } from './suggest.ts';
import type { Declared, Unit } from './unit.ts';
import { fixedNames } from './unknown.ts';
import { boundNames, rootsOf, walk } from './walk.ts';

export interface Use {
  readonly from: Declared['declaration'];
  readonly to: Declared['declaration'];
  readonly span: Span;
}

/** False where layers are recursive: then nothing can be built. */
export function checkNames(unit: Unit, reporter: Reporter): boolean {
  checkTopLevel(unit, reporter);
  const uses: Use[] = [];
  for (const item of unit.file.items) {
    if (item.kind === 'layer' || item.kind === 'model') {
      const place = placeFor(item, unit, reporter, (declared, span) => {
        uses.push({ from: item, to: declared.declaration, span });
      });
      checkParameters(item.parameters, place);
      if (item.kind === 'layer') checkLayer(item, place);
      else checkModel(item, place);
    } else if (item.kind === 'train') {
      checkTrain(item, unit, reporter);
    } else if (item.kind === 'graph') {
      reporter.at(
        item.name.span,
        'E0210',
        'a `graph` is what `cnnc ir` prints and reads; it has no place in a `.cnn` file',
      );
    }
  }
  return !hasRecursion(uses, reporter);
}

function checkTopLevel(unit: Unit, reporter: Reporter): void {
  const seen = new Map<string, Span>();
  const trained = new Set<string>();
  for (const item of unit.file.items) {
    if (item.kind === 'train') {
      const { text, span } = item.model;
      if (trained.has(text)) reporter.at(span, 'E0202', `\`${text}\` has two \`train\` blocks`);
      trained.add(text);
    }
    const names =
      item.kind === 'import' ? item.names : item.kind === 'train' || item.kind === 'graph' ? [] : [item.name];
    for (const name of names) {
      const first = seen.get(name.text);
      if (first) {
        const notes = [{ message: 'it is declared here first', span: first }];
        reporter.at(name.span, 'E0202', `\`${name.text}\` is declared twice`, { notes });
      } else if (fixedNames.includes(name.text)) {
        reporter.at(name.span, 'E0212', `\`${name.text}\` has a fixed meaning and cannot be declared`);
      } else {
        seen.set(name.text, name.span);
      }
    }
  }
}

function placeFor(
  declaration: LayerDeclaration | ModelDeclaration,
  unit: Unit,
  reporter: Reporter,
  uses: Place['uses'],
): Place {
  return {
    unit,
    reporter,
    known: new KnownNames(),
    words: wordsIn(declaration.parameters),
    boundLater: boundNames(declaration.body),
    kind: declaration.kind,
    repeated: false,
    uses,
    depth: 0,
  };
}

function checkParameters(parameters: readonly ParameterDeclaration[], place: Place): void {
  for (const parameter of parameters) {
    const [only, ...others] = parameter.types;
    // One word alone would be no choice: it must be a misspelt type.
    if (only && others.length === 0 && !typeNames.includes(only.text)) {
      const hint = isDType(only.text)
        ? 'tensors are operands: they stand in the second parentheses'
        : undefined;
      const notes = hint === undefined ? suggestion(only.text, typeNames) : [{ message: hint }];
      const message = `\`${only.text}\` is no type of a parameter: those are ${typeNames.join(', ')}`;
      place.reporter.at(only.span, 'E0321', message, { notes });
    }
    if (parameter.default) checkExpression(parameter.default, place, wordsOf(expectedBy(parameter)));
    bind(parameter.name, place);
  }
}

function checkLayer(layer: LayerDeclaration, place: Place): void {
  const { reporter } = place;
  layer.operands.forEach((operand, i) => {
    if (operand.type) checkType(operand.type, place, true);
    if (operand.variadic && i < layer.operands.length - 1) {
      reporter.at(operand.span, 'E0210', 'only the last operand can stand for any number of tensors');
    }
    bind(operand.name, place);
  });
  checkBody(layer, place);
  const end = layer.body.findIndex((statement) => statement.kind === 'return');
  if (end < 0) {
    const notes = [{ message: 'end it with `return` and an expression' }];
    reporter.at(layer.name.span, 'E0211', `layer \`${layer.name.text}\` returns nothing`, { notes });
  }
  const after = end < 0 ? undefined : layer.body[end + 1];
  if (after) reporter.at(after.span, 'E0210', 'nothing can stand after `return`');
}

function checkBody(declaration: LayerDeclaration | ModelDeclaration, place: Place): void {
  for (const statement of declaration.body) checkStatement(statement, place);
}

function checkModel(model: ModelDeclaration, place: Place): void {
  checkBody(model, place);
  const { span, text } = model.name;
  if (!model.body.some((statement) => statement.kind === 'input')) {
    place.reporter.at(span, 'E0211', `model \`${text}\` has no \`input\``);
  }
  let outputs = 0;
  for (const statement of model.body) {
    walk(rootsOf(statement), { stage: (stage) => void (stage.kind === 'output' && outputs++) });
  }
  if (outputs === 0) {
    place.reporter.at(span, 'E0211', `model \`${text}\` has no output`, {
      notes: [{ message: 'end a chain with `-> output NAME`' }],
    });
  }
}

function checkTrain(train: TrainDeclaration, unit: Unit, reporter: Reporter): void {
  const model = unit.names.get(train.model.text);
  if (model?.kind !== 'model') {
    const models = [...unit.names].flatMap(([name, declared]) => (declared.kind === 'model' ? [name] : []));
    const what = model ? 'is a layer, not a model' : 'is no model of this file';
    reporter.at(train.model.span, 'E0201', `\`${train.model.text}\` ${what}`, {
      notes: suggestion(train.model.text, models),
    });
    return;
  }
  const { declaration } = model;
  const place: Place = {
    ...placeFor(declaration, unit, reporter, () => undefined),
    kind: 'train',
    boundLater: new Set(),
  };
  for (const parameter of declaration.parameters) place.known.add(parameter.name.text);
  for (const name of boundNames(declaration.body)) place.known.add(name);
  const inputs = declaration.body.flatMap((s) => (s.kind === 'input' ? [s.name.text] : []));
  for (const entry of train.entries) {
    if (entry.kind !== 'label') continue;
    checkType(entry.type, place);
    bind(entry.name, place);
  }
  for (const entry of train.entries) {
    if (entry.kind === 'augment') {
      for (const name of entry.names) {
        if (inputs.includes(name.text)) continue;
        const message = `\`augment\` changes inputs, and \`${name.text}\` is none of \`${declaration.name.text}\``;
        reporter.at(name.span, 'E0507', message, { notes: suggestion(name.text, inputs) });
      }
      for (const stage of entry.stages) checkStage(stage, { ...place, known: new KnownNames(place.known) });
    } else if (entry.kind === 'setting' && settingNames.includes(entry.name.text)) {
      checkExpression(entry.value, place);
    }
  }
}
