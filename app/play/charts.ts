/** Curves of loss and metrics: while an epoch runs, and at the end of each. */
import uPlot from 'uplot';
import type { History, Scores } from '../../runtime/types.ts';
import { figure } from '../../compiler/cli/text.ts';
import { element } from './page.ts';

/** A mean over some batches; `at`: how many epochs, with the part of the one that runs. */
interface LivePoint {
  readonly at: number;
  readonly scores: Scores;
}

/** A curve with more live points than this is thinned: no screen shows them. */
const mostPoints = 2000;
const height = 220;

const variable = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Charts {
  readonly #charts: readonly Chart[];
  #live: LivePoint[] = [];
  #history: History = [];
  #epochs = 1;
  #due = false;

  /** One chart for the loss and one for each metric. */
  constructor(place: HTMLElement, names: readonly string[], withValidation: boolean) {
    this.#charts = names.map((name) => new Chart(place, name, withValidation));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw());
  }

  /** How many there are to be: the axis need not be longer. */
  set epochs(epochs: number) {
    this.#epochs = epochs;
  }

  add(point: LivePoint): void {
    this.#live.push(point);
    if (this.#live.length > mostPoints) this.#live = halved(this.#live);
    this.#draw();
  }

  /** What the epochs so far gave; forgets live points where there are none. */
  set(history: History): void {
    this.#history = history;
    if (history.length === 0) this.#live = [];
    this.#draw();
  }

  /** Once a frame is enough, however many messages come. */
  #draw(): void {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      for (const chart of this.#charts) chart.draw(this.#live, this.#history, this.#epochs);
    });
  }
}

/** Each two points become the one between them. */
function halved(points: readonly LivePoint[]): LivePoint[] {
  return points.flatMap((point, i) => {
    const next = points[i + 1];
    if (i % 2 === 1) return [];
    if (!next) return [point];
    const scores = Object.fromEntries(
      Object.entries(point.scores).map(([name, value]) => [name, (value + (next.scores[name] ?? value)) / 2]),
    );
    return [{ at: next.at, scores }];
  });
}

type Column = (number | null)[];
type Row = Readonly<Partial<Record<'live' | 'train' | 'validation', number | undefined>>>;

class Chart {
  readonly #name: string;
  readonly #figure: HTMLElement;
  readonly #place: HTMLElement;
  readonly #plot: uPlot;
  readonly #withValidation: boolean;
  #epochs = 1;

  constructor(place: HTMLElement, name: string, withValidation: boolean) {
    this.#name = name;
    this.#withValidation = withValidation;
    this.#place = element('div', 'plot');
    this.#place.setAttribute('role', 'img');
    this.#figure = element('figure', 'chart', element('figcaption', '', name), this.#place);
    place.append(this.#figure);
    this.#plot = new uPlot(
      optionsOf(name, withValidation, (max) => Math.max(max, Math.min(roundUp(max), this.#epochs))),
      [[], [], [], []],
      this.#place,
    );
    new ResizeObserver(() => this.#fit()).observe(this.#place);
    this.#describe([]);
  }

  draw(live: readonly LivePoint[], history: History, epochs: number): void {
    this.#epochs = epochs;
    // One row for each place: uPlot takes no two points above one another.
    const rows = new Map<number, Row>(live.map(({ at, scores }) => [at, { live: scores[this.#name] }]));
    for (const { epoch, train, validation } of history)
      rows.set(epoch, {
        ...rows.get(epoch),
        train: train[this.#name],
        validation: validation?.[this.#name],
      });
    const sorted = [...rows].sort(([a], [b]) => a - b);
    const column = (key: keyof Row): Column => sorted.map(([, row]) => row[key] ?? null);
    const columns = [
      column('live'),
      column('train'),
      ...(this.#withValidation ? [column('validation')] : []),
    ];
    this.#plot.setData([sorted.map(([at]) => at), ...columns]);
    this.#describe(history);
  }

  #fit(): void {
    this.#plot.setSize({ width: Math.max(200, this.#place.clientWidth), height });
  }

  /** The curve in words, for those who do not see it. */
  #describe(history: History): void {
    const last = history.at(-1);
    const value = (scores: Scores | undefined): string => figure(scores?.[this.#name] ?? Number.NaN);
    const validation = last?.validation ? `, validation ${value(last.validation)}` : '';
    const text = last
      ? `after epoch ${last.epoch}: training ${value(last.train)}${validation}`
      : 'no epoch has ended yet';
    this.#place.setAttribute('aria-label', `${this.#name}, ${text}`);
  }
}

function optionsOf(name: string, withValidation: boolean, end: (max: number) => number): uPlot.Options {
  const stroke = (colour: string) => () => variable(colour);
  const axis = {
    stroke: stroke('--quiet'),
    grid: { stroke: stroke('--line'), width: 1 },
    ticks: { stroke: stroke('--line'), width: 1 },
    font: '12px system-ui, sans-serif',
  };
  const value = (_: uPlot, number: number | null): string => (number === null ? '' : figure(number));
  const ends = (label: string, colour: string): uPlot.Series => ({
    label,
    value,
    stroke: stroke(colour),
    width: 2,
    spanGaps: true,
    points: { show: true, size: 6, fill: stroke(colour) },
  });
  const isShare = name.includes('accuracy');
  return {
    width: 300,
    height,
    cursor: { drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: (_, __, max) => [0, end(max)] },
      y: { range: (_, min, max) => rangeOf(min, max, isShare) },
    },
    axes: [
      {
        ...axis,
        label: 'epoch',
        labelSize: 18,
        labelFont: axis.font,
        size: 34,
        incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500],
      },
      { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => figure(tick)) },
    ],
    series: [
      { label: 'epoch', value },
      {
        label: 'batches',
        value,
        stroke: stroke('--train-live'),
        width: 1,
        spanGaps: true,
        points: { show: false },
      },
      ends('training', '--train'),
      ...(withValidation ? [ends('validation', '--validation')] : []),
    ],
    // Colours by name, so that they change with the page's.
    legend: {
      markers: {
        width: 3,
        stroke: (_, i) => ['', 'var(--train-live)', 'var(--train)', 'var(--validation)'][i] ?? '',
      },
    },
  };
}

/** To 1, 2, 5, 10, 20 …: so the axis changes now and then only. */
function roundUp(max: number): number {
  let step = 1;
  for (let i = 0; step < max; i++) step *= i % 3 === 1 ? 2.5 : 2;
  return step;
}

/** Losses begin at 0; shares end at 1. */
function rangeOf(min: number | null, max: number | null, isShare: boolean): [number, number] {
  if (isShare) return [Math.max(0, Math.min(0.9, Math.floor((min ?? 0) * 10) / 10)), 1];
  return [Math.min(0, min ?? 0), (max ?? 1) * 1.05 || 1];
}
