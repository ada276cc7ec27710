import { invariant } from '../base/invariant.ts';
import type { Graph, Value } from '../graph/ir.ts';
import { verifyGraph } from '../graph/verify.ts';
import type { TargetInfo } from '../program/target.ts';
import { cse } from './cse.ts';
import { dce } from './dce.ts';
import { differentiate } from './differentiate.ts';
import { divide } from './divide.ts';
import { foldConstants } from './fold-constants.ts';
import { foldNormalization } from './fold-normalization.ts';
import type { Pass } from './pass.ts';
import { simplify, stabilize } from './simplify.ts';
import { winograd } from './winograd.ts';

/** The passes of every graph, in order. `hoist` follows for inference; fusion, planning and lowering come after. */
export const pipeline: readonly Pass[] = [
  stabilize,
  differentiate,
  foldConstants,
  simplify,
  cse,
  foldNormalization,
  winograd,
  divide,
  dce,
];

export interface PipelineOptions {
  /** Names of the passes to run, in this order; default: all. A required pass that is left out runs at its usual place. */
  readonly passes?: readonly string[];
  /** Told of the graph after each pass, and the milliseconds that the pass and its verification took. */
  readonly onPass?: (name: string, graph: Graph, milliseconds: number) => void;
}

/** The passes with these names, or the first name that is none. */
export function selectPasses(
  names: readonly string[],
): { readonly passes: readonly Pass[] } | { readonly unknown: string } {
  const chosen: Pass[] = [];
  for (const name of names) {
    const pass = pipeline.find((candidate) => candidate.name === name);
    if (pass === undefined) return { unknown: name };
    chosen.push(pass);
  }
  pipeline.forEach((pass, i) => {
    if (pass.required !== true || chosen.includes(pass)) return;
    // Behind the last of those that usually come before it.
    const before = chosen.findLastIndex((other) => pipeline.indexOf(other) < i);
    chosen.splice(before + 1, 0, pass);
  });
  return { passes: chosen };
}

/** Runs the passes one after the other and verifies what each returns; the graph given is verified first. */
export function runPipeline(graph: Graph, target: TargetInfo, options: PipelineOptions = {}): Graph {
  const selected = options.passes === undefined ? { passes: pipeline } : selectPasses(options.passes);
  invariant('passes' in selected, `there is no pass ${'unknown' in selected ? selected.unknown : ''}`);
  const sound = new Set<Value>();
  verifyGraph(graph, sound);
  return selected.passes.reduce((before, pass) => {
    const start = performance.now();
    const after = pass.run(before, target);
    if (after !== before) verifyGraph(after, sound);
    options.onPass?.(pass.name, after, performance.now() - start);
    return after;
  }, graph);
}
