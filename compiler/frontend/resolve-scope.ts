/** Names known at one place of the text, without their values. */
import type { Span } from '../base/source.ts';
import type { Name } from '../syntax/ast.ts';
import { isDType } from './datum.ts';
import { functionNames } from './functions.ts';
import type { Reporter } from './report.ts';
import type { Declared, Unit } from './unit.ts';
import { lookupGlobal } from './unit.ts';
import { fixedNames, initializerNames, reportUnknownIn } from './unknown.ts';

export class KnownNames {
  readonly #parent: KnownNames | undefined;
  readonly #names = new Set<string>();

  constructor(parent?: KnownNames) {
    this.#parent = parent;
  }

  has(name: string): boolean {
    return this.#names.has(name) || (this.#parent?.has(name) ?? false);
  }

  add(name: string): void {
    this.#names.add(name);
  }

  all(): readonly string[] {
    return [...(this.#parent?.all() ?? []), ...this.#names];
  }
}

/** What the check of one layer, model or train block carries along. */
export interface Place {
  readonly unit: Unit;
  readonly reporter: Reporter;
  readonly known: KnownNames;
  /** Words of the enclosing layer's parameters. */
  readonly words: ReadonlySet<string>;
  /** All names the body binds somewhere: one that is bound further down gets a note. */
  readonly boundLater: ReadonlySet<string>;
  readonly kind: 'layer' | 'model' | 'train';
  /** Inside `for`. */
  readonly repeated: boolean;
  /** Which layers and models of the file are used, and where, to find recursion. */
  readonly uses: (declared: Declared, span: Span) => void;
  readonly depth: number;
}

/** Binds a name; one that is bound already, or has a fixed meaning, is reported. */
export function bind(name: Name, place: Place): void {
  if (fixedNames.includes(name.text)) {
    const message = `\`${name.text}\` has a fixed meaning and cannot be bound`;
    place.reporter.at(name.span, 'E0212', message);
  } else if (place.known.has(name.text)) {
    place.reporter.at(name.span, 'E0202', `\`${name.text}\` is bound already`, {
      notes: [{ message: 'each name is bound once, for parameters are named after it' }],
    });
  }
  place.known.add(name.text);
}

/** Reports a name that means nothing here. `words`: those of the parameter it is given for. */
export function checkName(name: string, span: Span, place: Place, words: readonly string[] = []): void {
  if (words.includes(name) || place.known.has(name)) return;
  const global = lookupGlobal(place.unit, name);
  if (global) {
    if (global.kind !== 'op') place.uses(global, span);
    return;
  }
  if (place.words.has(name) || isDType(name) || isBuiltin(name)) return;
  if (place.boundLater.has(name)) {
    const message = `\`${name}\` is used before it is bound`;
    place.reporter.at(span, 'E0201', message, { notes: [{ message: 'statements run from top to bottom' }] });
    return;
  }
  reportUnknownIn(place.reporter, place.unit, name, span, [...words, ...place.known.all(), ...place.words]);
}

const isBuiltin = (name: string): boolean =>
  fixedNames.includes(name) || initializerNames.includes(name) || functionNames.includes(name);
