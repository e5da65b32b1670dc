import { readSecretFileLater, reasonIn } from "./secret-files.ts";

/** Calls again and again, until what it returns is called. */
export type Every = (ms: number, look: () => Promise<void>) => () => void;

/** How old what is known of a file may be. */
export const lookEveryMs = 5000;

/**
 * Reads a secret file again and again, and calls back with its text whenever that is another one than last time, and with the
 * reason whenever it begins to be unreadable. What is in the file at the first look counts as new. Looking beats being told
 * here: a mounted Secret changes by a symbolic link two folders above, of which a watch on the file hears nothing.
 */
export function watchSecretFile({
  path,
  onText,
  onUnreadable,
  every = everyOf,
}: {
  path: string;
  /** Neither may throw. */
  onText: (text: string) => void;
  onUnreadable: (reason: string) => void;
  every?: Every | undefined;
}): Disposable {
  let last: { readonly text: string } | { readonly reason: string } | undefined;
  let looking: Promise<void> | undefined;
  let closed = false;
  const stop = every(lookEveryMs, () => {
    // A volume that answers slowly is asked once at a time.
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  });

  return {
    [Symbol.dispose]() {
      closed = true;
      stop();
    },
  };

  async function look(): Promise<void> {
    const seen = await readSecretFileLater(path).then(
      (text) => ({ text }),
      (error: unknown) => ({ reason: reasonIn(error, path) }),
    );
    if (closed || Bun.deepEquals(seen, last)) return;
    last = seen;
    if ("text" in seen) onText(seen.text);
    else onUnreadable(seen.reason);
  }
}

/** By a timer, which keeps no process alive. */
export function everyOf(ms: number, look: () => Promise<void>): () => void {
  const timer = setInterval(() => void look(), ms);
  timer.unref();
  return () => clearInterval(timer);
}
