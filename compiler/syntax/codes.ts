/** E01: the pages of all diagnostics of the syntax. */
import type { Code, CodePage } from '../base/diagnostic.ts';
import { structureCodes } from './codes/structure.ts';
import { tokenCodes } from './codes/tokens.ts';

export const codes: Readonly<Record<Code, CodePage>> = { ...tokenCodes, ...structureCodes };
