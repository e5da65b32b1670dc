/** A definition's part of a model's context, by the rule of thumb of four bytes for a token. */
const bytesPerToken = 4;

/** What a list takes of a model's context: its JSON in bytes (UTF-8), divided by 4. */
export function estimatedTokens(list: readonly unknown[]): number {
  return tokensOf(Buffer.byteLength(JSON.stringify(list)));
}

export function tokensOf(bytes: number): number {
  return Math.ceil(bytes / bytesPerToken);
}
