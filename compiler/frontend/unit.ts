/** A parsed file and the names it declares or imports. */
import type { Diagnostic } from '../base/diagnostic.ts';
import type { Location, Position, Span } from '../base/source.ts';
import { lineIndex } from '../base/source.ts';
import type { Op } from '../graph/op.ts';
import { hasTrait } from '../graph/op.ts';
import { ops } from '../ops/index.ts';
import { parse } from '../syntax/index.ts';
import type { File, LayerDeclaration, ModelDeclaration, TrainDeclaration } from '../syntax/ast.ts';
import { prelude as preludeFiles } from '../generated/prelude.ts';

export interface Unit {
  readonly path: string;
  /** False for the prelude: diagnostics then point at the user's call. */
  readonly user: boolean;
  readonly file: File;
  readonly text: string;
  /** Its own layers and models, and those it imports. */
  readonly names: Map<string, Declared>;
  readonly models: readonly ModelDeclaration[];
  readonly trains: readonly TrainDeclaration[];
  readonly locate: (offset: number) => Position;
}

export type Declared =
  | { readonly kind: 'layer'; readonly declaration: LayerDeclaration; readonly unit: Unit }
  | { readonly kind: 'model'; readonly declaration: ModelDeclaration; readonly unit: Unit };

export type Global = Declared | { readonly kind: 'op'; readonly op: Op };

interface ParsedUnit {
  readonly unit: Unit;
  readonly diagnostics: readonly Diagnostic[];
}

export function parseUnit(path: string, text: string, user: boolean): ParsedUnit {
  const { file, diagnostics } = parse(path, text);
  const names = new Map<string, Declared>();
  const unit: Unit = {
    path,
    user,
    file,
    text,
    names,
    models: file.items.filter((item) => item.kind === 'model'),
    trains: file.items.filter((item) => item.kind === 'train'),
    locate: lineIndex(text),
  };
  for (const item of file.items) {
    if (item.kind === 'layer' && !names.has(item.name.text)) {
      names.set(item.name.text, { kind: 'layer', declaration: item, unit });
    } else if (item.kind === 'model' && !names.has(item.name.text)) {
      names.set(item.name.text, { kind: 'model', declaration: item, unit });
    }
  }
  return { unit, diagnostics };
}

export function locationOf(unit: Unit, span: Span, scope: string): Location {
  const place = { file: unit.path, ...unit.locate(span.start) };
  return scope === '' ? place : { ...place, scope };
}

let parsedPrelude: readonly ParsedUnit[] | undefined;

/** The prelude, parsed once per process: its text never changes. */
export function preludeUnits(): readonly ParsedUnit[] {
  parsedPrelude ??= preludeFiles.map(({ path, text }) => parseUnit(path, text, false));
  return parsedPrelude;
}

let preludeNames: ReadonlyMap<string, Declared> | undefined;

function preludeDeclared(): ReadonlyMap<string, Declared> {
  preludeNames ??= new Map(preludeUnits().flatMap(({ unit }) => [...unit.names]));
  return preludeNames;
}

/** Prelude code never sees the user's names; a user's file sees its own first. */
export function lookupGlobal(unit: Unit, name: string): Global | undefined {
  const declared = (unit.user ? unit.names.get(name) : undefined) ?? preludeDeclared().get(name);
  if (declared) return declared;
  const op = ops.get(name);
  return op && isCallable(op) ? { kind: 'op', op } : undefined;
}

/** All names `lookupGlobal` knows, for "did you mean". */
export function globalNames(unit: Unit): string[] {
  const callable = [...ops.values()].filter(isCallable).map((op) => op.name);
  return [...(unit.user ? unit.names.keys() : []), ...preludeDeclared().keys(), ...callable];
}

/** Ops that a pass replaces (`gradient`) are made by the compiler, not by calls. */
const isCallable = (op: Op): boolean => !hasTrait(op, 'pseudo');
