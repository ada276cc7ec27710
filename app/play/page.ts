/** The parts of index.html that scripts work on. */

/** The element with this id, which is a `type`; index.html has it. */
export function part<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return found;
}

/** An element with a class and contents; text is text, never HTML. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...contents: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...contents);
  return made;
}

/** Shows `text` in a paragraph, and hides the paragraph where there is none. */
export function say(place: HTMLElement, text: string | undefined): void {
  place.hidden = text === undefined || text === '';
  // What is the same need not be read out again.
  if (place.textContent !== (text ?? '')) place.textContent = text ?? '';
}
