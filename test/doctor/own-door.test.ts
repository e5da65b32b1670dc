import { expect, test } from "bun:test";
import { credentialsOf, sendToKnown, wayOf } from "../../gateway/doctor/own-door.ts";

const own = "https://mcp.example.com";
const issuer = "https://login.example.com/tenant";

/** Asks for a URL, and gives who was asked. */
async function asked(url: string, publicOrigin: string | undefined, isReachable = true): Promise<string> {
  const heard: string[] = [];
  const send = sendToKnown({
    publicOrigin,
    issuers: [issuer],
    ownOrigin: own,
    self: () => {
      heard.push("self");
      return new Response();
    },
    async fetch() {
      heard.push("network");
      if (!isReachable) throw new Error("no way");
      return new Response();
    },
  });
  const sent = await send(new Request(url));
  return sent.state === "answered" ? heard.join(", ") : `${heard.join(", ")}: ${sent.why}`;
}

test.each<[string, string, string | undefined, string]>([
  ["an issuer of the settings", "https://login.example.com/.well-known/openid-configuration", undefined, "network"],
  ["what no setting names", "http://169.254.169.254/latest/meta-data", own, ": not-asked"],
  ["another port of the own host", `${own}:8443/x`, own, ": not-asked"],
  ["the own origin, by a setting", `${own}/.well-known/x`, own, "network"],
  ["the own origin, by the request's Host alone", `${own}/.well-known/x`, undefined, "self"],
])("%s", async (_what, url, publicOrigin, expected) => {
  expect(await asked(url, publicOrigin)).toBe(expected);
});

test("what the network does not give the gateway says by itself", async () => {
  expect(await asked(`${own}/.well-known/x`, own, false)).toBe("network, self");
  expect(await asked(`${issuer}/x`, own, false)).toBe("network: broken");
});

test("of a caller's headers go those by which it calls, and those by which it came", () => {
  const headers = new Headers({
    authorization: "Bearer a",
    "x-dev-userid": "bob",
    host: "mcp.example.com",
    "x-forwarded-proto": "https",
    cookie: "a=b",
    "x-mcp-userid": "root",
    "content-type": "text/plain",
  });
  expect(credentialsOf(headers)).toEqual({ authorization: "Bearer a", "x-dev-userid": "bob" });
  expect(wayOf(headers)).toEqual({ host: "mcp.example.com", "x-forwarded-proto": "https" });
});
