import { expect, test } from "bun:test";
import { loadCluster, type ClusterSettings } from "../../../../gateway/runtime/kubernetes/api/kubeconfig.ts";
import { certificates } from "./certificates.ts";

const { ca, client, foreignClient } = await certificates();
const base64 = (text: string) => Buffer.from(text).toString("base64");

/** Files in memory; the test may change them. */
function disk(files: Record<string, string>) {
  return {
    files,
    readFile: (path: string) => {
      const text = files[path];
      if (text !== undefined) return Promise.resolve(text);
      return Promise.reject(Object.assign(new Error("no such file"), { code: "ENOENT" }));
    },
  };
}

type Parts = { cluster?: object; user?: object; context?: object; server?: string };

function kubeconfig({ cluster = {}, user = {}, context = {}, server = "https://10.0.0.1:6443" }: Parts = {}): string {
  return Bun.YAML.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "main",
    clusters: [{ name: "c", cluster: { server, "certificate-authority-data": base64(ca), ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "main", context: { cluster: "c", user: "u", ...context } }],
  });
}

async function load(text: string, settings: ClusterSettings = {}, files: Record<string, string> = {}) {
  return loadCluster({ kubeconfig: "/etc/kube/config", ...settings }, disk({ "/etc/kube/config": text, ...files }));
}

async function refusalOf(loading: Promise<unknown>): Promise<string> {
  return loading.then(
    () => "loaded",
    (error: Error) => error.message,
  );
}

test("the current context says where, who and in which namespace", async () => {
  const user = { "client-certificate-data": base64(client.cert), "client-key-data": base64(client.key), token: "t" };
  const cluster = await load(
    kubeconfig({ user, context: { namespace: "adapter" }, cluster: { "tls-server-name": "api" } }),
  );
  expect([cluster.server, cluster.namespace]).toEqual(["https://10.0.0.1:6443", "adapter"]);
  expect(await cluster.access(false)).toEqual({
    tls: { ca, ...client, serverName: "api", rejectUnauthorized: true },
    token: "t",
  });
});

test("paths are relative to the kubeconfig that names them; data goes before files", async () => {
  const user = {
    "client-certificate": "../pki/me.crt",
    "client-key": "me.key",
    tokenFile: "/run/token",
    token: "static",
  };
  const files = { "/etc/pki/me.crt": client.cert, "/etc/kube/me.key": client.key, "/run/token": "from-file\n" };
  const cluster = await load(kubeconfig({ user, cluster: { "certificate-authority": "missing.crt" } }), {}, files);
  expect(await cluster.access(false)).toMatchObject({ tls: { ca, ...client }, token: "from-file" });
});

test("files are merged as kubectl does: the first to name something has all of it, what is missing is passed over", async () => {
  const first = "current-context: two\nusers: [{name: u, user: {token: first}}]\nclusters: null\n";
  const second = Bun.YAML.stringify({
    "current-context": "one",
    clusters: [{ name: "c", cluster: { server: "https://second.example/" } }],
    users: [
      { name: "u", user: { token: "second" } },
      { name: "v", user: { token: "v" } },
    ],
    contexts: [
      { name: "one", context: { cluster: "c", user: "v" } },
      { name: "two", context: { cluster: "c", user: "u" } },
    ],
  });
  const files = disk({ "/a/config": first, "/b/config": second });
  const kubeconfig = "/a/config::/none/config:/b/config";
  const current = await loadCluster({ kubeconfig }, files);
  expect([current.server, (await current.access(false)).token]).toEqual(["https://second.example", "first"]);
  const chosen = await loadCluster({ kubeconfig, context: "one" }, files);
  expect((await chosen.access(false)).token).toBe("v");
});

test("without KUBECONFIG: ~/.kube/config, then the cluster around this pod, then a sentence", async () => {
  const account = "/var/run/secrets/kubernetes.io/serviceaccount";
  const pod = { [`${account}/ca.crt`]: ca, [`${account}/token`]: "sa", [`${account}/namespace`]: "gateway\n" };
  const service = { host: "fd00::1", port: "443" };
  const atHome = disk({ ...pod, "/home/me/.kube/config": kubeconfig() });
  expect((await loadCluster({ home: "/home/me", service }, atHome)).server).toBe("https://10.0.0.1:6443");
  const inPod = await loadCluster({ home: "/home/me", service }, disk(pod));
  expect([inPod.server, inPod.namespace]).toEqual(["https://[fd00::1]:443", "gateway"]);
  expect(await inPod.access(false)).toEqual({ tls: { ca, rejectUnauthorized: true }, token: "sa" });
  expect(await refusalOf(loadCluster({ home: "/home/me" }, disk({})))).toBe(
    "no cluster: KUBECONFIG is not set, there is no ~/.kube/config, and this is no pod",
  );
  expect(await refusalOf(loadCluster({ kubeconfig: "/x:/y" }, disk({})))).toBe("there is no kubeconfig at /x or /y");
});

