/** An answer that cannot be understood in one way only. `reason` holds nothing of what the server sent. */
export type ParseFailure = { readonly state: "malformed"; readonly reason: string };

export function malformed(reason: string): ParseFailure {
  return { state: "malformed", reason };
}
