/** Every example: graphs after every pass and kernels before and after their schedules print, parse back and verify. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { analyze } from '../../compiler/frontend/index.ts';
import { parseGraph } from '../../compiler/frontend/graph-text.ts';
import type { Graph } from '../../compiler/graph/ir.ts';
import { largeConstants, printGraph } from '../../compiler/graph/print.ts';
import { parseKernel } from '../../compiler/loop/parse.ts';
import { printKernel } from '../../compiler/loop/print.ts';
import { buildProgram } from '../../compiler/program/build.ts';
import { targets } from '../../compiler/program/target.ts';

const folder = fileURLToPath(new URL('../../dsl-examples/', import.meta.url));
const read = (path: string) => {
  try {
    return readFileSync(new URL(path, `file://${folder}`), 'utf8');
  } catch {
    return undefined;
  }
};
const models = readdirSync(folder).flatMap((entry) => {
  if (!entry.endsWith('.cnn')) return [];
  const { model } = analyze({ entry, read }, {});
  return model === undefined ? [] : [{ entry, model }];
});

test('most examples hold a model', () => expect(models.length).toBeGreaterThan(8));

test.each(models)('$entry', ({ model }) => {
  const seen = new Set<string>();
  const roundTrip = (graph: Graph): void => {
    const text = printGraph(graph);
    if (seen.has(text)) return;
    seen.add(text);
    const parsed = parseGraph('dump', text, largeConstants(graph));
    expect(parsed.diagnostics).toEqual([]);
    expect(printGraph(parsed.graph!)).toBe(text);
  };
  const { program, routines } = buildProgram(model, { target: targets.ts, onGraph: roundTrip });
  for (const { graph } of routines) roundTrip(graph);
  for (const kernel of program.kernels) {
    const text = printKernel(kernel);
    expect(printKernel(parseKernel(text))).toBe(text);
  }
});

test.each(models)('$entry: no plan is larger than its bound in inference', ({ model }) => {
  const { program } = buildProgram(model, { target: targets.ts, inference: true });
  for (const { name, memory } of program.routines)
    expect([name, memory.planned]).toEqual([name, memory.bound]);
});
