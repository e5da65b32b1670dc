import { describe, expect, test } from "bun:test";
import { render, rendered } from "../../k8s/render.ts";
import { type Manifest, manifestsIn, renderings, type Rules } from "./manifests.ts";

const kubectl = Bun.which("kubectl");

describe.each(renderings)("$folder", ({ folder, objects, all, deployment, pod, container, injector }) => {
  /** Unless cert-manager does. */
  const keepsCertificates = folder !== "test/k8s/everything";
  const programs = [
    { deployment, pod, container, component: "gateway" },
    { ...injector, component: "injector" },
  ];

  test("each program may do what it needs, in its own namespace, and nothing else", () => {
    const roles = all<Manifest & { rules: Rules }>("Role");
    const rightsOf = (name: string) =>
      roles
        .filter(({ metadata }) => metadata.name === name)
        .flatMap(({ rules }) => rules.flatMap(sentences))
        .toSorted();
    expect(roles.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
      "adapter/mcp-gateway",
      "adapter/mcp-gateway-injector",
    ]);
    expect(rightsOf("mcp-gateway")).toEqual([
      "create leases.coordination.k8s.io",
      "get configmaps named mcp-gateway-jwks",
      "get leases.coordination.k8s.io named mcp-gateway",
      "get list watch create patch delete services",
      "get list watch create patch delete statefulsets.apps",
      "get list watch create patch events",
      "get list watch endpointslices.discovery.k8s.io",
      "get list watch pods",
      "get list watch resourcequotas",
      "get pods/log",
      "list configmaps named mcp-gateway-jwks",
      "patch configmaps named mcp-gateway-jwks",
      "patch leases.coordination.k8s.io named mcp-gateway",
      "watch configmaps named mcp-gateway-jwks",
    ]);
    expect(rightsOf("mcp-gateway-injector")).toEqual([
      "create events",
      ...(keepsCertificates ? ["get secrets named mcp-gateway-injector"] : []),
      "list watch pods",
      ...(keepsCertificates ? ["patch secrets named mcp-gateway-injector"] : []),
    ]);
  });

  test("beyond the namespace the injector may write its one configuration, unless somebody else does", () => {
    const roles = all<Manifest & { rules: Rules }>("ClusterRole");
    expect(roles.flatMap(({ rules }) => rules.flatMap(sentences))).toEqual(
      keepsCertificates
        ? [
            "get mutatingwebhookconfigurations.admissionregistration.k8s.io named mcp-gateway-injector",
            "patch mutatingwebhookconfigurations.admissionregistration.k8s.io named mcp-gateway-injector",
          ]
        : [],
    );
  });

  test("rights go to each program's service account alone, and no pod gets a token unasked", () => {
    type Binding = Manifest & { roleRef: { kind: string; name: string }; subjects: object[] };
    const bindings = [...all<Binding>("RoleBinding"), ...all<Binding>("ClusterRoleBinding")];
    const account = (name: string) => [{ kind: "ServiceAccount", name, namespace: "adapter" }];
    expect(bindings.map(({ roleRef, subjects }) => [roleRef.kind, roleRef.name, subjects])).toEqual([
      ["Role", "mcp-gateway", account("mcp-gateway")],
      ["Role", "mcp-gateway-injector", account("mcp-gateway-injector")],
      ...(keepsCertificates ? [["ClusterRole", "mcp-gateway-injector", account("mcp-gateway-injector")]] : []),
    ]);
    expect(
      all<Manifest & { automountServiceAccountToken: boolean }>("ServiceAccount").map((account) => [
        account.metadata.name,
        account.automountServiceAccountToken,
      ]),
    ).toEqual([
      ["mcp-gateway", false],
      ["mcp-gateway-injector", false],
      ["workload-sa", false],
    ]);
    expect(pod.serviceAccountName).toBe("mcp-gateway");
    expect(injector.pod.serviceAccountName).toBe("mcp-gateway-injector");
  });

  test("every container is as confined as the namespace asks of all", () => {
    expect(all<Manifest>("Namespace")[0]?.metadata.labels).toMatchObject({
      "pod-security.kubernetes.io/enforce": "restricted",
    });
    for (const { pod, container } of programs) {
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
    }
  });

  test("whatever selects a program's pods finds them, and no others", () => {
    type Selecting = Manifest & { spec: { selector: { matchLabels: object } } };
    for (const { deployment, pod, component } of programs) {
      const { name } = deployment.metadata;
      const own = <Kind extends Manifest>({ metadata }: Kind) => metadata.name === name;
      const selectors = [
        ...all<Manifest & { spec: { selector: object } }>("Service")
          .filter(own)
          .map(({ spec }) => spec.selector),
        ...[...all<Selecting>("PodDisruptionBudget").filter(own), deployment].map(
          ({ spec }) => spec.selector.matchLabels,
        ),
        ...pod.topologySpreadConstraints.map(({ labelSelector }) => labelSelector.matchLabels),
      ];
      expect(selectors).toHaveLength(5);
      for (const selector of selectors) {
        // Both, so that no adapter can be taken for one of them: its name label is the same for all adapters.
        expect(selector).toEqual({ "app.kubernetes.io/name": name, "app.kubernetes.io/component": component });
        expect(deployment.spec.template.metadata.labels).toMatchObject(selector);
      }
    }
  });

  test("what is named is there, and in the gateway's namespace", () => {
    const names = new Set(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`));
    const named = [
      ...programs.flatMap(({ pod, container }) => [
        `ServiceAccount ${pod.serviceAccountName}`,
        ...(container.envFrom ?? []).map(({ configMapRef }) => `ConfigMap ${configMapRef.name}`),
        ...container.env.flatMap(({ valueFrom }) => {
          const name = valueFrom?.configMapKeyRef?.name;
          return name === undefined ? [] : [`ConfigMap ${name}`];
        }),
        ...pod.volumes.flatMap(({ configMap, persistentVolumeClaim: claim, csi }) => [
          ...(configMap ? [`ConfigMap ${configMap.name}`] : []),
          ...(claim ? [`PersistentVolumeClaim ${claim.claimName}`] : []),
          ...(csi ? [`SecretProviderClass ${csi.volumeAttributes.secretProviderClass}`] : []),
        ]),
      ]),
      ...all<Manifest & { spec: { scaleTargetRef: Manifest["metadata"] } }>("HorizontalPodAutoscaler").map(
        ({ spec }) => `Deployment ${spec.scaleTargetRef.name}`,
      ),
    ];
    expect(named.filter((name) => !names.has(name))).toEqual([]);
    const elsewhere = objects.filter(({ metadata }) => metadata.namespace !== "adapter").map(({ kind }) => kind);
    const policies = ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"];
    expect(new Set(elsewhere)).toEqual(
      new Set([
        "Namespace",
        ...policies,
        "MutatingWebhookConfiguration",
        ...(keepsCertificates
          ? ["ClusterRole", "ClusterRoleBinding"]
          : ["MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"]),
      ]),
    );
  });

  test("the webhook is asked about pods that want a guard in the gateway's namespace, and can hold up nothing else", () => {
    const [configuration, ...others] = all<Manifest & { webhooks: readonly object[] }>("MutatingWebhookConfiguration");
    expect(others).toEqual([]);
    expect(configuration?.webhooks).toEqual([
      {
        name: "guards.mcp-gateway.injector",
        // Nothing is written here that the injectors, or cert-manager, write.
        clientConfig: { service: { name: "mcp-gateway-injector", namespace: "adapter", path: "/inject", port: 443 } },
        rules: [
          { apiGroups: [""], apiVersions: ["v1"], resources: ["pods"], operations: ["CREATE"], scope: "Namespaced" },
        ],
        failurePolicy: "Fail",
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "adapter" } },
        objectSelector: {
          matchExpressions: [
            { key: "mcp-gateway/adapter", operator: "Exists" },
            { key: "mcp-gateway/inject", operator: "NotIn", values: ["false"] },
            { key: "adapter/type", operator: "DoesNotExist" },
          ],
        },
        matchPolicy: "Equivalent",
        reinvocationPolicy: "IfNeeded",
        sideEffects: "None",
        timeoutSeconds: 5,
        admissionReviewVersions: ["v1"],
      },
    ]);
    expect(Object.keys(injector.deployment.spec.template.metadata.labels)).not.toContain("mcp-gateway/adapter");
  });

  test("two injectors at least, and never none while they are replaced", () => {
    expect(injector.deployment.spec).toMatchObject({
      replicas: 2,
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    });
  });

  test("what is made empty stays what programs and people have made of it", () => {
    const made = objects.filter(({ kind, metadata }) =>
      ["ConfigMap mcp-gateway-jwks", "ConfigMap mcp-gateway-log", "Secret mcp-gateway-injector"].includes(
        `${kind} ${metadata.name}`,
      ),
    );
    expect(made).toHaveLength(keepsCertificates ? 3 : 2);
    for (const object of made) expect(Object.keys(object)).not.toContain("data");
  });

  test("no image goes without a version", () => {
    for (const { container } of programs) {
      expect(container.image).toMatch(/^[a-z0-9.:/-]+\/mcp-gateway:\d+\.\d+\.\d+$/);
    }
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
