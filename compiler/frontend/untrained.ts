/** Warnings for params that have no effect or do not learn. */
import type { Graph } from '../graph/ir.ts';
import { reachable } from '../graph/reachable.ts';
import { stopGradient } from '../ops/index.ts';
import type { Session } from './build.ts';
import { userPlace } from './report.ts';
import type { TrainedGraphs } from './train.ts';

export function warnUntrained(session: Session, infer: Graph, trained: TrainedGraphs | undefined): void {
  const used = new Set([infer, trained?.step].flatMap((graph) => graph?.parameters.map((p) => p.name) ?? []));
  const frozen = trained ? behindStop(trained.step) : new Set<string>();
  for (const { declared } of session.persistents.values()) {
    const { name, role, frame, span } = declared;
    if (role !== 'param') continue;
    const place = userPlace(frame, span).span;
    if (!used.has(name)) {
      session.reporter.at(place, 'E0509', `\`${name}\` has no effect on any output`, { severity: 'warning' });
    } else if (trained && !trained.trained.has(name) && !frozen.has(name)) {
      session.reporter.at(place, 'E0509', `\`${name}\` does not learn: no gradient of the loss reaches it`, {
        severity: 'warning',
      });
    }
  }
}

/** Params that `stop_gradient` keeps from learning: as the user asked. */
function behindStop(step: Graph): ReadonlySet<string> {
  const stops = step.nodes.filter((node) => node.op === stopGradient);
  const names = [...reachable(stops)].flatMap((value) => (value.kind === 'parameter' ? [value.name] : []));
  return new Set(names);
}
