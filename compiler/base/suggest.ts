import { distance } from 'fastest-levenshtein';

/** Longer names are not looked up: comparing is quadratic, and nobody misspells them by a letter or two. */
const longestName = 64;

/**
 * The candidate that `name` is probably a misspelling of, or undefined. Another case (`conv2d`, `Conv2d` for `Conv2D`) or other
 * underscores (`leakyrelu`) count as nothing; otherwise two letters in five may differ. Of equals the first wins.
 */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > longestName) return undefined;
  const wanted = plain(name);
  let best: string | undefined;
  let least = Math.max(1, Math.round(name.length * 0.4)) + 1;
  for (const candidate of candidates) {
    if (candidate === name || candidate.length > longestName) continue;
    const far = Math.min(distance(wanted, plain(candidate)), distance(name, candidate));
    if (far < least) {
      best = candidate;
      least = far;
    }
  }
  return best;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll('_', '');
}
