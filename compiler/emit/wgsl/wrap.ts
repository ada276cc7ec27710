/** Lines of a width that people read. */
const width = 110;

/** The line with its indent, in several where it is long. */
export function wrapped(line: string, indent: number): readonly string[] {
  const lines: string[] = [];
  let rest = '  '.repeat(indent) + line;
  while (rest.length > width) {
    const at = breakOf(rest);
    if (at === undefined) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = '  '.repeat(indent + 2) + rest.slice(at);
  }
  return [...lines, rest];
}

/** How tightly what stands before a space holds what is around it: a line breaks behind the loosest. */
const ranks: Readonly<Record<string, number>> = {
  '=': 0,
  ',': 0,
  '||': 1,
  '&&': 1,
  '|': 2,
  '^': 2,
  '&': 2,
  '+': 3,
  '-': 3,
  '*': 4,
  '/': 4,
  '%': 4,
};

/** The last of the places where the fewest parentheses are open and the loosest operator stands. */
function breakOf(line: string): number | undefined {
  const start = line.length - line.trimStart().length;
  let best: { readonly at: number; readonly rank: number } | undefined;
  let [depth, word] = [0, start];
  for (let i = start; i < width; i++) {
    const c = line.charAt(i);
    // Indices and shapes stay together.
    if ('(['.includes(c)) depth += c === '[' ? 2 : 1;
    if (')]'.includes(c)) depth -= c === ']' ? 2 : 1;
    if (c !== ' ') continue;
    const before = line.slice(word, i);
    word = i + 1;
    const own = ranks[before] ?? (before.endsWith(',') ? 0 : undefined);
    if (own === undefined || i <= start + 24) continue;
    const rank = depth * 8 + own;
    if (best === undefined || rank <= best.rank) best = { at: i + 1, rank };
  }
  return best?.at;
}
