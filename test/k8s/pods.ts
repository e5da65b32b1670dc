export function volume(source: object) {
  return { volumes: [{ name: "taken", ...source }] };
}

/** As the namespace asks for, but for what is given. */
export function adapterPod(spec: object, container: object) {
  return podOf({ "adapter/type": "mcp", "adapter/name": "weather" }, { containers: [confined(container)], ...spec });
}

export function podOf(labels: object, spec: object) {
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "tried", namespace: "adapter", labels }, spec };
}

export function confined(container: object) {
  const capabilities = { drop: ["ALL"] };
  const seccompProfile = { type: "RuntimeDefault" };
  return {
    name: "weather",
    image: "weather",
    securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities, seccompProfile },
    ...container,
  };
}
