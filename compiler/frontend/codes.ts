/** The pages of all diagnostics of the frontend. */
import type { Code, CodePage } from '../base/diagnostic.ts';
import { argumentCodes } from './codes/arguments.ts';
import { limitCodes } from './codes/limits.ts';
import { nameCodes } from './codes/names.ts';
import { shapeCodes } from './codes/shapes.ts';
import { trainingCodes } from './codes/training.ts';
import { valueCodes } from './codes/values.ts';

export const codes: Readonly<Record<Code, CodePage>> = {
  ...nameCodes,
  ...argumentCodes,
  ...valueCodes,
  ...shapeCodes,
  ...trainingCodes,
  ...limitCodes,
};
