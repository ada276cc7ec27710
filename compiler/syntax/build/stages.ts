/** What may follow `->`. */
import type { CstNode } from 'chevrotain';
import type { Span } from '../../base/source.ts';
import type { Argument, Stage } from '../ast.ts';
import * as t from '../tokens.ts';
import { buildArguments } from './arguments.ts';
import * as c from './context.ts';
import { buildOperands } from './expressions.ts';

type Context = c.Context;

export function buildStage(context: Context, stage: CstNode): Stage {
  const span = c.spanOfNode(context, stage);
  const [application] = c.nodes(stage, 'application');
  if (application !== undefined) return buildApplication(context, application, span);
  const [output] = c.nodes(stage, 'output');
  if (output === undefined) return buildLoop(context, c.node(stage, 'loop'), span);
  const name = c.nameOf(context, c.token(output, t.Name.name));
  return withArguments(context, output, (args) => ({ kind: 'output', name, ...args, span }));
}

function buildApplication(context: Context, application: CstNode, span: Span): Stage {
  const [callee = c.giveUp(), as] = c.tokens(application, t.Name.name).map((name) => c.nameOf(context, name));
  if (c.tokens(application, t.As.name).length > 0 && as === undefined) c.giveUp();
  const named = as === undefined ? {} : { as };
  return withArguments(context, application, (args) => ({ kind: 'apply', callee, ...args, ...named, span }));
}

function withArguments(
  context: Context,
  parent: CstNode,
  make: (args: { readonly args?: readonly Argument[] }) => Stage,
): Stage {
  const [written] = c.nodes(parent, 'args');
  if (written === undefined) return make({});
  const args = buildArguments(context, written);
  return c.nest(
    context,
    make({ args }),
    args.map((argument) => argument.value),
  );
}

function buildLoop(context: Context, loop: CstNode, span: Span): Stage {
  const variable = c.nameOf(context, c.token(loop, t.Name.name));
  const iterable = buildOperands(context, loop).value;
  const stages = c.nodes(loop, 'stage').map((stage) => buildStage(context, stage));
  if (stages.length === 0) c.giveUp();
  return c.nest(context, { kind: 'for', variable, iterable, stages, span }, [iterable, ...stages]);
}
