/** Decides where lines break: where the source had a break that may stay, and where a line would be too long without one. */
import type { IToken } from 'chevrotain';
import type { Chain } from './marks.ts';
import type { Bracket, Piece } from './pieces.ts';
import { opens } from './pieces.ts';
import { renderLines, type Line } from './lines.ts';

/** No line is broken for being shorter than this. */
export const lineWidth = 110;

/** After so many rounds all candidates are broken at once, so that no text takes many. */
const patientRounds = 16;

/** For each piece, whether it begins a line. */
export function breaksOf(pieces: readonly Piece[]): readonly boolean[] {
  let breaks = fromSource(pieces);
  for (let round = 0; ; round++) {
    const more = breakLongLines(pieces, breaks, round < patientRounds);
    if (more === undefined) return breaks;
    breaks = more;
  }
}

function fromSource(pieces: readonly Piece[]): readonly boolean[] {
  const broken = new Set<Bracket>();
  for (const { bracket, breaks, kind } of pieces) {
    if (bracket !== undefined && breaks > 0 && kind !== 'other') broken.add(bracket);
  }
  pieces.forEach((piece, i) => {
    const afterComment = pieces[i - 1]?.token === undefined && i > 0;
    if (afterComment && piece.bracket !== undefined) broken.add(piece.bracket);
  });
  return pieces.map((piece, i) => {
    const previous = pieces[i - 1];
    if (previous === undefined) return false;
    if (previous.token === undefined) return true; // a comment ends its line
    if (piece.token === undefined) return piece.breaks > 0;
    const inBroken = piece.bracket !== undefined && broken.has(piece.bracket);
    switch (piece.kind) {
      case 'statement':
        return !isEmptyBody(previous, piece);
      case 'open':
      case 'close':
        return inBroken;
      case 'comma':
      case 'arrow':
      case 'branch':
      case 'operator':
        return piece.breaks > 0;
      case 'other':
        return false;
    }
  });
}

const isEmptyBody = (previous: Piece, piece: Piece): boolean => previous.text === '{' && piece.text === '}';

/** The breaks with more of them where lines are too long; undefined when nothing can be improved. */
function breakLongLines(
  pieces: readonly Piece[],
  breaks: readonly boolean[],
  patient: boolean,
): readonly boolean[] | undefined {
  const chosen = new Set<Bracket | Chain | IToken>();
  for (const line of renderLines(pieces, breaks)) {
    if (line.width > lineWidth)
      choose(pieces, breaks, line, patient).forEach((breakable) => chosen.add(breakable));
  }
  if (chosen.size === 0) return undefined;
  return pieces.map((piece, i) => {
    if (breaks[i] === true || piece.token === undefined || i === 0) return breaks[i] === true;
    if (piece.chain !== undefined && chosen.has(piece.chain)) return true;
    if (piece.kind === 'branch') return chosen.has(piece.token);
    const ofBracket = piece.kind === 'open' || piece.kind === 'close' || piece.kind === 'comma';
    return ofBracket && piece.bracket !== undefined && chosen.has(piece.bracket);
  });
}

interface Candidate {
  readonly breakable: Bracket | Chain | IToken;
  readonly depth: number;
  /** `else` before chains before brackets. */
  readonly rank: 0 | 1 | 2;
  readonly width: number;
}

/** What to break of a long line: the outermost; of several brackets the widest. */
function choose(
  pieces: readonly Piece[],
  breaks: readonly boolean[],
  line: Line,
  patient: boolean,
): readonly (Bracket | Chain | IToken)[] {
  const candidates = candidatesOf(pieces, breaks, line);
  if (!patient) return candidates.map(({ breakable }) => breakable);
  const [best] = candidates.sort((a, b) => a.depth - b.depth || a.rank - b.rank || b.width - a.width);
  return best === undefined ? [] : [best.breakable];
}

function candidatesOf(pieces: readonly Piece[], breaks: readonly boolean[], line: Line): Candidate[] {
  const candidates: Candidate[] = [];
  const seen = new Set<Chain>();
  const opened: { readonly bracket: Bracket; readonly column: number }[] = [];
  for (let i = line.first; i <= line.last; i++) {
    const piece = pieces[i];
    const { token } = piece ?? {};
    if (piece === undefined || token === undefined) continue;
    const depth = piece.bracket === undefined ? 0 : piece.bracket.depth + 1;
    const column = line.columns[i - line.first] ?? 0;
    const inLine = i > line.first && breaks[i] === false;
    if (inLine && piece.chain !== undefined && !seen.has(piece.chain) && piece.kind === 'arrow') {
      seen.add(piece.chain);
      candidates.push({ breakable: piece.chain, depth, rank: 1, width: 0 });
    }
    if (inLine && piece.kind === 'branch' && piece.text === 'else') {
      candidates.push({ breakable: token, depth, rank: 0, width: 0 });
    }
    if (piece.kind === 'close' && inLine && piece.bracket !== undefined) {
      const open = opened.pop();
      if (open?.bracket === piece.bracket) {
        candidates.push({
          breakable: piece.bracket,
          depth: piece.bracket.depth,
          rank: 2,
          width: column - open.column,
        });
      }
    }
    const next = pieces[i + 1];
    const isBracket = opens(token) && next?.kind === 'open' && next.bracket !== undefined;
    if (isBracket && next.bracket !== undefined) opened.push({ bracket: next.bracket, column });
  }
  return candidates;
}
