/** What a fetch, or reading what it brings, rejects with. Bun says the code twice, and asks for `verbose: true`. */
export function errorInWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (code === "") return error.message;
  const [words = ""] = error.message.replace(`${code}: `, "").split(" For more information");
  return words.includes(code) ? words : `${words} (${code})`;
}
