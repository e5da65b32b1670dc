/** A request's headers by their names in lower case; several of one name are one list. */
export type HeaderFields = Record<string, string>;

/** All of them at once: each look into Bun's own makes another text. */
export function fieldsOf({ headers }: Pick<Request, "headers">): HeaderFields {
  return headers.toJSON() as HeaderFields;
}
