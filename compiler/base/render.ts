/** Diagnostics as text for people. */
import { codeFrameColumns, type BabelCodeFrameOptions } from '@babel/code-frame';
import type { Diagnostic, Note } from './diagnostic.ts';
import { lineAndColumn, type Span } from './source.ts';

interface RenderOptions {
  /** ANSI colours; default false. */
  readonly color?: boolean;
}

/** Lines longer than this are shown as a window around the place. */
const widestLine = 160;
const windowBefore = 60;
const windowWidth = 120;
const linesAround = 2;

/**
 * `digits.cnn:6:5: error E0116: expected a stage after …`, a code frame, the notes, and the title of the fix. `read` gives the text
 * of a file, or undefined (then there is no frame and no position). No line break at the end.
 */
export function renderDiagnostic(
  diagnostic: Diagnostic,
  read: (path: string) => string | undefined,
  { color = false }: RenderOptions = {},
): string {
  const paint = (code: number, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const { span, severity, code, message, notes, fix } = diagnostic;
  const text = read(span.file);
  const severityColor = severity === 'error' ? 31 : 33;
  const head = `${paint(1, place(span, text))}: ${paint(severityColor, `${severity} ${code}`)}: ${printable(message)}`;
  const frame = text === undefined ? [] : [codeFrame(text, span, color)];
  const rest = notes.map((note) => `  ${paint(36, 'note')}: ${renderNote(note, read)}`);
  const mend = fix === undefined ? [] : [`  ${paint(32, 'fix')}: ${printable(fix.title)}`];
  return [head, ...frame, ...rest, ...mend].join('\n');
}

function renderNote({ message, span }: Note, read: (path: string) => string | undefined): string {
  if (span === undefined) return printable(message);
  return `${printable(message)} (${place(span, read(span.file))})`;
}

function place(span: Span, text: string | undefined): string {
  if (text === undefined) return printable(span.file);
  const { line, column } = lineAndColumn(text, span.start);
  return `${printable(span.file)}:${line}:${column}`;
}

/** Characters that would steer a terminal, reorder the line or break the frame become visible. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '\ufffd');
}

function codeFrame(text: string, span: Span, color: boolean): string {
  const offset = Math.min(span.start, text.length);
  const { line, column } = lineAndColumn(text, offset);
  const lineStart = offset - (column - 1);
  const marked = lineFrom(text, lineStart);
  const isLong = marked.length > widestLine;
  const from = isLong ? Math.max(0, column - 1 - windowBefore) : 0;
  const show = (whole: string): string => printable(cut(whole, from, isLong ? windowWidth : widestLine));
  const above = linesBefore(text, lineStart);
  const below = linesAfter(text, lineStart + marked.length);
  const indent = from > 0 ? 1 : 0; // of the ellipsis
  const start = column - from + indent;
  const end = Math.max(
    start + 1,
    Math.min(span.end, lineStart + marked.length) - lineStart - from + indent + 1,
  );
  const options: BabelCodeFrameOptions & { readonly startLine: number } = {
    linesAbove: linesAround,
    linesBelow: linesAround,
    forceColor: color,
    startLine: line - above.length,
  };
  const location = {
    start: { line, column: start },
    end: { line, column: Math.min(end, show(marked).length + 1) },
  };
  return codeFrameColumns([...above, marked, ...below].map(show).join('\n'), location, options);
}

/** The part of a line from `from` on, with marks where it was cut. */
function cut(line: string, from: number, width: number): string {
  const part = line.slice(from, from + width);
  return `${from > 0 ? '…' : ''}${part}${from + width < line.length ? '…' : ''}`;
}

function lineFrom(text: string, start: number): string {
  const end = /[\r\n]/g;
  end.lastIndex = start;
  const match = end.exec(text);
  return text.slice(start, match?.index ?? text.length);
}

function linesBefore(text: string, start: number): readonly string[] {
  const lines: string[] = [];
  let end = start;
  while (lines.length < linesAround && end > 0) {
    end -= text.startsWith('\r\n', end - 2) && end >= 2 ? 2 : 1; // its line break
    const before = Math.max(text.lastIndexOf('\n', end - 1), text.lastIndexOf('\r', end - 1));
    const from = end === 0 ? 0 : before + 1;
    lines.unshift(text.slice(from, end));
    end = from;
  }
  return lines;
}

function linesAfter(text: string, end: number): readonly string[] {
  const lines: string[] = [];
  let start = end;
  while (lines.length < linesAround && start < text.length) {
    start += text.startsWith('\r\n', start) ? 2 : 1;
    const line = lineFrom(text, start);
    lines.push(line);
    start += line.length;
  }
  return lines;
}
