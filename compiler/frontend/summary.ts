/** The rows of `cnnc summary`: one per layer instance of the user's own text. */
import type { Span } from '../base/source.ts';
import type { Env, MutableSummary } from './build.ts';
import type { Datum } from './datum.ts';

interface Row {
  readonly row: MutableSummary;
  readonly before: number;
}

/** A row before those of the layers inside it; undefined where none is wanted. */
export function beginSummary(env: Env, layer: string, path: string, span: Span): Row | undefined {
  const { build, frame } = env;
  if (build.graph !== 'infer' || !frame.unit.user) return undefined;
  const { line } = frame.unit.locate(span.start);
  const row: MutableSummary = { path, layer, depth: frame.depth, output: undefined, parameters: 0, line };
  build.layers.push(row);
  return { row, before: build.session.elements };
}

export function endSummary(env: Env, begun: Row | undefined, result: Datum): void {
  if (!begun) return;
  begun.row.output = result.kind === 'tensor' ? result.value.type : undefined;
  if (result.kind === 'tensor') env.build.results.set(begun.row, result.value);
  begun.row.parameters = env.build.session.elements - begun.before;
}
