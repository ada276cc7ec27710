/** Tells `filters // 2`, a habit from Python, from a comment. */
import type { IToken } from 'chevrotain';

/** How far a line is looked at, so that a line of a million `//` costs linear time. */
const reach = 400;

/**
 * `//` is a division only where reading it as a comment makes little sense: an operand stands before it on the line, one operand
 * follows, and either the rest of the line closes a bracket that was opened before (`Conv2D(filters // 2, 3x3)`) or the rest of
 * the line is a lone number after a name that is no stage (`half = filters // 2`).
 */
export function isIntegerDivision(text: string, offset: number, before: readonly IToken[]): boolean {
  if (text[offset] !== '/' || text[offset + 1] !== '/' || text[offset + 2] === '/') return false;
  const previous = before[before.length - 1];
  if (previous === undefined || !/^(?:\w+|\)|\])$/.test(previous.image.slice(0, 80))) return false;
  if (/[\r\n]/.test(text.slice((previous.endOffset ?? 0) + 1, offset))) return false;
  const rest = /^[^\r\n]*/.exec(text.slice(offset + 2, offset + 2 + reach))?.[0] ?? '';
  const operand = /^\s*(?:\d+|[A-Za-z_]\w*)(?=\s*(?:$|[-+*,)\]]))/.exec(rest);
  if (operand === null) return false;
  if (closesMore(rest)) return true;
  const introducer = before[before.length - 2]?.image;
  const isOperand = /^[A-Za-z_]/.test(previous.image) && introducer !== '->' && introducer !== 'as';
  return isOperand && /^\s*\d+\s*$/.test(rest);
}

/** Whether `text` closes a bracket that it did not open. */
function closesMore(text: string): boolean {
  let depth = 0;
  for (const c of text) {
    if (c === '(' || c === '[') depth++;
    else if (c === ')' || c === ']') depth--;
    if (depth < 0) return true;
  }
  return false;
}
