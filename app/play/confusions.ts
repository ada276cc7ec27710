/** Which classes the model takes for which others. */
import { element } from './page.ts';
import type { Answered } from './protocol.ts';

/** A table of more classes is too wide to be read: the most frequent pairs stand in a list. */
const mostColumns = 20;
const mostPairs = 12;

/** What shows the answers by the true class; undefined where none is wrong. */
export function confusions(
  answered: readonly Answered[],
  classes: readonly string[],
): HTMLElement | undefined {
  const wrong = answered
    .filter(({ truth, predicted }) => truth !== predicted)
    .sort((a, b) => b.count - a.count || a.truth - b.truth || a.predicted - b.predicted);
  if (wrong.length === 0) return undefined;
  return classes.length <= mostColumns
    ? tableOf(answered, classes)
    : element('ol', '', ...wrong.slice(0, mostPairs).map((pair) => element('li', '', textOf(pair, classes))));
}

const nameOf = (classes: readonly string[], number: number): string => classes[number] ?? String(number);

const textOf = ({ truth, predicted, count }: Answered, classes: readonly string[]): string =>
  `${count} × ${nameOf(classes, truth)} taken for ${nameOf(classes, predicted)}`;

/** A row for each true class, a column for each answer; the darker, the larger its share of the row. */
function tableOf(answered: readonly Answered[], classes: readonly string[]): HTMLElement {
  const corner = element('td', '');
  const head = element(
    'tr',
    '',
    corner,
    ...classes.map((name) => header('col', name)),
    header('col', 'right'),
  );
  const rows = classes.map((name, truth) => {
    const row = answered.filter((one) => one.truth === truth);
    const total = row.reduce((sum, { count }) => sum + count, 0);
    const countOf = (number: number): number => row.find(({ predicted }) => predicted === number)?.count ?? 0;
    const cells = classes.map((_, predicted) => {
      const count = countOf(predicted);
      const cell = element('td', predicted === truth ? 'right' : 'wrong', count === 0 ? '' : String(count));
      cell.style.setProperty('--share', String(total === 0 ? 0 : count / total));
      cell.title = `${textOf({ truth, predicted, count }, classes)}, of ${total}`;
      return cell;
    });
    const share = total === 0 ? '' : `${Math.round((100 * countOf(truth)) / total)}\u00a0%`;
    return element('tr', '', header('row', name), ...cells, element('td', 'share', share));
  });
  return element('table', '', element('thead', '', head), element('tbody', '', ...rows));
}

function header(scope: 'row' | 'col', name: string): HTMLElement {
  const cell = element('th', '', element('span', '', name));
  cell.scope = scope;
  return cell;
}
