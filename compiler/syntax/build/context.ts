/** What all builders of the tree share: the file, the diagnostics found on the way, and access to chevrotain's concrete tree. */
import type { CstNode, IToken } from 'chevrotain';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { Span } from '../../base/source.ts';
import type { Expression, Name, Stage } from '../ast.ts';
import { endOf, problem } from '../report.ts';

/** How many expressions may lie one within another in the tree, so that whoever walks it may recurse. */
const depthLimit = 256;

export interface Context {
  readonly file: string;
  readonly text: string;
  readonly report: (diagnostic: Diagnostic) => void;
  /** Something is left out of the tree. */
  readonly drop: () => void;
  /** Of compound expressions and stages; leaves are not in it. */
  readonly depths: WeakMap<object, number>;
}

/** Thrown where recovery left a part out, caught where a statement can be left out whole. Never leaves this folder. */
const incomplete = new Error('incomplete syntax');

export function giveUp(): never {
  throw incomplete;
}

/** The results of `build` for each node, without those that are incomplete. */
export function complete<N, T>(context: Context, nodes: readonly N[], build: (node: N) => T): T[] {
  return nodes.flatMap((node) => {
    try {
      return [build(node)];
    } catch (error) {
      if (error !== incomplete) throw error;
      context.drop();
      return [];
    }
  });
}

export function nodes(node: CstNode, rule: string): CstNode[] {
  return (node.children[rule] ?? []).filter((child): child is CstNode => 'children' in child);
}

export function tokens(node: CstNode, name: string): IToken[] {
  return (node.children[name] ?? []).filter((child): child is IToken => 'image' in child);
}

export function node(parent: CstNode, rule: string): CstNode {
  return nodes(parent, rule)[0] ?? giveUp();
}

export function token(parent: CstNode, name: string): IToken {
  const [first] = tokens(parent, name);
  return first === undefined || Number.isNaN(first.startOffset) ? giveUp() : first;
}

export function spanOfNode(context: Context, of: CstNode): Span {
  const { startOffset: start = NaN, endOffset: end = NaN } = of.location ?? {};
  return Number.isNaN(start) || Number.isNaN(end) ? giveUp() : { file: context.file, start, end: end + 1 };
}

export function spanOfToken(context: Context, of: IToken): Span {
  return { file: context.file, start: of.startOffset, end: endOf(of) };
}

export function between(first: Span, last: Span): Span {
  return { file: first.file, start: first.start, end: last.end };
}

export function nameOf(context: Context, of: IToken): Name {
  if (Number.isNaN(of.startOffset)) giveUp();
  return { text: of.image, span: spanOfToken(context, of) };
}

/** Notes how deep `whole` is, and refuses what is too deep to be walked. */
export function nest<T extends Expression | Stage>(
  context: Context,
  whole: T,
  parts: readonly (object | undefined)[],
): T {
  const depth =
    1 + parts.reduce<number>((most, part) => Math.max(most, (part && context.depths.get(part)) ?? 0), 0);
  if (depth > depthLimit) {
    const message = `this expression has more than ${depthLimit} operations one within another`;
    const notes = [{ message: 'give parts of it names of their own: `part = …`' }];
    context.report(problem('E0113', { ...whole.span, end: whole.span.start + 1 }, message, { notes }));
    giveUp();
  }
  context.depths.set(whole, depth);
  return whole;
}
