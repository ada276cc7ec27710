import { lowerBound } from './lower-bound.ts';

/** A half-open range of UTF-16 offsets in one source file. */
export interface Span {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** Where a node of an IR came from; `line` and `column` count from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The path of the layer instance that made it, such as `residual_2.main.conv2d`; absent outside of any. */
  readonly scope?: string;
}

/** A place in a text; both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The places of offsets in a text: one pass over it, then a binary search each. Lines end in \n, \r\n or \r. */
export function lineIndex(text: string): (offset: number) => Position {
  const starts = [0];
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 10 || (c === 13 && text.charCodeAt(i + 1) !== 10)) starts.push(i + 1);
  }
  return (offset) => {
    const line = lowerBound(starts.length, (i) => (starts[i] ?? Infinity) <= offset);
    return { line, column: offset - (starts[line - 1] ?? 0) + 1 };
  };
}

export const lineAndColumn = (text: string, offset: number): Position => lineIndex(text)(offset);
