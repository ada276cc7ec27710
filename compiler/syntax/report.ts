/** Small helpers with which every step of the syntax makes its diagnostics. */
import type { IToken } from 'chevrotain';
import type { Code, Diagnostic, Fix, Note } from '../base/diagnostic.ts';
import type { Span } from '../base/source.ts';

export interface Details {
  readonly notes?: readonly Note[];
  readonly fix?: Fix;
}

export function problem(code: Code, span: Span, message: string, details: Details = {}): Diagnostic {
  const { notes = [], fix } = details;
  return { code, severity: 'error', span, message, notes, ...(fix === undefined ? {} : { fix }) };
}

/** So many syntax errors are shown; the rest would mostly be their consequence. */
export const shownErrors = 20;

/** Diagnostics in the order of the text. Those that could not be shown anyway are not kept. */
export class Report {
  readonly diagnostics: Diagnostic[] = [];

  add(code: Code, span: Span, message: string, details?: Details): void {
    if (!this.isFull) this.diagnostics.push(problem(code, span, message, details));
  }

  /** One more than is shown, so that it is known that there are more. */
  get isFull(): boolean {
    return this.diagnostics.length > shownErrors;
  }
}

/** A fix of a single edit. */
export function replace(title: string, span: Span, text: string): Fix {
  return { title, edits: [{ span, text }] };
}

export function endOf(token: IToken): number {
  return (token.endOffset ?? token.startOffset) + 1;
}

export function spanOf(file: string, token: IToken): Span {
  return { file, start: token.startOffset, end: endOf(token) };
}

/** The text in backquotes, shortened so that a message stays one line. */
export function quote(text: string): string {
  return `\`${text.length > 40 ? `${text.slice(0, 39)}…` : text}\``;
}

/** Whether a line ends within [start, end). */
export function breaksLine(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c === 10 || c === 13) return true;
  }
  return false;
}
