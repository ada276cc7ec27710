/** What a model said, for people and for programs. */
import type { Elements } from '../../runtime/types.ts';
import type { Port } from '../index.ts';
import { bar, figure } from './text.ts';

interface Prediction {
  readonly output: string;
  /** Classes with their probabilities, the most probable first; absent for an output without class names. */
  readonly classes?: readonly { readonly name: string; readonly probability: number }[];
  readonly values: readonly number[];
  readonly json: object;
}

/** Output `port` of sample `sample` of a prediction. */
export function predictionOf(port: Port, all: Elements, sample: number): Prediction {
  const size = port.type.shape.reduce<number>((product, extent) => product * Number(extent), 1);
  const values = [...all.subarray(sample * size, (sample + 1) * size)];
  const { classes: names } = port;
  // One number for two classes is the probability of the second.
  const shares = size === 1 ? [1 - values[0]!, values[0]!] : values;
  if (!names || names.length !== shares.length) return { output: port.name, values, json: { values } };
  const classes = names
    .map((name, i) => ({ name, probability: shares[i]! }))
    .sort((a, b) => b.probability - a.probability);
  const json = { class: classes[0]!.name, probabilities: names.map((name, i) => [name, shares[i]]) };
  return { output: port.name, classes, values, json };
}

const mostClasses = 5;
const mostValues = 12;

/** Indented lines: classes with bars, or plain numbers. */
export function predictionLines({ output, classes, values }: Prediction, withName: boolean): string[] {
  const heading = withName ? [`  ${output}:`] : [];
  if (!classes) {
    const more = values.length > mostValues ? ` … (${values.length})` : '';
    return [...heading, `  ${values.slice(0, mostValues).map(figure).join('  ')}${more}`];
  }
  const shown = classes.slice(0, mostClasses).filter(({ probability }, i) => i === 0 || probability >= 0.001);
  const width = Math.max(...shown.map(({ name }) => name.length));
  return [
    ...heading,
    ...shown.map(({ name, probability }) =>
      `  ${name.padEnd(width)}  ${`${(100 * probability).toFixed(1)} %`.padStart(7)}  ${bar(probability, 24)}`.trimEnd(),
    ),
  ];
}
