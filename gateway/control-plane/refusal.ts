/** Why a verb did not do what was asked, in words for whoever asked. Each wire maps `why` once. */
export type Refusal = {
  readonly state: "refused";
  readonly why: "invalid" | "forbidden" | "absent" | "exists" | "managed" | "stale" | "unrunnable";
  readonly detail: string;
};

export function refused(why: Refusal["why"], detail: string): Refusal {
  return { state: "refused", why, detail };
}
