import type { Identified, Identify } from "./identify.ts";
import type { Identity } from "./oidc/identity.ts";
import type { Verifier } from "./oidc/verifier.ts";

/** By the bearer token of every request (RFC 6750 §2.1; nowhere else may a token be). At once when it is known already. */
export function identifyByToken(verifier: Pick<Verifier, "known" | "verify">): Identify {
  return (fields) => {
    const credentials = fields["authorization"];
    if (credentials === undefined) return { state: "anonymous" };
    const token = tokenIn(credentials);
    if (token === undefined) return { state: "refused", reason: "not-bearer" };
    const identity = verifier.known(token);
    return identity ? knownBy(identity) : verify(token);
  };

  async function verify(token: string): Promise<Identified> {
    const verification = await verifier.verify(token);
    return verification.state === "verified" ? knownBy(verification.identity) : verification;
  }
}

function knownBy(identity: Identity): Identified {
  return { state: "known", ...identity };
}

/** One token and nothing else: two headers arrive joined by a comma, which no token has. */
function tokenIn(credentials: string): string | undefined {
  return /^bearer +([\w.~+/=-]+)$/i.exec(credentials)?.[1];
}
