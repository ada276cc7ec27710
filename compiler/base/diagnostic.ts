import type { Span } from './source.ts';

/** `E` and four digits. E01 syntax, E02 names, E03 types and arguments, E04 shapes, E05 training, E06 limits, E07 graphs, E08 memory. */
export type Code = `E${number}`;

export interface Note {
  readonly message: string;
  readonly span?: Span;
}

/** A change of the text that removes the cause; `cnnc check --fix` applies it. */
export interface Fix {
  readonly title: string;
  readonly edits: readonly { readonly span: Span; readonly text: string }[];
}

/** Something the user should know about their text. A value, never thrown out of the compiler. */
export interface Diagnostic {
  readonly code: Code;
  readonly severity: 'error' | 'warning';
  readonly span: Span;
  /** One sentence that names what met what: "`conv2d_3` needs at least 3x3, got 2x2". */
  readonly message: string;
  readonly notes: readonly Note[];
  readonly fix?: Fix;
}

/** The page of `cnnc explain CODE`: what it means, an example that has it, the same example mended. */
export interface CodePage {
  readonly title: string;
  readonly explanation: string;
  readonly wrong: string;
  readonly right: string;
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === 'error');
}
