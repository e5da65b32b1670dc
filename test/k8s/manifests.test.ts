import { describe, expect, test } from "bun:test";
import { render, rendered } from "../../k8s/render.ts";
import { type Manifest, manifestsIn, renderings, type Rules } from "./manifests.ts";

const kubectl = Bun.which("kubectl");

describe.each(renderings)("$folder", ({ folder, objects, all, deployment, pod, container }) => {
  test("the gateway may do what it needs, in its own namespace, and nothing else", () => {
    const roles = all<Manifest & { rules: Rules }>("Role");
    expect(objects.filter(({ kind }) => kind.startsWith("ClusterRole"))).toEqual([]);
    expect(roles.map(({ metadata }) => metadata.namespace)).toEqual(["adapter"]);
    expect(roles.flatMap(({ rules }) => rules.flatMap(sentences)).toSorted()).toEqual([
      "create leases.coordination.k8s.io",
      "get leases.coordination.k8s.io named mcp-gateway",
      "get list watch create patch delete services",
      "get list watch create patch delete statefulsets.apps",
      "get list watch create patch events",
      "get list watch endpointslices.discovery.k8s.io",
      "get list watch pods",
      "get list watch resourcequotas",
      "get pods/log",
      "patch leases.coordination.k8s.io named mcp-gateway",
    ]);
  });

  test("rights go to the gateway's service account alone, and no pod gets a token unasked", () => {
    const bindings = all<Manifest & { roleRef: object; subjects: object[] }>("RoleBinding");
    expect(bindings.map(({ roleRef, subjects }) => ({ roleRef, subjects }))).toEqual([
      {
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "mcp-gateway" },
        subjects: [{ kind: "ServiceAccount", name: "mcp-gateway", namespace: "adapter" }],
      },
    ]);
    expect(
      all<Manifest & { automountServiceAccountToken: boolean }>("ServiceAccount").map((account) => [
        account.metadata.name,
        account.automountServiceAccountToken,
      ]),
    ).toEqual([
      ["mcp-gateway", false],
      ["workload-sa", false],
    ]);
    expect(pod.serviceAccountName).toBe("mcp-gateway");
  });

  test("every container is as confined as the namespace asks of all", () => {
    expect(all<Manifest>("Namespace")[0]?.metadata.labels).toMatchObject({
      "pod-security.kubernetes.io/enforce": "restricted",
    });
    expect(pod).not.toHaveProperty("initContainers");
    expect(pod.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser: 10001,
      runAsGroup: 10001,
      fsGroup: 10001,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(pod.containers.map(({ securityContext }) => securityContext)).toEqual([
      { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
    ]);
    for (const key of ["hostNetwork", "hostPID", "hostIPC"]) expect(pod).not.toHaveProperty(key);
    expect(container.volumeMounts).toContainEqual({ name: "tmp", mountPath: "/tmp" });
  });

  test("whatever selects the gateway's pods finds them", () => {
    const { labels } = deployment.spec.template.metadata;
    type Selecting = Manifest & { spec: { selector: { matchLabels: object } } };
    const selectors = [
      ...all<Manifest & { spec: { selector: object } }>("Service").map(({ spec }) => spec.selector),
      ...[...all<Selecting>("PodDisruptionBudget"), deployment].map(({ spec }) => spec.selector.matchLabels),
      ...pod.topologySpreadConstraints.map(({ labelSelector }) => labelSelector.matchLabels),
    ];
    expect(selectors).toHaveLength(5);
    for (const selector of selectors) {
      // Both, so that no adapter can be taken for the gateway: its name label is the same for all adapters.
      expect(selector).toEqual({ "app.kubernetes.io/name": "mcp-gateway", "app.kubernetes.io/component": "gateway" });
      expect(labels).toMatchObject(selector);
    }
  });

  test("what is named is there, and in the gateway's namespace", () => {
    const names = new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
    const named = [
      `ServiceAccount ${pod.serviceAccountName}`,
      ...container.envFrom.map(({ configMapRef }) => `ConfigMap ${configMapRef.name}`),
      ...pod.volumes.flatMap(({ persistentVolumeClaim: claim, csi }) => [
        ...(claim ? [`PersistentVolumeClaim ${claim.claimName}`] : []),
        ...(csi ? [`SecretProviderClass ${csi.volumeAttributes.secretProviderClass}`] : []),
      ]),
      ...all<Manifest & { spec: { scaleTargetRef: Manifest["metadata"] } }>("HorizontalPodAutoscaler").map(
        ({ spec }) => `Deployment ${spec.scaleTargetRef.name}`,
      ),
    ];
    expect(named.filter((name) => !names.has(name))).toEqual([]);
    expect(objects.filter(({ metadata }) => metadata.namespace !== "adapter").map(({ kind }) => kind)).toEqual([
      "Namespace",
      "ValidatingAdmissionPolicy",
      "ValidatingAdmissionPolicyBinding",
    ]);
  });

  test("no image goes without a version", () => {
    expect(container.image).toMatch(/^[a-z0-9.:/-]+\/mcp-gateway:\d+\.\d+\.\d+$/);
  });

  // The cluster's suite does the same with its own kubectl.
  test.if(kubectl !== null)("what is kept is what is rendered", async () => {
    const text = await render(folder, ["kubectl"]);
    expect(manifestsIn(text)).toEqual([...objects]);
  });
});

test("the file to install from is the local overlay", () => {
  expect(rendered.find(({ file }) => file === "k8s/install.yaml")?.folder).toBe("k8s/overlays/local");
});

function sentences({ apiGroups, resources, resourceNames, verbs }: Rules[number]): string[] {
  const suffixes = apiGroups.map((group) => (group ? `.${group}` : ""));
  const named = resourceNames ? ` named ${resourceNames.join(" ")}` : "";
  const verbLists = resourceNames ? verbs : [verbs.join(" ")];
  return resources.flatMap((resource) =>
    suffixes.flatMap((suffix) => verbLists.map((list) => `${list} ${resource}${suffix}${named}`)),
  );
}
