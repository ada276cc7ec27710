/** One layer: its name, its filters where they are small, and what it made of the sample. */
import type { ObservedLayer } from '../../runtime/observe-types.ts';
import { themeOf } from './colour.ts';
import { add, say } from './dom.ts';
import { Filters } from './filters.ts';
import type { ShownLayer, Weight } from './index.ts';
import { Legend } from './legend.ts';
import { Maps } from './maps.ts';
import { count, rangeOf, times } from './numbers.ts';
import { Strip } from './strip.ts';

/** A layer, its kernel, and the layers that it is made of. */
export interface LayerNode {
  readonly layer: ShownLayer;
  readonly kernel?: Weight | undefined;
  readonly inside: readonly LayerNode[];
}

/** Height, width, channels of pictures; undefined for anything else. */
function mapsOf({ shape }: ObservedLayer): readonly [number, number, number] | undefined {
  const [height, width, channels] = shape;
  const is = shape.length === 3 && height !== undefined && width !== undefined && channels !== undefined;
  return is && height * width > 1 ? [height, width, channels] : undefined;
}

const hasMaps = (nodes: readonly LayerNode[]): boolean =>
  nodes.some(({ layer, inside }) => mapsOf(layer) !== undefined || hasMaps(inside));

export class LayerView {
  readonly element: HTMLElement;
  readonly #legend: Legend;
  readonly #filters: Filters | undefined;
  readonly #body: Maps | Strip;
  readonly #inside: readonly LayerView[];
  readonly #details: HTMLDetailsElement | undefined;
  #node: LayerNode;

  constructor(parent: HTMLElement, node: LayerNode) {
    const { layer, kernel, inside } = node;
    this.#node = node;
    this.element = add(parent, 'article', 'cnnc-layer');
    const header = add(this.element, 'header');
    add(header, 'h3', '', layer.name);
    const smaller = layer.from ? [`shown as ${times(layer.shape)}`] : [];
    const about = [layer.kind, times(layer.from ?? layer.shape), `line ${layer.line}`, ...smaller];
    add(header, 'span', 'cnnc-about', about.join(' · '));
    this.#legend = new Legend(header);
    const choose = (channel: number | undefined): void => this.#filters?.mark(channel);
    this.#filters = kernel && new Filters(this.element, (filter) => this.#choose(filter));
    this.#body = mapsOf(layer) ? new Maps(this.element, choose) : new Strip(this.element);
    if (inside.length > 0) {
      const details = add(this.element, 'details');
      const total = (nodes: readonly LayerNode[]): number =>
        nodes.reduce((sum, { inside: more }) => sum + 1 + total(more), 0);
      say(add(details, 'summary'), `${count(total(inside), 'layer')} inside`);
      this.#inside = inside.map((one) => new LayerView(details, one));
      // What has pictures inside only is a black box until it is open.
      details.open = !mapsOf(layer) && hasMaps(inside);
      // What is not seen is not drawn.
      details.addEventListener('toggle', () => this.update(this.#node));
      this.#details = details;
    } else this.#inside = [];
  }

  #choose(channel: number): void {
    if (this.#body instanceof Maps) this.#body.choose(channel);
  }

  update(node: LayerNode): void {
    this.#node = node;
    const theme = themeOf(this.element);
    const range = rangeOf(node.layer.values);
    this.#legend.update(range, theme);
    if (node.kernel) this.#filters?.update(node.kernel, theme);
    this.#body.update({ ...node.layer, range, theme });
    if (this.#details?.open === true) node.inside.forEach((one, i) => this.#inside[i]?.update(one));
  }
}
