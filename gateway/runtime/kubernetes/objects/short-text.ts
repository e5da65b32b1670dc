const maxLength = 240;

/** What another program says, on one line, without control characters, and not longer than a sentence or two. */
export function shortText(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  const characters = [...line.slice(0, 4 * maxLength)];
  return characters.length > maxLength ? `${characters.slice(0, maxLength - 1).join("")}…` : line;
}
