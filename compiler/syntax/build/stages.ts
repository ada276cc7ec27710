/** What may follow `->`. */
import type { CstNode } from 'chevrotain';
import type { Span } from '../../base/source.ts';
import type { Argument, Name, Stage } from '../ast.ts';
import { problem, quote, replace } from '../report.ts';
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
  const path = c.tokens(application, 'callee').map((name) => c.nameOf(context, name));
  const callee = path[path.length - 1] ?? c.giveUp();
  if (path.length > 1) reportPrefix(context, path[0] ?? callee, callee);
  const [as] = c.tokens(application, 'as').map((name) => c.nameOf(context, name));
  if (c.tokens(application, t.As.name).length > 0 && as === undefined) c.giveUp();
  const named = as === undefined ? {} : { as };
  return withArguments(context, application, (args) => ({ kind: 'apply', callee, ...args, ...named, span }));
}

/** `layers.Conv2D`, a habit of Keras. */
function reportPrefix(context: Context, first: Name, callee: Name): void {
  const prefix = { file: context.file, start: first.span.start, end: callee.span.start };
  const message = `a stage is a single name: write ${quote(callee.text)}`;
  context.report(
    problem('E0131', prefix, message, { fix: replace(`write ${quote(callee.text)}`, prefix, '') }),
  );
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
  checkArrows(context, loop, stages);
  return c.nest(context, { kind: 'for', variable, iterable, stages, span }, [iterable, ...stages]);
}

function checkArrows(context: Context, loop: CstNode, stages: readonly Stage[]): void {
  const arrows = c.tokens(loop, t.Arrow.name).map((arrow) => arrow.startOffset);
  if (stages.length === 0) {
    const span = c.spanOfToken(context, c.token(loop, t.RBrace.name));
    context.report(problem('E0130', span, 'expected `->` and a stage in the braces of `for`'));
  }
  let next = 0;
  for (const { span } of stages) {
    const arrow = arrows[next];
    if (arrow !== undefined && arrow < span.start) {
      next++;
      continue;
    }
    const fix = replace('write `->`', { ...span, end: span.start }, '-> ');
    context.report(
      problem('E0130', { ...span, end: span.start + 1 }, 'expected `->` before this stage', { fix }),
    );
  }
}
