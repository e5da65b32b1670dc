/** One block of a tool's result (2026-07-28, server/tools). */
export type ToolContent =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image" | "audio"; readonly data: string; readonly mimeType: string };

/** The result of `tools/call`. What goes wrong with a tool is a result too, for the model to read and act on. */
export type ToolResult = {
  readonly content: readonly ToolContent[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
  readonly isError?: true;
};

export function textResult(text: string): ToolResult {
  return { content: [{ type: "text", text }] };
}

/** In the Microsoft gateway's form: `Error: …`. */
export function errorResult(reason: string): ToolResult {
  return { ...textResult(`Error: ${reason}`), isError: true };
}

/** Words from outside as part of one line: no control or format characters, and not too long. */
export function oneLine(words: string, maxLength: number): string {
  const line = words.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  return line.length > maxLength ? `${line.slice(0, maxLength)}…` : line;
}
