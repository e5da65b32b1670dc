/** What the front door costs a request, in CPU time of this process: `npm run bench:door`. See README.md. */
import { allowedNames } from "../../gateway/auth/allowed-names.ts";
import { identifyByToken } from "../../gateway/auth/bearer.ts";
import { identifyByHeaders } from "../../gateway/auth/dev.ts";
import { type FrontDoor, frontDoor } from "../../gateway/auth/front-door.ts";
import { Issuers } from "../../gateway/auth/oidc/settings.ts";
import { openVerifier } from "../../gateway/auth/oidc/verifier.ts";
import { mockIssuer } from "../support/mock-issuer.ts";

const newTokens = 2_000;
const requests = 200_000;
const rounds = 5;

const names = allowedNames({ loopback: true, publicOrigin: undefined, allowedHosts: [], allowedOrigins: [] });
const bearing = (token: string | undefined) =>
  new Request("http://localhost:8000/adapters/x/mcp", {
    method: "POST",
    headers: { host: "localhost:8000", ...(token && { authorization: `Bearer ${token}` }) },
  });

await report("development identity", frontDoor({ names, identify: identifyByHeaders }), bearing(undefined));
for (const algorithm of ["RS256", "ES256"] as const) {
  await using issuer = await mockIssuer(algorithm);
  const issuers = Issuers.parse([{ kind: "oidc", issuer: issuer.url, audiences: ["gateway"] }]);
  const silent = { issuerAsked() {}, issuerKeysRead() {}, issuerKeysUnreadable() {} };
  const events = { ...silent, tokenLookedUp() {}, tokenExamined() {} };
  await using verifier = await openVerifier({ issuers, now: Date.now, fetch, events });
  const door = frontDoor({ names, identify: identifyByToken(verifier) });
  const token = (n: number) => issuer.token({ aud: "gateway", scope: "mcp", sub: `user-${n}`, roles: ["mcp.dev"] });

  const fresh: Request[] = [];
  for (let n = 0; n < newTokens; n++) fresh.push(bearing(await token(n)));
  const cpuUs = await cpuOf(async () => {
    for (const request of fresh) await known(door, request);
  });
  print(`a new token, ${algorithm}`, cpuUs / newTokens);
  await report(`a known token, ${algorithm}`, door, fresh[0] as Request);
}

async function report(what: string, door: FrontDoor, request: Request): Promise<void> {
  await known(door, request);
  const perRequestUs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const cpuUs = await cpuOf(async () => {
      for (let n = 0; n < requests; n++) void door.admit(request);
    });
    perRequestUs.push(cpuUs / requests);
  }
  print(what, perRequestUs.toSorted((a, b) => a - b)[rounds >> 1] ?? Number.NaN);
}

async function known(door: FrontDoor, request: Request): Promise<void> {
  const { state } = await door.admit(request);
  if (state !== "known") throw new Error("the front door refused a good token");
}

async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function print(what: string, us: number): void {
  console.log(`${what.padEnd(24)} ${us.toFixed(2).padStart(8)} us of CPU per request`);
}
