/** The one way to lay out a `.cnn` file. */
import type { Diagnostic } from '../base/diagnostic.ts';
import { parsePrepared, prepare } from './parse.ts';
import { breaksOf } from './format/breaks.ts';
import { renderLines } from './format/lines.ts';
import { marksOf } from './format/marks.ts';
import { piecesOf } from './format/pieces.ts';

/**
 * The text in its canonical layout, or why it cannot be parsed. Formatting twice changes nothing more; the tree stays the same up
 * to its spans, and so do all comments. Line breaks before `->`, `then`, `else`, beside operators and within brackets stay where
 * they were (a bracket that is broken anywhere is broken behind its opening and before its closing sign), and so do single blank
 * lines; lines longer than 110 columns are broken at the outermost `else`, chain or bracket.
 */
export function format(
  path: string,
  text: string,
): { readonly text: string } | { readonly diagnostics: readonly Diagnostic[] } {
  const prepared = prepare(path, text);
  const { file, diagnostics } = parsePrepared(path, text, prepared);
  if (diagnostics.length > 0) return { diagnostics };
  const pieces = piecesOf(text, prepared.paired.tokens, prepared.lexed.comments, marksOf(file));
  const lines = renderLines(pieces, breaksOf(pieces));
  const printed = lines.map(
    (line) => `${line.blankBefore ? '\n' : ''}${' '.repeat(line.indent)}${line.text}\n`,
  );
  return { text: printed.join('') };
}
