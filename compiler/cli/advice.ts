/** What the course of a training run suggests. */
import type { History } from '../../runtime/types.ts';
import { figure } from './text.ts';

export interface Advice {
  /** The first epoch, from 1, after which validation was worse than its best while training still improved. */
  readonly epoch: number;
  readonly message: string;
}

/**
 * Names the epoch from which the loss on validation data got worse while that on training data still fell: the one after
 * the best, if the last epoch trained better and validated worse. Undefined where there is none.
 */
export function adviceOf(history: History): Advice | undefined {
  let best: number | undefined;
  history.forEach(({ validation }, i) => {
    const loss = validation?.['loss'];
    const least = best === undefined ? undefined : history[best]?.validation?.['loss'];
    if (loss !== undefined && (least === undefined || loss < least)) best = i;
  });
  const last = history.at(-1);
  const at = best === undefined ? undefined : history[best];
  if (best === undefined || !at || !last || best === history.length - 1) return undefined;
  const [validationThen, validationNow] = [at.validation?.['loss'], last.validation?.['loss']];
  const [trainThen, trainNow] = [at.train['loss'], last.train['loss']];
  if (validationThen === undefined || validationNow === undefined) return undefined;
  if (trainThen === undefined || trainNow === undefined) return undefined;
  if (!(validationNow > validationThen && trainNow < trainThen)) return undefined;
  const epoch = best + 2;
  const message =
    `from epoch ${epoch} on validation got worse (loss ${figure(validationThen)} → ${figure(validationNow)}) while training ` +
    `still improved (${figure(trainThen)} → ${figure(trainNow)}): ` +
    `the model learns its samples by heart; --epochs ${best + 1}, more data or Dropout would help`;
  return { epoch, message };
}
