import { adapterLabel } from "../../../../injector/pod/names.ts";
import type { PodSpec } from "../../../../injector/pod/shapes.ts";
import { withGuard } from "../../../../injector/pod/with-guard.ts";
import type { Workload } from "../../runtime.ts";
import type { PodSettings } from "../../../../openapi/pod.ts";
import { environmentOf } from "./environment.ts";
import { hashOf } from "./hash.ts";
import { labelsOf, podHashAnnotation, selectorOf, uidAnnotation } from "./labels.ts";
import { resourcesOf } from "./resources.ts";
import type { Json, Labels, PodTemplate } from "./shapes.ts";
import { mergedTemplate } from "./strategic-merge.ts";
import { containerName, guardOf, imageOf, isDigest, type ObjectSettings, portName } from "./workload.ts";

type Spec = Json & PodSpec;
const defaultUser = 1100;
const defaultStartupSeconds = 120;
const defaultGraceSeconds = 60;

/** The pods of a workload, or why they cannot be as its settings want them. */
export function podTemplateOf(
  workload: Workload,
  settings: ObjectSettings,
): { state: "made"; template: PodTemplate } | { state: "refused"; reason: string } {
  const own = ownTemplate(workload, settings);
  const merged = mergedTemplate(own, workload.pod?.template ?? {});
  if (merged.state === "refused") return merged;

  const metadata = merged.value["metadata"] as { labels?: Labels; annotations?: Labels } | undefined;
  const spec = (merged.value["spec"] ?? {}) as Json;
  const name = containerName(workload.name);
  const { containers } = spec as { containers?: readonly (Json | null)[] };
  if (!Array.isArray(containers) || !containers.some((container) => container?.["name"] === name)) {
    return { state: "refused", reason: `The pod template cannot be used: it removes the container "${name}".` };
  }
  const guard = guardOf(workload, settings);
  const template = {
    metadata: {
      ...metadata,
      // Whatever a patch says: by these the objects are found, and known as ours.
      labels: { ...metadata?.labels, ...own.metadata.labels },
      annotations: { ...metadata?.annotations, ...own.metadata.annotations },
    },
    // After the patch, which knows nothing of it.
    spec: guard ? withGuard(spec as Spec, { adapter: workload.name, port: workload.port }, guard) : spec,
  };
  const annotations = { ...template.metadata.annotations, [podHashAnnotation]: hashOf(template) };
  return { state: "made", template: { ...template, metadata: { ...template.metadata, annotations } } };
}

function ownTemplate(workload: Workload, settings: ObjectSettings) {
  const pod = workload.pod ?? {};
  const user = pod.runAsUser ?? defaultUser;
  return {
    metadata: {
      labels: {
        ...labelsOf(workload, settings),
        ...(guardOf(workload, settings) && { [adapterLabel]: workload.name }),
        // Azure's webhook acts on it: it adds a token volume of its own, and the client's variables.
        "azure.workload.identity/use": String(workload.useWorkloadIdentity),
      },
      annotations: { [uidAnnotation]: workload.uid },
    },
    spec: {
      ...(workload.useWorkloadIdentity && { serviceAccountName: settings.serviceAccount }),
      // A token for the Kubernetes API; no cloud's workload identity uses that one.
      automountServiceAccountToken: false,
      // Else every Service of the namespace is in the environment, and may take the place of a variable the image reads.
      enableServiceLinks: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: user,
        runAsGroup: user,
        fsGroup: user,
        fsGroupChangePolicy: "OnRootMismatch",
        seccompProfile: { type: "RuntimeDefault" },
      },
      terminationGracePeriodSeconds: pod.terminationGracePeriodSeconds ?? defaultGraceSeconds,
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "kubernetes.io/hostname",
          whenUnsatisfiable: "ScheduleAnyway",
          labelSelector: { matchLabels: selectorOf(workload) },
        },
      ],
      ...(pod.imagePullSecrets?.length && { imagePullSecrets: pod.imagePullSecrets.map((name) => ({ name })) }),
      ...(pod.nodeSelector && { nodeSelector: pod.nodeSelector }),
      ...(pod.tolerations?.length && { tolerations: pod.tolerations }),
      containers: [containerOf(workload, pod, settings)],
      ...(pod.readOnlyRootFilesystem && { volumes: [{ name: "tmp", emptyDir: {} }] }),
    },
  };
}

function containerOf(workload: Workload, pod: PodSettings, settings: ObjectSettings): Json {
  const readOnlyRootFilesystem = pod.readOnlyRootFilesystem ?? false;
  return {
    name: containerName(workload.name),
    image: imageOf(workload, settings),
    imagePullPolicy: pod.imagePullPolicy ?? (isDigest(workload.imageVersion) ? "IfNotPresent" : "Always"),
    env: environmentOf(workload.environment, workload.port),
    ports: [{ name: portName(workload.kind), containerPort: workload.port, protocol: "TCP" }],
    ...probesOf(pod, portName(workload.kind)),
    resources: resourcesOf(pod.resources ?? {}),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem,
    },
    ...(readOnlyRootFilesystem && { volumeMounts: [{ name: "tmp", mountPath: "/tmp" }] }),
  };
}

/**
 * An open port is readiness enough: a GET of an MCP path is an event stream, or a session. There is no liveness probe: a replica
 * that is slow for a while would be killed with all its sessions, and one that crashes is started again without it. Readiness
 * is patient for the same reason: a replica that is not ready cannot be reached by the sessions it has.
 */
function probesOf(pod: PodSettings, port: string): Json {
  const probe = pod.probe?.kind === "http" ? { httpGet: { path: pod.probe.path, port } } : { tcpSocket: { port } };
  return {
    // Each second, so that a replica is known to be ready as soon as it is.
    startupProbe: {
      ...probe,
      periodSeconds: 1,
      timeoutSeconds: 1,
      failureThreshold: pod.startupSeconds ?? defaultStartupSeconds,
    },
    readinessProbe: { ...probe, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
  };
}
