/** The pages of `cnnc explain CODE`, of all phases together. */
import type { Code, CodePage } from './base/diagnostic.ts';
import { codes as frontend } from './frontend/codes.ts';
import { memoryCodes } from './memory.ts';
import { codes as ops } from './ops/codes.ts';
import { codes as syntax } from './syntax/codes.ts';

/** In the order of the codes. */
export const codePages: Readonly<Record<Code, CodePage>> = Object.fromEntries(
  Object.entries<CodePage>({ ...syntax, ...frontend, ...ops, ...memoryCodes }).sort(([a], [b]) =>
    a < b ? -1 : 1,
  ),
);

/** The page of a code such as `E0201`; undefined where there is no such code. */
export function explain(code: string): CodePage | undefined {
  return Object.hasOwn(codePages, code) ? codePages[code as Code] : undefined;
}
