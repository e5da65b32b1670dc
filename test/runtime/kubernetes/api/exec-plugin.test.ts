import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { execIdentity } from "../../../../gateway/runtime/kubernetes/api/exec-plugin.ts";
import type { ClusterEntry, ExecEntry } from "../../../../gateway/runtime/kubernetes/api/kubeconfig-file.ts";
import { until } from "../../../support/until.ts";

const v1 = "client.authentication.k8s.io/v1";
const environment = { PATH: process.env["PATH"], HOME: "/home/me" };

/** A plugin as a shell script that counts its runs. */
async function plugin(
  script: string,
  more: Partial<ExecEntry> = {},
  cluster: ClusterEntry = { server: "https://api" },
) {
  const folder = await mkdtemp(`${tmpdir()}/mcp-gateway-plugin-`);
  await Bun.write(`${folder}/bin/login`, `#!/bin/sh\necho run >> "${folder}/runs"\n${script}\n`);
  await chmod(`${folder}/bin/login`, 0o755);
  let nowMs = Date.parse("2026-01-01T00:00:00Z");
  const entry: ExecEntry = { apiVersion: v1, command: "bin/login", ...more };
  const read = execIdentity(entry, cluster, folder, { now: () => nowMs, environment, timeoutMs: 5_000 });
  return {
    folder,
    read,
    forward: (ms: number) => {
      nowMs += ms;
    },
    runs: async () => (await Bun.file(`${folder}/runs`).text()).split("\n").length - 1,
    refusal: () =>
      read(false).then(
        () => "none",
        (error: Error) => error.message,
      ),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function credential(status: object, apiVersion = v1): string {
  return `echo '${JSON.stringify({ apiVersion, kind: "ExecCredential", status })}'`;
}

test("a plugin's token is used until it expires, by all who ask at once, or until it is refused", async () => {
  await using login = await plugin(credential({ token: "t", expirationTimestamp: "2026-01-01T00:10:00Z" }));
  const all = await Promise.all([login.read(false), login.read(false), login.read(false)]);
  expect(all.map(({ token }) => token)).toEqual(["t", "t", "t"]);
  login.forward(599_999);
  await login.read(false);
  expect(await login.runs()).toBe(1);
  await login.read(true);
  expect(await login.runs()).toBe(2);
  login.forward(1);
  await login.read(false);
  expect(await login.runs()).toBe(3);
});

test("a token without an end is asked for once", async () => {
  await using login = await plugin(credential({ token: "t" }, "client.authentication.k8s.io/v1beta1"), {
    apiVersion: "client.authentication.k8s.io/v1beta1",
  });
  await login.read(false);
  login.forward(1e12);
  await login.read(false);
  expect(await login.runs()).toBe(1);
});

test("a plugin gets its arguments, its variables and the cluster, and no terminal", async () => {
  const ca = "certificate-authority-data";
  const extensions = [{ name: "client.authentication.k8s.io/exec", extension: { audience: "x" } }];
  await using login = await plugin(
    `printf '%s\\n' "$1" "$2" "$HOME" "$REGION" "$KUBERNETES_EXEC_INFO" > "$(dirname "$0")/seen"; cat; ${credential({ token: "t" })}`,
    { args: ["get", "a b"], env: [{ name: "REGION", value: "north" }], provideClusterInfo: true },
    { server: "https://api", [ca]: "Y2E=", extensions },
  );
  expect((await login.read(false)).token).toBe("t");
  const [first, second, home, region, info = ""] = (await Bun.file(`${login.folder}/bin/seen`).text()).split("\n");
  expect([first, second, home, region]).toEqual(["get", "a b", "/home/me", "north"]);
  expect(JSON.parse(info)).toEqual({
    apiVersion: v1,
    kind: "ExecCredential",
    spec: { interactive: false, cluster: { server: "https://api", [ca]: "Y2E=", config: { audience: "x" } } },
  });
});

test("what goes wrong with a plugin is said in words, without what it printed", async () => {
  await using failing = await plugin("echo secret; echo 'please run: login' >&2; exit 3");
  expect(await failing.refusal()).toBe("exec: bin/login ended with 3: please run: login");
  await using chatty = await plugin("echo secret");
  expect(await chatty.refusal()).toBe("exec: what bin/login printed is no ExecCredential");
  await using other = await plugin(credential({ token: "secret" }, "client.authentication.k8s.io/v1beta1"));
  expect(await other.refusal()).toBe(`exec: bin/login answered in client.authentication.k8s.io/v1beta1, not in ${v1}`);
  await using empty = await plugin(credential({}));
  expect(await empty.refusal()).toBe("exec: bin/login printed neither a token nor a certificate");
  await using strange = await plugin(credential({ token: "secret\u0001" }));
  expect(await strange.refusal()).toBe("what bin/login printed holds no token");
  await using missing = await plugin("", { command: "no-such-login", installHint: "install it from the shelf\n" });
  expect(await missing.refusal()).toBe("exec: there is no program no-such-login: install it from the shelf");
});

test("a plugin that does not end, or prints without end, is stopped", async () => {
  await using endless = await plugin("yes secret");
  expect(await endless.refusal()).toBe("exec: bin/login printed more than 1048576 bytes");
  await using folder = await plugin('sleep 600 & echo $! > "$(dirname "$0")/child"; sleep 600');
  const slow = execIdentity({ apiVersion: v1, command: "bin/login" }, { server: "https://api" }, folder.folder, {
    now: Date.now,
    environment,
    timeoutMs: 1_000,
  });
  await expect(slow(false)).rejects.toThrow("exec: bin/login did not end within 1000 ms");
  const child = Number(await Bun.file(`${folder.folder}/bin/child`).text());
  await until("its child is gone", () => !isAlive(child));
});

/** Something that has ended stays in the table until its parent has asked. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
