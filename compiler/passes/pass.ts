import type { Graph } from '../graph/ir.ts';
import type { TargetInfo } from '../program/target.ts';

/** A step from graph to graph that keeps what the graph computes. It asks ops for traits; only rules (data) name ops. */
export interface Pass {
  readonly name: string;
  /** One sentence for `cnnc ir --passes` and the docs. */
  readonly doc: string;
  /** Runs even when a list of passes leaves it out: without it nothing can be lowered. */
  readonly required?: true;
  readonly run: (graph: Graph, target: TargetInfo) => Graph;
}
