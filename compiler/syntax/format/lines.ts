/** Lays pieces out on lines with their indentation, given where lines begin. */
import * as t from '../tokens.ts';
import type { Chain } from './marks.ts';
import { closes, opens, type Bracket, type Piece } from './pieces.ts';

const step = 2;

export interface Line {
  /** Indices of its pieces. */
  readonly first: number;
  readonly last: number;
  readonly indent: number;
  readonly text: string;
  /** Without the indentation's and a trailing comment's share there is nothing to gain: the width without the comment. */
  readonly width: number;
  /** Of each piece. */
  readonly columns: readonly number[];
  readonly blankBefore: boolean;
}

/** Columns that later lines are indented by. */
interface State {
  inBody: boolean;
  /** Indentation of the line each open bracket stands on. */
  readonly brackets: { readonly bracket: Bracket; readonly indent: number }[];
  /** Of the line a chain's head stands on. */
  readonly heads: Map<number, number>;
  /** Columns of the `if`s whose `else` has not come. */
  readonly ifs: number[];
}

export function renderLines(pieces: readonly Piece[], breaks: readonly boolean[]): readonly Line[] {
  const state: State = { inBody: false, brackets: [], heads: new Map(), ifs: [] };
  const lines: Line[] = [];
  let first = 0;
  while (first < pieces.length) {
    let end = first + 1;
    while (end < pieces.length && breaks[end] === false) end++;
    lines.push(renderLine(state, pieces, first, end));
    first = end;
  }
  return lines;
}

function renderLine(state: State, pieces: readonly Piece[], first: number, end: number): Line {
  const indent = indentation(state, pieces, first);
  const columns: number[] = [];
  const parts: string[] = [];
  let column = indent;
  let width = indent;
  for (let i = first; i < end; i++) {
    const piece = pieces[i];
    if (piece === undefined) break;
    const space = i > first && (piece.spaced || piece.token === undefined) ? ' ' : '';
    parts.push(space, piece.text);
    columns.push(column + space.length);
    note(state, pieces, i, indent, column + space.length);
    column += space.length + piece.text.length;
    if (piece.token !== undefined) width = column;
  }
  const text = parts.join('');
  const start = pieces[first];
  return {
    first,
    last: end - 1,
    indent,
    text,
    width,
    columns,
    blankBefore: hasBlankBefore(pieces, first, start),
  };
}

function hasBlankBefore(pieces: readonly Piece[], first: number, start: Piece | undefined): boolean {
  if (start === undefined || first === 0 || start.breaks < 2) return false;
  return !opens(pieces[first - 1]?.token) && !closes(start.token);
}

/** Remembers what later lines need to know of piece `i`. */
function note(state: State, pieces: readonly Piece[], i: number, indent: number, column: number): void {
  const piece = pieces[i];
  const token = piece?.token;
  if (piece === undefined || token === undefined) return;
  state.heads.set(piece.offset, indent);
  if (token.tokenType === t.If) {
    const previous = pieces[i - 1];
    const afterElse = previous?.token?.tokenType === t.Else && previous.text.length + indent + 1 === column;
    state.ifs.push(afterElse ? indent : column);
  }
  if (token.tokenType === t.Else) state.ifs.pop();
  if (closes(token)) {
    if (state.brackets.pop() === undefined) state.inBody = false;
  } else if (opens(token)) {
    const inside = pieces[i + 1]?.bracket;
    if (inside?.opener === token) state.brackets.push({ bracket: inside, indent });
    else state.inBody = true;
  }
}

/** The column of the line that begins with piece `first`; a comment stands where the token behind it does. */
function indentation(state: State, pieces: readonly Piece[], first: number): number {
  const piece = pieces[first];
  if (piece === undefined) return 0;
  const body = state.inBody ? step : 0;
  const open = state.brackets[state.brackets.length - 1];
  if (piece.kind === 'statement') return closes(piece.token) ? 0 : body;
  const base = open === undefined ? body : open.indent + step;
  switch (piece.kind) {
    case 'close':
      return piece.token === undefined ? base : (open?.indent ?? 0);
    case 'open':
    case 'comma':
      return base;
    case 'arrow':
      return arrowIndentation(state, chainAt(pieces, first), base);
    case 'branch':
      return state.ifs[state.ifs.length - 1] ?? base;
    case 'operator':
    case 'other':
      return base + step;
  }
}

/** The chain of the first arrow at or behind piece `first`, which may be a comment. */
function chainAt(pieces: readonly Piece[], first: number): Chain | undefined {
  for (let i = first; i < pieces.length; i++) {
    if (pieces[i]?.token !== undefined) return pieces[i]?.chain;
  }
  return undefined;
}

function arrowIndentation(state: State, chain: Chain | undefined, base: number): number {
  if (chain === undefined || chain.head === undefined) return base;
  return (state.heads.get(chain.head) ?? base) + step;
}
