/** Space between words, or a piece of one: in single quotes, in double quotes, after a backslash, or plain. */
const piece =
  /(?<space>\s+)|'(?<single>[^']*)'|"(?<double>(?:[^"\\]|\\[\s\S])*)"|\\(?<escaped>[\s\S])|(?<plain>[^\s'"\\]+)/y;

/**
 * Splits a line as a POSIX shell would, and does nothing else a shell does: single quotes keep everything, in double quotes a
 * backslash escapes `"`, `\`, `$` and the backquote, elsewhere it escapes any character.
 *
 * @returns undefined when a quote is not closed or the line ends with a backslash
 */
export function words(line: string): string[] | undefined {
  const found: string[] = [];
  let word: string | undefined;
  piece.lastIndex = 0;

  while (piece.lastIndex < line.length) {
    const groups = piece.exec(line)?.groups;
    if (groups === undefined) return undefined;
    if (groups.space === undefined) {
      const text = groups.single ?? groups.double?.replace(/\\(["\\$`])/g, "$1") ?? groups.escaped ?? groups.plain;
      word = (word ?? "") + text;
    } else {
      if (word !== undefined) found.push(word);
      word = undefined;
    }
  }
  if (word !== undefined) found.push(word);
  return found;
}
