import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { dashboards } from "../../k8s/monitoring/dashboards.ts";
import { rendered } from "../../k8s/render.ts";
import { clusterAvailable } from "../cluster/cluster.ts";
import { asList, type Installed, install } from "./installed.ts";
import { until } from "../support/until.ts";
import { type Deployment, manifestsIn } from "./manifests.ts";
import { adapterPod, confined, podOf, volume } from "./pods.ts";

/** Verb, resource, options of `kubectl auth can-i`, which takes what follows a slash for a name. */
type Question = readonly [string, string, ...string[]];

const available = await clusterAvailable();
if (available.state === "missing") console.warn(`SKIPPED, the manifests on a real API server: ${available.why}`);

/** Kinds that a bare cluster does not have. */
const ofExtensions = ["HTTPRoute", "SecretProviderClass", "Certificate", "Issuer", "PodMonitor", "PrometheusRule"];

const textOf = (file: string) => Bun.file(`${import.meta.dir}/../../${file}`).text();

describe.if(available.state === "ready")("on a real API server", () => {
  let cluster: Installed;
  beforeAll(async () => {
    cluster = await install();
  }, 900_000);
  afterAll(async () => await cluster?.[Symbol.asyncDispose]());

  test.each([...rendered])("$folder is taken as it is, without a warning", async ({ folder }) => {
    const objects = (await cluster.rendered(folder)).filter(({ kind }) => !ofExtensions.includes(kind));
    const dryRun = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-"];
    const { stdout, stderr } = await cluster.kubectl(dryRun, asList(objects));
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n")).toHaveLength(objects.length);
  });

  test("examples are taken as they are, without a warning", async () => {
    // A dry run makes no namespace for what follows it.
    await cluster.kubectl(["create", "namespace", "mcp-gateway-traces"]);
    const objects = [
      ...(await cluster.rendered("k8s/examples/opentelemetry")).filter(({ kind }) => kind !== "Namespace"),
      ...manifestsIn(await textOf("k8s/examples/autoscaling/adapter.yaml")),
      ...manifestsIn(await textOf("k8s/examples/autoscaling/autoscaler.yaml")),
    ];
    const dryRun = ["apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-"];
    const { stdout, stderr } = await cluster
      .kubectl(dryRun, asList(objects))
      .finally(() => cluster.ask(["delete", "namespace", "mcp-gateway-traces", "--wait=false"]));
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n")).toHaveLength(objects.length);
  });

  test.each(dashboards.map(({ uid }) => uid))(
    "the dashboard %s can be applied, with what kubectl notes beside it",
    async (uid) => {
      const file = `k8s/components/monitoring/dashboards/${uid}.json`;
      const metadata = { name: uid, namespace: "adapter" };
      const object = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { [`${uid}.json`]: await textOf(file) } };
      const { stdout } = await cluster.kubectl(["apply", "--dry-run=server", "-f", "-"], JSON.stringify(object));
      expect(stdout).toBe(`configmap/${uid} created (server dry run)\n`);
    },
  );

  test.each([...rendered])("$file is what $folder is now", async ({ folder, file }) => {
    expect(manifestsIn(await textOf(file))).toEqual(await cluster.rendered(folder));
  });

  test("the gateway's pods are allowed in its namespace", async () => {
    for (const { folder } of rendered) {
      const objects = await cluster.rendered(folder);
      const gateway = objects.find((object): object is Deployment => object.kind === "Deployment");
      if (!gateway) throw new Error(`${folder} has no Deployment`);
      const { metadata, spec } = gateway.spec.template;
      expect(await cluster.refusalOf(podOf(metadata.labels, spec))).toBeUndefined();
    }
  });

  const may: readonly Question[] = [
    ["create", "statefulsets.apps"],
    ["patch", "statefulsets.apps"],
    ["delete", "statefulsets.apps"],
    ["watch", "services"],
    ["watch", "pods"],
    ["get", "pods", "--subresource=log"],
    ["watch", "endpointslices.discovery.k8s.io"],
    ["create", "events"],
    ["patch", "events"],
    ["list", "resourcequotas"],
    ["create", "leases.coordination.k8s.io"],
    ["patch", "leases.coordination.k8s.io/mcp-gateway"],
    ["patch", "configmaps/mcp-gateway-jwks"],
    ["watch", "configmaps/mcp-gateway-jwks"],
  ];
  const mayNot: readonly Question[] = [
    ["get", "secrets"],
    ["list", "secrets"],
    ["create", "secrets"],
    ["create", "pods"],
    ["delete", "pods"],
    ["create", "pods", "--subresource=exec"],
    ["create", "pods", "--subresource=attach"],
    ["create", "pods", "--subresource=portforward"],
    ["create", "pods", "--subresource=ephemeralcontainers"],
    ["create", "serviceaccounts", "--subresource=token"],
    ["get", "configmaps"],
    ["patch", "configmaps/another"],
    ["create", "configmaps"],
    ["patch", "deployments.apps"],
    ["deletecollection", "statefulsets.apps"],
    ["patch", "leases.coordination.k8s.io/another"],
    ["create", "rolebindings.rbac.authorization.k8s.io"],
    ["impersonate", "serviceaccounts"],
  ];

  test("the gateway may do what it does", async () => {
    expect(await answersTo(may, ["--namespace=adapter"])).toEqual(may.map(() => "yes"));
  });

  test("the gateway may read no secret, run nothing in a pod and give itself no rights", async () => {
    expect(await answersTo(mayNot, ["--namespace=adapter"])).toEqual(mayNot.map(() => "no"));
  });

  test("the gateway has no rights in another namespace or in the cluster", async () => {
    expect(await answersTo(may, ["--namespace=default"])).toEqual(may.map(() => "no"));
    const ofTheCluster: Question[] = [
      ["list", "nodes"],
      ["list", "namespaces"],
      ["list", "pods"],
      ["create", "clusterrolebindings.rbac.authorization.k8s.io"],
      ["patch", "validatingadmissionpolicies.admissionregistration.k8s.io"],
    ];
    expect(await answersTo(ofTheCluster, ["--all-namespaces"])).toEqual(ofTheCluster.map(() => "no"));
  });

  test("the injector may keep its certificate, see pods and tell of them, and nothing else", async () => {
    const its: Question[] = [
      ["get", "secrets/mcp-gateway-injector"],
      ["patch", "secrets/mcp-gateway-injector"],
      ["list", "pods"],
      ["watch", "pods"],
      ["create", "events"],
    ];
    const notIts: Question[] = [
      ["get", "secrets/mcp-gateway-keys"],
      ["list", "secrets"],
      ["create", "secrets"],
      ["get", "configmaps"],
      ...mayNot.filter(([verb, what]) => !(verb === "get" && what === "secrets")),
      ...may.filter(([verb]) => verb === "patch" || verb === "delete"),
    ];
    const account = "mcp-gateway-injector";
    expect(await answersTo(its, ["--namespace=adapter"], account)).toEqual(its.map(() => "yes"));
    expect(await answersTo(notIts, ["--namespace=adapter"], account)).toEqual(notIts.map(() => "no"));
    expect(await answersTo(its, ["--namespace=default"], account)).toEqual(its.map(() => "no"));
    const configurations = "mutatingwebhookconfigurations.admissionregistration.k8s.io";
    const ofTheCluster: Question[] = [
      ["patch", `${configurations}/mcp-gateway-injector`],
      ["patch", `${configurations}/another`],
      ["create", configurations],
      ["delete", `${configurations}/mcp-gateway-injector`],
    ];
    expect(await answersTo(ofTheCluster, ["--all-namespaces"], account)).toEqual(["yes", "no", "no", "no"]);
  });

  test("adapters have no rights at all", async () => {
    const answers = await answersTo([...may, ...mayNot], ["--namespace=adapter"], "workload-sa");
    expect(new Set(answers)).toEqual(new Set(["no"]));
  });

  test("no adapter can have what is the gateway's", async () => {
    const account = "cannot run as the gateway's service account";
    const secrets = "Secrets whose names begin with mcp-gateway";
    const volumes = "Volumes whose names begin with mcp-gateway";
    const keys = { name: "mcp-gateway-keys", key: "keys" };
    const csi = { driver: "d", readOnly: true, volumeAttributes: { secretProviderClass: "mcp-gateway" } };
    const attempts: readonly [object, object, string][] = [
      [{ serviceAccountName: "mcp-gateway" }, {}, account],
      [{}, { env: [{ name: "KEYS", valueFrom: { secretKeyRef: keys } }] }, secrets],
      [{}, { envFrom: [{ secretRef: { name: "mcp-gateway-store" } }] }, secrets],
      [volume({ secret: { secretName: "mcp-gateway-keys" } }), {}, secrets],
      [volume({ projected: { sources: [{ secret: { name: "mcp-gateway-keys" } }] } }), {}, secrets],
      [volume({ persistentVolumeClaim: { claimName: "mcp-gateway-data" } }), {}, volumes],
      [volume({ csi }), {}, volumes],
    ];
    // It takes the API server a moment to know a new policy.
    await until("the policy is in force", () =>
      cluster.refusalOf(adapterPod({ serviceAccountName: "mcp-gateway" }, {})),
    );
    for (const [pod, container, words] of attempts) {
      expect(await cluster.refusalOf(adapterPod(pod, container))).toContain(words);
    }
    const asInit = {
      initContainers: [confined({ name: "first", env: [{ name: "KEYS", valueFrom: { secretKeyRef: keys } }] })],
    };
    expect(await cluster.refusalOf(adapterPod(asInit, {}))).toContain(secrets);
  });

  test("an adapter may have secrets and volumes of its own, and its own identity", async () => {
    const own = { name: "GITHUB_TOKEN", valueFrom: { secretKeyRef: { name: "github", key: "token" } } };
    const pods = [
      adapterPod({ serviceAccountName: "workload-sa" }, { env: [own, { name: "PORT", value: "8000" }] }),
      adapterPod(volume({ secret: { secretName: "github" } }), { envFrom: [{ configMapRef: { name: "settings" } }] }),
      adapterPod(volume({ emptyDir: {} }), {}),
    ];
    for (const pod of pods) expect(await cluster.refusalOf(pod)).toBeUndefined();
  });

  test("an adapter that would be root is refused, whoever asks", async () => {
    const refusal = await cluster.refusalOf(adapterPod({}, { securityContext: { runAsUser: 0 } }));
    expect(refusal).toContain('violates PodSecurity "restricted');
  });

  async function answersTo(
    questions: readonly Question[],
    scope: string[],
    account = "mcp-gateway",
  ): Promise<string[]> {
    const as = `--as=system:serviceaccount:adapter:${account}`;
    const groups = ["--as-group=system:serviceaccounts", "--as-group=system:authenticated"];
    const ask = async (question: Question) => {
      const { stdout, stderr } = await cluster.ask(["auth", "can-i", ...question, as, ...groups, ...scope]);
      if (!/^(yes|no)/.test(stdout)) throw new Error(stderr);
      return stdout.trim().split(/\s/)[0] ?? "";
    };
    return await Promise.all(questions.map(ask));
  }
});
