/** The little that is needed of the page. Text only ever becomes text. */

/** What draws into one element, again and again. */
export interface View<T> {
  update(shown: T): void;
}

interface Mounted<T> {
  readonly view: View<T>;
  last: T;
}

/**
 * A function that draws into elements: the first time with a new view, later with the same one. When the page turns dark or
 * light, it draws again what it drew last.
 */
export function renderer<T>(
  make: (container: HTMLElement) => View<T>,
): (container: HTMLElement, shown: T) => void {
  const mounted = new WeakMap<HTMLElement, Mounted<T>>();
  return (container, shown) => {
    const known = mounted.get(container);
    if (known) {
      known.last = shown;
      known.view.update(shown);
      return;
    }
    container.replaceChildren();
    const one = { view: make(container), last: shown };
    mounted.set(container, one);
    onThemeChange(container, () => one.view.update(one.last));
    one.view.update(shown);
  };
}

function onThemeChange(container: HTMLElement, redraw: () => void): void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const listener = (): void => {
    if (container.isConnected) redraw();
    else dark.removeEventListener('change', listener);
  };
  dark.addEventListener('change', listener);
}

/** A new element at the end of another. */
export function add<K extends keyof HTMLElementTagNameMap>(
  parent: HTMLElement,
  tag: K,
  className = '',
  text = '',
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  if (text !== '') element.textContent = text;
  parent.append(element);
  return element;
}

/** Changes nothing where the text is there already. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function label(element: Element, text: string): void {
  if (element.getAttribute('aria-label') !== text) element.setAttribute('aria-label', text);
}

/** As many children as there are items, each updated with its item. */
export class Rows<T, E extends HTMLElement> {
  readonly #parent: HTMLElement;
  readonly #make: (parent: HTMLElement) => { readonly element: E; update(item: T, i: number): void };
  readonly #rows: { readonly element: E; update(item: T, i: number): void }[] = [];

  constructor(
    parent: HTMLElement,
    make: (parent: HTMLElement) => { readonly element: E; update(item: T, i: number): void },
  ) {
    this.#parent = parent;
    this.#make = make;
  }

  update(items: readonly T[]): void {
    while (this.#rows.length > items.length) this.#rows.pop()?.element.remove();
    while (this.#rows.length < items.length) this.#rows.push(this.#make(this.#parent));
    items.forEach((item, i) => this.#rows[i]?.update(item, i));
  }
}
