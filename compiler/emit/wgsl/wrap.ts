/** Lines of a width that people read. */
const width = 110;

/** The line with its indent, in several where it is long: broken where the fewest parentheses are open. */
export function wrapped(line: string, indent: number): readonly string[] {
  const lines: string[] = [];
  let rest = '  '.repeat(indent) + line;
  while (rest.length > width) {
    const at = breakOf(rest);
    if (at === undefined) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = '  '.repeat(indent + 2) + rest.slice(at).trimStart();
  }
  return [...lines, rest];
}

/** Behind an operator or a comma. */
const breakable = /^(?:,|&&|\|\||[-+*/&|^=]) $/;

function breakOf(line: string): number | undefined {
  const start = line.length - line.trimStart().length;
  let best: { readonly at: number; readonly depth: number } | undefined;
  let depth = 0;
  for (let i = start; i < width; i++) {
    const c = line.charAt(i);
    if (c === '(' || c === '[') depth++;
    if (c === ')' || c === ']') depth--;
    const operator =
      c === ' ' && line.charAt(i - 1) !== ' ' ? line.slice(0, i + 1).match(/(\S+) $/)?.[0] : undefined;
    const isBreak = operator !== undefined && (breakable.test(operator) || operator.endsWith(', '));
    // What is left of the line should be worth one.
    if (isBreak && i > start + 24 && (best === undefined || depth <= best.depth)) best = { at: i + 1, depth };
  }
  return best?.at;
}
