/** Names of metrics, and which label belongs to which output. */
import type { Code } from '../base/diagnostic.ts';
import type { Span } from '../base/source.ts';
import { oneHot } from '../ops/index.ts';
import type { Training } from '../program/interface.ts';
import type { Expression } from '../syntax/ast.ts';
import type { Session } from './build.ts';
import type { Settings } from './settings.ts';
import type { Measured } from './train.ts';
import { namesIn, walk } from './walk.ts';

/** The name of the metric's layer; with the output's before it where two would be the same: `kind_accuracy`. */
export function metricNames(metrics: readonly Expression[], outputs: readonly string[]): readonly string[] {
  const bases = metrics.map((metric) =>
    metric.kind === 'call' && metric.callee.kind === 'name' ? metric.callee.name : 'metric',
  );
  const taken = new Set(['loss', '$finite']);
  return metrics.map((metric, i) => {
    const base = bases[i] ?? 'metric';
    const unique = bases.indexOf(base) === bases.lastIndexOf(base) && base !== 'loss';
    // The prediction stands last.
    const output = namesIn(metric).findLast((name) => outputs.includes(name));
    const wanted = unique || output === undefined ? base : `${output}_${base}`;
    let name = wanted;
    for (let k = 2; taken.has(name); k++) name = `${wanted}_${k}`;
    taken.add(name);
    return name;
  });
}

/** For each output with class names: the label that is compared with it in the loss or a metric. */
export function pairLabels(
  settings: Settings,
  measured: Measured,
  session: Session,
): Training['classLabels'] {
  const { outputs } = measured;
  const pairs: { label: string; output: string }[] = [];
  const expressions = [...(settings.loss ? [settings.loss] : []), ...settings.metrics];
  walk(
    { expressions },
    {
      expression: (expression) => {
        if (expression.kind !== 'call') return;
        const names = expression.args.flatMap(({ value }) => (value.kind === 'name' ? [value.name] : []));
        const label = measured.labels.find((candidate) => names.includes(candidate.name));
        const output = outputs.find((candidate) => names.includes(candidate.name));
        if (!label || !output?.classes || pairs.some((pair) => pair.output === output.name)) return;
        pairs.push({ label: label.name, output: output.name });
        checkLabel(label.type.shape.slice(1), label.type.dtype, output, expression.span, session.reporter);
      },
    },
  );
  return outputs.flatMap((output) => pairs.filter((pair) => pair.output === output.name));
}

/** Labels that are class indices: of an output with class names, or made into rows of that many numbers by the loss. */
export function countClasses(pairs: Training['classLabels'], measured: Measured): Training['classCounts'] {
  return measured.labels.flatMap((label) => {
    if (label.type.dtype === 'f32') return [];
    const paired = pairs.find((pair) => pair.label === label.name);
    const named = measured.outputs.find(({ name }) => name === paired?.output)?.classes?.length;
    const depths = measured.build.builder.nodes.flatMap(({ op, operands, attributes }) =>
      op === oneHot && operands[0] === label ? [Number(attributes['depth'])] : [],
    );
    const classes = Math.min(named ?? Infinity, ...depths);
    return classes === Infinity ? [] : [{ label: label.name, classes }];
  });
}

/** A label of a classifier: a class index, 0 or 1, or one number per class. */
function checkLabel(
  shape: readonly (number | 'N')[],
  dtype: string,
  output: { readonly name: string; readonly classes?: readonly string[] },
  span: Span,
  reporter: { at(span: Span, code: Code, message: string): void },
): void {
  const count = output.classes?.length ?? 0;
  const last = shape[shape.length - 1];
  const fine = dtype === 'i32' || last === count || (count === 2 && (last === 1 || last === undefined));
  if (fine) return;
  const got = `${dtype}${shape.length > 0 ? `[${shape.join(', ')}]` : ''}`;
  const message = `\`${output.name}\` has ${count} classes, and its label is ${got}: make it \`i32\` or \`f32[${count}]\``;
  reporter.at(span, 'E0505', message);
}
