import { type Authority, authoritiesIn, authorityOf, type Certificate, type Leaf, leafOf } from "./certificate.ts";

/** What all injectors of one installation share: what is in their Secret. */
export type Held = {
  readonly authority: Authority | undefined;
  /** Already trusted, not yet used. */
  readonly next: Authority | undefined;
  readonly leaf: Leaf | undefined;
  /** No longer used, still trusted. */
  readonly previous: readonly Previous[];
  /** Names of what is in there and is not what it should be. */
  readonly unusable: readonly string[];
};

export type Previous = { readonly certificate: Certificate; readonly trustedUntilMs: number };

/** Texts of a Secret, by the names of its values. */
export type Texts = Readonly<Record<string, string>>;

const names = {
  authority: ["ca.crt", "ca.key"],
  next: ["next-ca.crt", "next-ca.key"],
  leaf: ["tls.crt", "tls.key"],
  previous: "previous-ca.json",
} as const;

export function heldIn(texts: Texts, hosts: readonly string[]): Held {
  const [authorityText, nextText, leafText] = [pairIn(names.authority), pairIn(names.next), pairIn(names.leaf)];
  const authority = authorityText && authorityOf(...authorityText);
  const next = nextText && authorityOf(...nextText);
  const leaf = leafText && authority && leafOf(...leafText, authority, hosts);
  const previous = previousIn(texts[names.previous] ?? "[]");
  const unusable = [
    ...(authorityText && !authority ? names.authority : []),
    ...(nextText && !next ? names.next : []),
    ...(leafText && !leaf ? names.leaf : []),
    ...(previous ? [] : [names.previous]),
  ];
  return { authority, next, leaf, previous: previous ?? [], unusable };

  function pairIn([certificate, key]: readonly [string, string]): [string, string] | undefined {
    const [cert = "", own = ""] = [texts[certificate], texts[key]];
    return cert === "" && own === "" ? undefined : [cert, own];
  }
}

/** Null where there is nothing any more. */
export function textsOf({ authority, next, leaf, previous }: Omit<Held, "unusable">): Record<string, string | null> {
  const kept = previous.map(({ certificate, trustedUntilMs }) => ({ certificate: certificate.pem, trustedUntilMs }));
  return {
    ...pairOf(names.authority, authority),
    ...pairOf(names.next, next),
    ...pairOf(names.leaf, leaf),
    [names.previous]: kept.length === 0 ? null : JSON.stringify(kept, undefined, 2),
  };
}

function pairOf([certificate, key]: readonly [string, string], pair: { pem: string; key: string } | undefined) {
  return { [certificate]: pair?.pem ?? null, [key]: pair?.key ?? null };
}

function previousIn(text: string): Previous[] | undefined {
  const list = parsed(text);
  if (!Array.isArray(list)) return undefined;
  const previous = list.flatMap((each: { certificate?: unknown; trustedUntilMs?: unknown } | null) => {
    const { certificate, trustedUntilMs } = each ?? {};
    if (typeof certificate !== "string" || typeof trustedUntilMs !== "number") return [];
    return authoritiesIn(certificate).map((one) => ({ certificate: one, trustedUntilMs }));
  });
  return previous.length === list.length ? previous : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
