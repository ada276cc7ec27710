import { expect, test } from 'vitest';
import { elementCount } from '../../compiler/base/types.ts';
import { verifyGraph } from '../../compiler/graph/verify.ts';
import { hasTrait } from '../../compiler/graph/op.ts';
import { DefinitionBuilder, denseBuffer, dtypeOf, readerOf } from '../../compiler/loop/builder.ts';
import * as all from '../../compiler/ops/all.ts';
import { ops } from '../../compiler/ops/index.ts';
import { evaluate } from '../support/evaluate.ts';
import { calls, draw, emitCall, generator } from '../support/samples.ts';
import { expectToRunThrough } from '../support/space.ts';

test('ops are exported under their name in camel case, each once', () => {
  const names = Object.entries(all).map(([exported, op]) => [exported, op.name]);
  for (const [exported, name = ''] of names) {
    expect(exported).toBe(name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()));
  }
  expect(ops.size).toBe(names.length);
});

test.each([...ops.values()])('$name is documented', (op) => {
  expect(op.name).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
  expect(op.doc.length).toBeGreaterThan(10);
  expect(op.doc).toMatch(/[.)]$/);
  for (const spec of [...Object.values(op.operands), ...Object.values(op.attributes)]) {
    expect(spec.doc.length).toBeGreaterThan(3);
  }
  for (const name of Object.keys(op.attributes)) expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
  expect(op.samples.length).toBeGreaterThan(0);
  expect(op.traits.length).toBeGreaterThan(0);
});

test('an op without a kernel is a view, a concatenation or a pseudo op, and none of these has one', () => {
  for (const op of ops.values()) {
    const none = hasTrait(op, 'view') || hasTrait(op, 'concatenation') || hasTrait(op, 'pseudo');
    expect([op.name, op.lower === 'none' && op.loops === undefined]).toEqual([op.name, none]);
    expect([op.name, op.loops === undefined || op.lower === 'none']).toEqual([op.name, true]);
  }
});

test.each(calls)(
  '$title: what lower makes has the inferred type',
  ({ op, operands, attributes, ...call }) => {
    const { node } = emitCall({ ...call, op, operands, attributes });
    if (op.lower === 'none') return;
    const readers = node.operands.map((o, i) => readerOf(denseBuffer(`x${i}`, o.type.dtype, o.type.shape)));
    const definition = op.lower(new DefinitionBuilder(), readers, node.attributes, node.type);
    expectToRunThrough(definition, node.type.shape);
    expect(dtypeOf(definition.element)).toBe(node.type.dtype);
    const named = [...definition.axes, ...(definition.reduce?.axes ?? [])];
    expect(new Set(named).size).toBe(named.length);
  },
);

// The evaluator throws where a load leaves its operand, a local is unknown or an axis is read outside of its loop.
test.each(calls)('$title: reads only what exists, for several batches', (call) => {
  const { g, parameters, node } = emitCall(call);
  verifyGraph({ name: 'call', parameters, nodes: g.nodes, returns: [], updates: [] });
  if (hasTrait(call.op, 'pseudo')) return;
  for (const n of [1, 2, 5]) {
    const random = generator(n);
    const known = new Map(parameters.map((p, i) => [p, draw(call.operands[i]!, n, random)] as const));
    const { data } = evaluate(node, new Map(known), n);
    expect(data.length).toBe(elementCount(node.type.shape, n));
  }
});
