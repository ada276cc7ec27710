/** `///` comments. */
import type { IToken } from 'chevrotain';

/** Gives the documentation that stands in a gap between two items. Gaps must be asked for in the order of the text. */
export function documentation(
  comments: readonly IToken[],
): (start: number, end: number) => string | undefined {
  let next = 0;
  return (start, end) => {
    const lines: string[] = [];
    for (; next < comments.length; next++) {
      const comment = comments[next];
      if (comment === undefined || comment.startOffset >= end) break;
      const { image, startOffset } = comment;
      const isDoc = startOffset >= start && image.startsWith('///') && !image.startsWith('////');
      if (isDoc) lines.push(image.slice(3).replace(/^ /, '').trimEnd());
    }
    return lines.length === 0 ? undefined : lines.join('\n');
  };
}
