import type { Labels, Manifest } from "../k8s/manifests.ts";

/** As much of a pod as is looked at. */
export type FoundPod = {
  readonly name: string;
  readonly labels: Labels;
  readonly phase?: string;
  readonly ports: readonly { readonly name?: string; readonly containerPort: number }[];
};
/** A port that is scraped, and the labels of what comes of it. */
export type Scraped = { readonly port: number } & Record<string, string | number>;

type Relabeling = {
  readonly action?: string;
  readonly source_labels?: readonly string[];
  readonly target_label?: string;
  readonly regex?: unknown;
  readonly replacement?: string;
};
export type ScrapeJob = { readonly job_name: string; readonly relabel_configs: readonly Relabeling[] };
export type PodMonitor = Manifest & {
  readonly spec: {
    readonly selector: {
      readonly matchLabels?: Labels;
      readonly matchExpressions?: readonly { readonly key: string; readonly operator: string }[];
    };
    readonly podMetricsEndpoints: readonly {
      readonly port: string;
      readonly relabelings: readonly {
        readonly sourceLabels?: readonly string[];
        readonly targetLabel: string;
        readonly replacement?: string;
      }[];
    }[];
  };
};

const namespace = "adapter";

/** What a job of a Prometheus configuration scrapes of these pods, by `kubernetes_sd_configs` of role pod and its relabelings. */
export function scrapedBy({ job_name, relabel_configs }: ScrapeJob, pods: readonly FoundPod[]): Scraped[] {
  return portsOf(pods).flatMap(({ port, meta }) => {
    const labels = relabeled({ ...meta, job: job_name }, relabel_configs);
    return labels ? [{ port, ...shown(labels) }] : [];
  });
}

/** The same for what the Prometheus operator makes of a PodMonitor. */
export function scrapedFor({ spec, metadata }: PodMonitor, pods: readonly FoundPod[]): Scraped[] {
  const selected = pods.filter(({ labels, phase }) => selects(spec.selector, labels) && phase !== "Succeeded");
  const own = { job: `${namespace}/${metadata.name}`, namespace };
  return spec.podMetricsEndpoints.flatMap((endpoint) => {
    const relabelings = endpoint.relabelings.map(({ sourceLabels, targetLabel, replacement }) => ({
      ...(sourceLabels && { source_labels: sourceLabels }),
      ...(replacement && { replacement }),
      target_label: targetLabel,
    }));
    const ports = portsOf(selected).filter(
      ({ meta }) => meta["__meta_kubernetes_pod_container_port_name"] === endpoint.port,
    );
    return ports.flatMap(({ port, pod, meta }) => {
      const labels = relabeled({ ...meta, ...own, pod }, relabelings);
      return labels ? [{ port, ...shown(labels) }] : [];
    });
  });
}

function portsOf(pods: readonly FoundPod[]) {
  return pods.flatMap(({ name, labels, phase = "Running", ports }) =>
    ports.map((port) => ({
      port: port.containerPort,
      pod: name,
      meta: {
        ...Object.fromEntries(
          Object.entries(labels).flatMap(([label, value]) => [
            [`__meta_kubernetes_pod_label_${label.replace(/\W/g, "_")}`, value],
            [`__meta_kubernetes_pod_labelpresent_${label.replace(/\W/g, "_")}`, "true"],
          ]),
        ),
        __meta_kubernetes_namespace: namespace,
        __meta_kubernetes_pod_name: name,
        __meta_kubernetes_pod_phase: phase,
        __meta_kubernetes_pod_container_port_name: port.name ?? "",
      } as Labels,
    })),
  );
}

/** Prometheus' relabelings, as far as these files use them; undefined: not scraped. */
function relabeled(start: Labels, relabelings: readonly Relabeling[]): Labels | undefined {
  let labels = start;
  for (const {
    action = "replace",
    source_labels = [],
    target_label,
    regex = "(.*)",
    replacement = "$1",
  } of relabelings) {
    const value = source_labels.map((label) => labels[label] ?? "").join(";");
    const match = new RegExp(`^(?:${regex})$`, "s").exec(value);
    switch (action) {
      case "keep":
        if (!match) return undefined;
        break;
      case "drop":
        if (match) return undefined;
        break;
      case "replace":
        if (match) labels = { ...labels, [target_label ?? ""]: replacement.replace("$1", match[1] ?? "") };
        break;
      default:
        throw new Error(`not known here: ${action}`);
    }
  }
  return labels;
}

function shown(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([label, value]) => !label.startsWith("__") && value !== ""));
}

function selects({ matchLabels = {}, matchExpressions = [] }: PodMonitor["spec"]["selector"], labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([label, value]) => labels[label] === value) &&
    matchExpressions.every(({ key, operator }) => {
      if (operator !== "Exists" && operator !== "DoesNotExist") throw new Error(`not known here: ${operator}`);
      return (labels[key] !== undefined) === (operator === "Exists");
    })
  );
}
