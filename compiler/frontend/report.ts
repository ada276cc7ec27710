/** Collects diagnostics, points them at the user's text and keeps each cause to one message. */
import type { Code, Diagnostic, Fix, Note } from '../base/diagnostic.ts';
import type { Span } from '../base/source.ts';
import type { Unit } from './unit.ts';

/** A place in the text of an instance. */
export interface Written {
  readonly frame: Frame;
  readonly span: Span;
}

/** One instance of a layer or model that is being built. */
export interface Frame {
  readonly unit: Unit;
  /** Its path, such as `residual_2.main.conv2d`; empty for the model itself. */
  readonly path: string;
  /** The name of the layer or model. */
  readonly title: string;
  /** Where it is used, and where each of its arguments is written; absent at the outermost. */
  readonly caller?: Written & { readonly places: ReadonlyMap<string, Written> };
  readonly depth: number;
  /** The chain of spans that led here: tells two instances of one name apart. */
  readonly site: string;
}

export interface Details {
  readonly notes?: readonly Note[];
  readonly fix?: Fix | undefined;
  readonly severity?: 'error' | 'warning';
}

/** More than anybody reads; input made to produce errors must not fill the memory. */
const maxDiagnostics = 200;

export class Reporter {
  readonly #seen = new Set<string>();
  readonly #diagnostics: Diagnostic[] = [];

  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  /** Whatever comes now is dropped: what is costly to say need not be made. */
  get full(): boolean {
    return this.#diagnostics.length >= maxDiagnostics;
  }

  add(diagnostic: Diagnostic): void {
    const { code, span } = diagnostic;
    const key = `${code} ${span.file} ${span.start}`;
    if (this.#seen.has(key) || this.full) return;
    this.#seen.add(key);
    this.#diagnostics.push(diagnostic);
  }

  /** At `span` in the text itself, outside of any instance. */
  at(span: Span, code: Code, message: string, details: Details = {}): void {
    const { notes = [], fix, severity = 'error' } = details;
    this.add({ code, severity, span, message, notes, ...(fix ? { fix } : {}) });
  }

  /** At `span` inside an instance: moves out of the prelude to the innermost user span. */
  error(frame: Frame, span: Span, code: Code, message: string, details: Details = {}): void {
    const place = userPlace(frame, span);
    const inside: Note[] = place.left.map((left) => ({
      message: `inside \`${left.title}\` of the prelude`,
      span: left.span,
    }));
    const outside: Note[] = [];
    let outer = place.frame;
    while (outer.caller && outside.length < 3) {
      const name = outer.path === '' ? outer.title : outer.path;
      outside.push({ message: `in \`${name}\`, which is used here`, span: outer.caller.span });
      outer = outer.caller.frame;
    }
    // A fix of the prelude's text would be of no use.
    const fix = place.left.length === 0 ? details.fix : undefined;
    this.at(place.span, code, message, {
      ...details,
      fix,
      notes: [...(details.notes ?? []), ...inside, ...outside],
    });
  }
}

/** The innermost place that is the user's, and the prelude frames between it and `span`. */
export function userPlace(
  frame: Frame,
  span: Span,
): { frame: Frame; span: Span; left: readonly { title: string; span: Span }[] } {
  const left: { title: string; span: Span }[] = [];
  while (!frame.unit.user && frame.caller) {
    left.push({ title: frame.title, span });
    span = frame.caller.span;
    frame = frame.caller.frame;
  }
  return { frame, span, left };
}
