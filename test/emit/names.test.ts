import fc from 'fast-check';
import { expect, test } from 'vitest';
import { identifier } from '../../compiler/base/identifier.ts';
import { NameScope, reservedWords } from '../../compiler/emit/ts/names.ts';

/** Whether JavaScript takes it as the name of a variable, in strict code. */
function isVariable(name: string): boolean {
  try {
    new Function(`"use strict"; const ${name} = 1; return ${name};`);
    return true;
  } catch {
    return false;
  }
}

test('any name becomes an identifier that is no word of the language', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      expect(identifier(name)).toMatch(/^[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*$/);
      expect(isVariable(new NameScope().unique(name))).toBe(true);
    }),
  );
  for (const word of reservedWords) expect(isVariable(new NameScope().unique(word))).toBe(true);
});

test('no name is given twice, and none of the scopes around', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('x', 'x_1', 'x-1', 'class', '', '__proto__', 'N', 'f')),
      (wanted) => {
        const outer = new NameScope();
        const taken = outer.unique('x');
        const scope = new NameScope(outer);
        const names = wanted.map((name) => scope.unique(name));
        expect(new Set([...names, taken]).size).toBe(names.length + 1);
        expect(names.filter((name) => reservedWords.has(name))).toEqual([]);
      },
    ),
  );
});

test('words that cannot name a variable are reserved', () => {
  const words =
    'break case catch class const continue debugger default delete do else enum export extends false finally for function if import in instanceof new null return super switch this throw true try typeof var void while with yield let static implements interface package private protected public await eval arguments';
  expect(words.split(' ').filter((word) => !reservedWords.has(word))).toEqual([]);
});
