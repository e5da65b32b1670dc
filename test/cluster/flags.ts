import type { Keys } from "./keys.ts";

/** Of a program, without the dashes. */
export type Flags = Readonly<Record<string, string | number | boolean>>;

/** Those that pods, StatefulSets, Deployments, Services, quotas and budgets need. */
const controllers = [
  "clusterrole-aggregation-controller",
  "daemonset-controller",
  "deployment-controller",
  "disruption-controller",
  "endpointslice-controller",
  "garbage-collector-controller",
  "horizontal-pod-autoscaler-controller",
  "job-controller",
  "namespace-controller",
  "node-lifecycle-controller",
  "pod-garbage-collector-controller",
  "replicaset-controller",
  "resourcequota-controller",
  "root-ca-certificate-publisher-controller",
  "service-cidr-controller",
  "serviceaccount-controller",
  "statefulset-controller",
  "taint-eviction-controller",
  "validatingadmissionpolicy-status-controller",
];

/** One of each runs, it need not be watched, and nobody should wait for its turn. */
const alone = { "leader-elect": false, "secure-port": 0, "kube-api-qps": 500, "kube-api-burst": 500 };

export function apiServerFlags(options: { keys: Keys; etcdUrl: string; port: number; nodeAddress: string }): Flags {
  const { keys } = options;
  return {
    "etcd-servers": options.etcdUrl,
    "bind-address": "127.0.0.1",
    "secure-port": options.port,
    // Loopback is no address of an endpoint, so the API server has none in here.
    "advertise-address": options.nodeAddress,
    "endpoint-reconciler-type": "none",
    "service-cluster-ip-range": "10.96.0.0/16",
    "tls-cert-file": keys.apiServer.certificate,
    "tls-private-key-file": keys.apiServer.key,
    "client-ca-file": keys.authority.certificate,
    "authorization-mode": "RBAC",
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-account-signing-key-file": keys.serviceAccounts,
    "service-account-key-file": keys.serviceAccounts,
    "kubelet-certificate-authority": keys.authority.certificate,
    "kubelet-client-certificate": keys.apiServerClient.certificate,
    "kubelet-client-key": keys.apiServerClient.key,
    // The node's name is none that DNS knows.
    "kubelet-preferred-address-types": "InternalIP",
    "allow-privileged": true,
    // Webhooks are called at the addresses of their pods, as there is no kube-proxy.
    "enable-aggregator-routing": true,
    // The node is ready when it comes; without this a controller has to take a taint away first.
    "disable-admission-plugins": "TaintNodesByCondition",
    // Only a test makes etcd forget.
    "etcd-compaction-interval": 0,
    profiling: false,
  };
}

export function managerFlags(options: { keys: Keys; kubeconfig: string; nodeGraceSeconds: number }): Flags {
  return {
    ...alone,
    kubeconfig: options.kubeconfig,
    controllers: controllers.join(","),
    "root-ca-file": options.keys.authority.certificate,
    "node-monitor-period": "1s",
    "node-monitor-grace-period": `${options.nodeGraceSeconds}s`,
  };
}

export function schedulerFlags({ kubeconfig }: { kubeconfig: string }): Flags {
  return { ...alone, kubeconfig };
}
