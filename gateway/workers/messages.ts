import type { Family } from "../observe/metrics/families.ts";

/** From a worker to its supervisor. */
export type FromWorker =
  | { readonly kind: "listening"; readonly url: string }
  /** As they were when they were asked for, or as the worker ended. */
  | { readonly kind: "figures"; readonly families: readonly Family[] };

export type ToWorker = { readonly kind: "figures" };
