/** Params, states and optimizer slots by name, the same ones in every graph of a model. They come into being when first read. */
import type { Span } from '../base/source.ts';
import { append } from '../base/multimap.ts';
import type { TensorType } from '../base/types.ts';
import { elementCount, formatType, sameType } from '../base/types.ts';
import type { Parameter } from '../graph/ir.ts';
import type { Initializer } from '../program/interface.ts';
import type { Persistent } from './model.ts';
import type { Frame } from './report.ts';
import type { Build } from './build.ts';
import { maxElements } from './build.ts';

/** A param or state as an instance declares it. */
export interface Persisting {
  /** The full path; `velocity@conv2d.kernel` for a slot. */
  readonly name: string;
  readonly role: Persistent['role'];
  readonly type: TensorType;
  readonly initializer: Initializer;
  readonly span: Span;
  readonly frame: Frame;
  /** Where it stands and how the build came there: tells two of one name apart. */
  readonly site: string;
}

export interface PersistentEntry {
  readonly declared: Persisting;
  readonly parameter: Parameter;
}

/**
 * The parameter behind a declaration, made at its first read. Undefined (and reported) where two declarations of one name
 * do not agree.
 */
export function readPersistent(build: Build, declared: Persisting): Parameter | undefined {
  const { persistents, reporter } = build.session;
  const { name, frame, span, site } = declared;
  const siteHere = build.sites.get(name);
  if (siteHere !== undefined && siteHere !== site) {
    reporter.error(frame, span, 'E0202', `two parameters would be called \`${name}\``, {
      notes: [{ message: 'name one of the layers with `as`' }],
    });
    return undefined;
  }
  const known = persistents.get(name);
  if (known && !sameType(known.declared.type, declared.type)) {
    const types = `${formatType(known.declared.type)} and ${formatType(declared.type)}`;
    reporter.error(frame, span, 'E0453', `\`${name}\` would have to be ${types} at once`, {
      notes: [{ message: 'a shared layer has one set of weights: all its inputs need the same extents' }],
    });
    return undefined;
  }
  if (known && siteHere === undefined && known.declared.site !== site) {
    reporter.error(frame, span, 'E0512', `which layer is called \`${name}\` depends on \`training\``, {
      notes: [{ message: 'name the layers inside the `if` with `as`, so that training and inference agree' }],
    });
    return undefined;
  }
  build.sites.set(name, site);
  if (known) return known.parameter;
  const parameter: Parameter = {
    kind: 'parameter',
    role: declared.role === 'param' ? 'param' : 'state',
    name,
    type: declared.type,
  };
  persistents.set(name, { declared, parameter });
  const { session } = build;
  const before = session.elements;
  session.elements += elementCount(declared.type.shape, 1);
  if (before <= maxElements && session.elements > maxElements) {
    reporter.error(frame, span, 'E0601', 'the params and states of the model have more than 2^31 elements');
  }
  return parameter;
}

/** In the order in which instances first read one of theirs, and within an instance as they are declared. */
export function inOrder(persistents: ReadonlyMap<string, PersistentEntry>): readonly PersistentEntry[] {
  const owners = new Map<string, PersistentEntry[]>();
  for (const entry of persistents.values()) {
    const { frame, name } = entry.declared;
    // All slots of a param belong together, too.
    append(owners, `${frame.path} ${name.split('@')[1] ?? ''}`, entry);
  }
  return [...owners.values()].flatMap((entries) =>
    entries.sort((a, b) => a.declared.span.start - b.declared.span.start),
  );
}
