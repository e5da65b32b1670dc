export type Turn = { readonly state: "yours" } & Disposable;

/** One diagnosis at a time for each caller, and so many in all: each asks a lot of the gateway. */
export function turns(most: number) {
  const taken = new Set<string>();
  return {
    take(key: string): Turn | { readonly state: "busy" | "full" } {
      if (taken.has(key)) return { state: "busy" };
      if (taken.size >= most) return { state: "full" };
      taken.add(key);
      return { state: "yours", [Symbol.dispose]: () => void taken.delete(key) };
    },
  };
}