test("a token is read again after a minute or when it is refused, and kept while it cannot be read", async () => {
  const { files, readFile } = disk({ "/c": kubeconfig({ user: { tokenFile: "/run/token" } }), "/run/token": "one" });
  let nowMs = 0;
  const cluster = await loadCluster({ kubeconfig: "/c" }, { readFile, now: () => nowMs });
  const token = async (renew = false) => (await cluster.access(renew)).token;
  files["/run/token"] = "two";
  nowMs = 59_999;
  expect(await token()).toBe("one");
  nowMs = 60_000;
  expect(await token()).toBe("two");
  files["/run/token"] = "three";
  expect(await token(true)).toBe("three");
  delete files["/run/token"];
  nowMs = 200_000;
  expect(await token()).toBe("three");
});

test("a certificate that is renewed in two steps is never sent with the other key", async () => {
  const user = { "client-certificate": "me.crt", "client-key": "me.key" };
  const { files, readFile } = disk({ "/k/c": kubeconfig({ user }), "/k/me.crt": client.cert, "/k/me.key": client.key });
  let nowMs = 0;
  const cluster = await loadCluster({ kubeconfig: "/k/c" }, { readFile, now: () => nowMs });
  files["/k/me.crt"] = foreignClient.cert;
  nowMs = 60_000;
  expect(await refusalOf(cluster.access(false))).toMatch(/do not belong together/);
  files["/k/me.key"] = foreignClient.key;
  expect((await cluster.access(false)).tls).toMatchObject(foreignClient);
});

test("TLS that proves nothing is refused, but on loopback", async () => {
  const insecure = { "insecure-skip-tls-verify": true, "certificate-authority-data": undefined };
  expect(await refusalOf(load(kubeconfig({ cluster: insecure })))).toBe(
    "context main: insecure-skip-tls-verify is refused: anybody on the way could be the API server; give its CA",
  );
  for (const host of ["127.0.0.1.example.com", "localhost.example.com", "10.127.0.0.1.example"])
    expect(await refusalOf(load(kubeconfig({ cluster: insecure, server: `https://${host}` })))).toMatch(/is refused/);
  const loopback = await load(kubeconfig({ cluster: insecure, server: "https://127.0.0.1:6443" }));
  expect((await loopback.access(false)).tls.rejectUnauthorized).toBe(false);
  expect(await refusalOf(load(kubeconfig({ server: "http://10.0.0.1:8080" })))).toMatch(/is not https/);
  expect((await load(kubeconfig({ server: "http://localhost:8001" }))).server).toBe("http://localhost:8001");
});

const refused: [what: string, parts: Parts, words: string][] = [
  ["basic authentication", { user: { username: "me", password: "pw" } }, "basic authentication"],
  ["an auth provider", { user: { "auth-provider": { name: "gcp" } } }, "auth-provider is not supported"],
  ["impersonation", { user: { as: "admin" } }, "impersonation"],
  ["a proxy", { cluster: { "proxy-url": "http://proxy:3128" } }, "proxy-url is not supported"],
  ["half a certificate", { user: { "client-certificate-data": base64(client.cert) } }, "one is missing"],
  [
    "a certificate and another's key",
    { user: { "client-certificate-data": base64(client.cert), "client-key-data": base64(foreignClient.key) } },
    "do not belong together",
  ],
  ["a CA that is none", { cluster: { "certificate-authority-data": base64("hello") } }, "the cluster's CA is no PEM"],
  ["a file that is missing", { user: { tokenFile: "nowhere" } }, "cannot read the token /etc/kube/nowhere: ENOENT"],
  ["a server that is no URL", { server: "kubernetes" }, "is no URL"],
  ["a cluster that is missing", { context: { cluster: "x" } }, "there is no cluster x"],
  ["a user that is missing", { context: { user: "x" } }, "there is no user x"],
  [
    "an exec plugin of another age",
    { user: { exec: exec({ apiVersion: "client.authentication.k8s.io/v1alpha1" }) } },
    "v1alpha1 is not supported",
  ],
  ["an exec plugin that asks questions", { user: { exec: exec({ interactiveMode: "Always" }) } }, "wants a terminal"],
];

function exec(more: object) {
  return { apiVersion: "client.authentication.k8s.io/v1", command: "login", ...more };
}

for (const [what, parts, words] of refused)
  test(`${what} is refused in words`, async () => {
    const refusal = await refusalOf(load(kubeconfig(parts)));
    expect(refusal).toStartWith("context main: ");
    expect(refusal).toContain(words);
  });

test("what is no kubeconfig, or has no such context, is refused in words", async () => {
  expect(await refusalOf(load("clusters: 7"))).toMatch(/^\/etc\/kube\/config is no kubeconfig: clusters: /);
  expect(await refusalOf(load("{{{"))).toBe("/etc/kube/config is no YAML");
  expect(await refusalOf(load(""))).toBe("the kubeconfig has no current-context");
  expect(await refusalOf(load(kubeconfig(), { context: "other" }))).toBe("the kubeconfig has no context other");
});

test("no refusal shows a secret", async () => {
  const secret = "s3cr3t-value";
  const texts = [
    kubeconfig({ user: { token: `${secret} \u0001` } }),
    kubeconfig({ user: { token: [secret] } }),
    kubeconfig({ user: { username: "me", password: secret } }),
    kubeconfig({ user: { "client-key-data": base64(secret), "client-certificate-data": base64(secret) } }),
    `users:\n - {{${secret}`,
  ];
  for (const text of texts) {
    const refusal = await refusalOf(load(text));
    expect(refusal).not.toBe("loaded");
    expect(refusal).not.toContain(secret);
  }
});
