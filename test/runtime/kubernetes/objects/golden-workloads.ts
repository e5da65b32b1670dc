import type { Workload } from "../../../../gateway/runtime/runtime.ts";
import { clusterWorkload } from "./support.ts";

/** What each file under golden/ is made from. */
export const goldenWorkloads: Readonly<Record<string, Workload>> = {
  adapter: clusterWorkload(),
  tool: clusterWorkload({ kind: "tool", name: "forecast", imageName: "weather-tool", replicaCount: 1, port: 9090 }),
  "every-setting": clusterWorkload({
    name: "github",
    imageName: "vendor/github-mcp",
    imageVersion: "sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
    replicaCount: 3,
    useWorkloadIdentity: true,
    environment: {
      LOG_LEVEL: "info",
      GITHUB_TOKEN: { secretRef: { name: "github", key: "token" } },
      API_KEY: { secretRef: { name: "api" } },
      PRICE: "$$5 or $(LOG_LEVEL), $HOME",
      PORT: "8000",
    },
    pod: {
      resources: {
        requests: { cpu: "500m", memory: "1Gi", ephemeralStorage: "1Gi" },
        limits: { cpu: "2", memory: "2Gi", ephemeralStorage: "4Gi" },
      },
      probe: { kind: "http", path: "/healthz" },
      startupSeconds: 300,
      terminationGracePeriodSeconds: 600,
      imagePullSecrets: ["registry"],
      imagePullPolicy: "Never",
      readOnlyRootFilesystem: true,
      runAsUser: 5000,
      nodeSelector: { "kubernetes.io/arch": "arm64" },
      tolerations: [{ key: "tools", operator: "Exists", effect: "NoSchedule" }],
    },
  }),
  "template-patch": clusterWorkload({
    environment: { LOG_LEVEL: "info" },
    pod: {
      readOnlyRootFilesystem: true,
      template: {
        metadata: {
          labels: { team: "forecast", "adapter/name": "stolen", "app.kubernetes.io/managed-by": "somebody" },
          annotations: { "prometheus.io/scrape": "true", "adapter/uid": null },
        },
        spec: {
          priorityClassName: "tools",
          topologySpreadConstraints: null,
          securityContext: { fsGroup: 2000, seccompProfile: null },
          containers: [
            {
              name: "weather-container",
              command: ["/bin/server"],
              env: [
                { name: "LOG_LEVEL", value: "debug" },
                { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
              ],
              volumeMounts: [{ name: "cache", mountPath: "/var/cache" }],
            },
            { name: "metrics", image: "registry.example.com/metrics:2" },
          ],
          volumes: [
            { name: "cache", emptyDir: {} },
            { name: "tmp", emptyDir: { medium: "Memory" } },
          ],
        },
      },
    },
  }),
};
