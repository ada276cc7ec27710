/** From the numbers of a model to classes. */
import type { Elements, PortInfo } from '../../runtime/types.ts';

/** The class that a model is for, and what it gives to it. One number for two classes is that of the second. */
export function answerOf(values: Elements): { readonly predicted: number; readonly confidence: number } {
  const shares = values.length === 1 ? [1 - (values[0] as number), values[0] as number] : values;
  let predicted = 0;
  for (let i = 1; i < shares.length; i++)
    if ((shares[i] as number) > (shares[predicted] as number)) predicted = i;
  return { predicted, confidence: shares[predicted] as number };
}

/** The number of the true class in the label of one sample: an index, 0 or 1, or a one at its place. */
export function truthOf(values: Elements, { dtype }: PortInfo): number {
  return dtype === 'f32' && values.length > 1 ? values.indexOf(1) : (values[0] as number);
}
