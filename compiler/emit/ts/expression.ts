/** JavaScript expressions as text, with exactly the parentheses that prettier keeps. */

export interface Text {
  readonly text: string;
  /** The outermost operator; absent where nothing ever needs parentheses: names, literals, calls, element accesses. */
  readonly op?: BinaryOperator | 'unary' | '?:';
}

export type BinaryOperator = keyof typeof precedence;

const precedence = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '===': 6,
  '!==': 6,
  '<': 7,
  '<=': 7,
  '>': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '>>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
} as const;

const bitwise: ReadonlySet<string> = new Set(['|', '^', '&', '<<', '>>', '>>>']);
const flattening: ReadonlySet<string> = new Set(['+', '-', '*', '/', '&&', '||', '|', '^', '&']);

export const primary = (text: string): Text => ({ text });

export function number(value: number): Text {
  if (Number.isNaN(value)) return primary('NaN');
  const text = Object.is(value, -0) ? '-0' : String(value).replace('e+', 'e');
  return value < 0 || Object.is(value, -0) ? { text, op: 'unary' } : primary(text);
}

export function binary(op: BinaryOperator, a: Text, b: Text): Text {
  return { text: `${operand(op, a, 'left')} ${op} ${operand(op, b, 'right')}`, op };
}

function operand(parent: BinaryOperator, child: Text, side: 'left' | 'right'): string {
  return needsParentheses(parent, child.op, side) ? `(${child.text})` : child.text;
}

function needsParentheses(parent: BinaryOperator, child: Text['op'], side: 'left' | 'right'): boolean {
  if (child === undefined || child === 'unary') return false;
  if (child === '?:') return true;
  if (parent === child && (parent === '&&' || parent === '||')) return false;
  const outer = precedence[parent];
  const inner = precedence[child];
  if (outer > inner || (outer === inner && side === 'right')) return true;
  if (outer === inner) return !flattens(parent, child);
  if (parent === '||' && child === '&&') return true;
  return bitwise.has(parent) || (child === '%' && (parent === '+' || parent === '-'));
}

/** `a + b - c` stands as it is, `(a * b) / c` keeps its parentheses. */
function flattens(parent: BinaryOperator, child: BinaryOperator): boolean {
  if (!flattening.has(parent) || !flattening.has(child)) return false;
  return precedence[parent] !== precedence['*'] || parent === child;
}

export function call(name: string, ...args: readonly Text[]): Text {
  return primary(`${name}(${args.map(({ text }) => text).join(', ')})`);
}

export function unary(op: '-' | '!', x: Text): Text {
  const tight = x.op === undefined || (x.op === 'unary' && !(op === '-' && x.text.startsWith('-')));
  return { text: tight ? `${op}${x.text}` : `${op}(${x.text})`, op: 'unary' };
}

export function conditional(condition: Text, a: Text, b: Text): Text {
  const wrap = (x: Text): string => (x.op === '?:' ? `(${x.text})` : x.text);
  return { text: `${wrap(condition)} ? ${wrap(a)} : ${b.text}`, op: '?:' };
}

export const element = (array: string, index: Text): Text => primary(`${array}[${index.text}]`);
