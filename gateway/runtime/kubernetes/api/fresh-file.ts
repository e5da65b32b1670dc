export type ReadFile = (path: string) => Promise<string>;

export type Files = {
  readonly readFile: ReadFile;
  readonly now: () => number;
};

/** Tokens of service accounts are exchanged by the kubelet long before they expire; so are certificates. */
const rereadMs = 60_000;

/** A file's text, read again every minute; while that fails the last text stays in use. */
export function freshFile(path: string, what: string, { readFile, now }: Files): (renew: boolean) => Promise<string> {
  let last: { text: string; atMs: number } | undefined;
  return async (renew) => {
    if (last && !renew && now() - last.atMs < rereadMs) return last.text;
    try {
      last = { text: await readFile(path), atMs: now() };
    } catch (error) {
      if (!last) throw new Error(`cannot read ${what} ${path}: ${codeOf(error)}`);
    }
    return last.text;
  };
}

export function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return error instanceof Error ? error.message : String(error);
}
