import type { View } from './dom.ts';
import { add, renderer, Rows, say } from './dom.ts';
import type { Shown } from './index.ts';
import { count, figure, percent, rangeOf, times } from './numbers.ts';
import { adopt } from './style.ts';

/** One output of one sample. */
interface Shared {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  readonly classes: readonly string[] | undefined;
}

interface Row {
  readonly name: string;
  readonly text: string;
  /** Length of the bar, 0 … 1; none where it is no probability. */
  readonly part: number | undefined;
  readonly best: boolean;
}

/** More rows than these are not shown: the largest are. */
const most = 12;

/** Probabilities of classes as bars, other outputs as numbers. */
export const renderOutputs = renderer<Shown>((container): View<Shown> => {
  adopt();
  const list = add(container, 'div', 'cnnc-view cnnc-outputs');
  const rows = new Rows<Shared, HTMLElement>(list, makeOutput);
  return {
    update({ signature, observation, classes }) {
      rows.update(
        signature.outputs.map(({ name, shape }) => ({
          name,
          shape,
          values: observation.outputs[name] ?? [],
          classes: Object.hasOwn(classes, name) ? classes[name] : undefined,
        })),
      );
    },
  };
});

function makeOutput(parent: HTMLElement) {
  const element = add(parent, 'div', 'cnnc-output');
  const table = add(element, 'table');
  const caption = add(table, 'caption');
  const body = add(table, 'tbody');
  const note = add(element, 'p', 'cnnc-about');
  const rows = new Rows<Row, HTMLElement>(body, makeRow);
  return {
    element,
    update(output: Shared): void {
      say(caption, output.name);
      const all = rowsOf(output);
      rows.update(all);
      const { length } = output.values;
      const { min, max } = rangeOf(output.values);
      const whole = `${times(output.shape)} numbers from ${figure(min)} to ${figure(max)}`;
      say(
        note,
        all.length === 0 ? whole : all.length < shares(output).length ? `of ${count(length, 'number')}` : '',
      );
      note.hidden = note.textContent === '';
    },
  };
}

function makeRow(parent: HTMLElement) {
  const element = add(parent, 'tr');
  const name = add(element, 'th');
  name.scope = 'row';
  const cell = add(element, 'td', 'cnnc-bar');
  cell.ariaHidden = 'true';
  const bar = add(cell, 'span');
  const text = add(element, 'td', 'cnnc-figure');
  return {
    element,
    update(row: Row): void {
      say(name, row.name);
      say(text, row.text);
      bar.hidden = row.part === undefined;
      bar.style.width = `${100 * (row.part ?? 0)}%`;
      element.classList.toggle('cnnc-best', row.best);
    },
  };
}

/** One number for two classes is the probability of the second. */
function shares({ values, classes }: Shared): readonly number[] {
  const [first = 0] = [...Array.from(values)];
  return classes?.length === 2 && values.length === 1 ? [1 - first, first] : Array.from(values);
}

function rowsOf(output: Shared): readonly Row[] {
  const { shape, classes } = output;
  const values = shares(output);
  if (shape.length > 1) return [];
  const sum = values.reduce((a, b) => a + b, 0);
  const named = classes?.length === values.length ? classes : undefined;
  const areShares = values.every((value) => value >= 0) && Math.abs(sum - 1) < 1e-3;
  // Those of several sigmoids are probabilities by themselves.
  const isShare = areShares || (named !== undefined && values.every((value) => value >= 0 && value <= 1));
  const best = values.indexOf(Math.max(...values));
  const rows = values.map((value, i): Row & { value: number } => ({
    value,
    name: named?.[i] ?? (values.length === 1 ? '' : `${i}`),
    text: isShare ? percent(value) : figure(value),
    part: isShare ? value : undefined,
    best: i === best && (isShare || named !== undefined),
  }));
  return rows.length <= most ? rows : rows.sort((a, b) => b.value - a.value).slice(0, most);
}
