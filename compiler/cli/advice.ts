/** What the course of a training run suggests. */
import type { History } from '../../runtime/types.ts';
import { figure } from './text.ts';

interface Advice {
  /** The first epoch, from 1, after which validation was worse than its best while training still improved. */
  readonly epoch: number;
  readonly message: string;
}

/** The epoch, from 1, with the least loss on validation data, the first of equals; undefined where there are none. */
export function bestEpoch(history: History): { readonly epoch: number; readonly loss: number } | undefined {
  let best: { readonly epoch: number; readonly loss: number } | undefined;
  for (const { epoch, validation } of history) {
    const loss = validation?.['loss'];
    if (loss !== undefined && (best === undefined || loss < best.loss)) best = { epoch, loss };
  }
  return best;
}

/**
 * Names the epoch from which the loss on validation data got worse while that on training data still fell: the one after
 * the best, if the last epoch trained better and validated worse. Undefined where there is none.
 */
export function adviceOf(history: History): Advice | undefined {
  const best = bestEpoch(history);
  const last = history.at(-1);
  if (!best || !last || best.epoch === last.epoch) return undefined;
  const then = history.find(({ epoch }) => epoch === best.epoch)?.train['loss'];
  const [now, validation] = [last.train['loss'], last.validation?.['loss']];
  if (then === undefined || now === undefined || validation === undefined) return undefined;
  if (!(validation > best.loss && now < then)) return undefined;
  // Validation wavers: a small rise, or a single epoch of it, says little.
  const chance = last.epoch === best.epoch + 1 || validation < 1.02 * best.loss;
  const meaning = chance
    ? 'that can be chance; if it goes on, the model learns its samples by heart'
    : `the model learns its samples by heart; to stop after epoch ${best.epoch}, more data, \`augment\` or Dropout would help`;
  const message =
    `from epoch ${best.epoch + 1} on validation got worse (loss ${figure(best.loss)} → ${figure(validation)}) while training ` +
    `still improved (${figure(then)} → ${figure(now)}): ${meaning}`;
  return { epoch: best.epoch + 1, message };
}

/** What to try where loss or gradients were not finite; `message` says in which step. */
export function notFiniteAdvice(message: string): string {
  // A learning rate first acts behind the first step.
  return message.startsWith('step 1 ')
    ? 'in the first step this is not the learning_rate: does the loss take probabilities, and the model not end in `softmax` or `sigmoid`?'
    : 'a smaller learning_rate often helps';
}
