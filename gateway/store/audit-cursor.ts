/** The row at which a page ended. */
export type AuditCursor = { readonly at: Date; readonly id: number };

/** The row's cursor for a client, who is not to look into it. */
export function cursorAt({ at, id }: AuditCursor): string {
  return Buffer.from(`${at.getTime()}.${id}`).toString("base64url");
}

/** Undefined for what {@link cursorAt} cannot have given. */
export function cursorFrom(text: string): AuditCursor | undefined {
  const parts = /^(\d{1,15})\.(\d{1,16})$/.exec(Buffer.from(text, "base64url").toString("latin1"));
  if (!parts) return undefined;
  const cursor = { at: new Date(Number(parts[1])), id: Number(parts[2]) };
  return cursorAt(cursor) === text && Number.isSafeInteger(cursor.id) ? cursor : undefined;
}
