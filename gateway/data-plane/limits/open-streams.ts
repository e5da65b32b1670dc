import type { Limited } from "./limited.ts";

export type OpenStream = Disposable & { readonly state: "open" };

/** Nobody knows when a client closes one. */
const retryAfterSeconds = 5;

/** Counts each principal's open streams. Dispose each once; a second time does nothing. */
export function openStreams(limit: number) {
  const openByPrincipal = new Map<string, number>();

  return {
    open(principalKey: string): OpenStream | Limited {
      const open = openByPrincipal.get(principalKey) ?? 0;
      if (open >= limit) return { state: "limited", what: "streams", limit, retryAfterSeconds };
      openByPrincipal.set(principalKey, open + 1);
      let isOpen = true;
      return {
        state: "open",
        [Symbol.dispose]() {
          if (isOpen) close(principalKey);
          isOpen = false;
        },
      };
    },
  };

  function close(principalKey: string): void {
    const left = (openByPrincipal.get(principalKey) ?? 0) - 1;
    if (left > 0) openByPrincipal.set(principalKey, left);
    else openByPrincipal.delete(principalKey);
  }
}
