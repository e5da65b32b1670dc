import type { Load } from "../load/client.ts";
import type { Options } from "../options.ts";
import type { Ratio } from "../ratio.ts";
import type { Site } from "../targets/target.ts";

export const partNames = ["requests", "streams", "large", "abort", "churn", "recovery", "adapters"] as const;
export type PartName = (typeof partNames)[number];

/** Measures one thing, and tells it. */
export type Part = (bench: Bench) => Promise<Report>;

export type Bench = {
  options: Options;
  signal: AbortSignal;
  /** Everything is started anew in a place of its own: memory that one part took would hide what another one takes. */
  place(): Promise<Place>;
};

/** A folder and a load generator. */
export type Place = AsyncDisposable & { site: Site; load: Load };

export type Report = {
  /** For people. */
  text: string;
  /** What the text is made of. */
  rows: readonly object[];
  ratios: readonly Ratio[];
  /** Every single measurement. */
  samples: readonly object[];
  /** How many cores others kept busy meanwhile; undefined where that cannot be told. */
  othersCores?: number;
};
