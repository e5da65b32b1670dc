type Environment = Readonly<Record<string, string | undefined>>;
type Variables = Record<string, string>;

/**
 * What guards in pods are told about telemetry. No headers and nothing else that may be a credential: whoever may read a pod reads
 * its variables, and an adapter's pod is not trusted with the gateway's own. They send to a collector of the cluster that asks for
 * none.
 */
const passedOn = [
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_TRACES_SAMPLER",
  "OTEL_TRACES_SAMPLER_ARG",
  "OTEL_RESOURCE_ATTRIBUTES",
  "OTEL_SDK_DISABLED",
  "OTEL_EXPORTER_OTLP_PROTOCOL",
  "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
  "OTEL_TRACES_EXPORTER",
] as const;

/**
 * The variables of guards in pods, from those of the program that adds them: GUARD_LOG_LEVEL, which is their LOG_LEVEL, and OTEL_*.
 * They are the same whichever replica of that program adds them, or each gateway that comes to lead would roll all adapters.
 */
export function guardVariables(environment: Environment): Variables {
  const named = { LOG_LEVEL: environment["GUARD_LOG_LEVEL"] };
  const all = { ...named, ...Object.fromEntries(passedOn.map((name) => [name, shared(name, environment[name])])) };
  return present(all);
}

/** Of guards that are children of the gateway, of the same user and on the same machine: all that it has itself. */
export function childGuardVariables(environment: Environment): Variables {
  const telemetry = Object.entries(environment).filter(([name]) => name.startsWith("OTEL_"));
  const attributes = shared("OTEL_RESOURCE_ATTRIBUTES", environment["OTEL_RESOURCE_ATTRIBUTES"]);
  return present({
    LOG_LEVEL: environment["GUARD_LOG_LEVEL"],
    ...Object.fromEntries(telemetry),
    OTEL_SERVICE_NAME: undefined,
    OTEL_RESOURCE_ATTRIBUTES: attributes,
  });
}

/** Of one program, pod or machine, which is not the guard's. */
const ofOne =
  /^\s*(?:service\.(?:name|version|instance\.id)|(?:k8s\.(?:pod|container|node|replicaset|deployment)|container|host|process)\.[^=]*)\s*=/;
/** In a URL: before a host, or in a query. */
const mayBeCredential = /[@?]/;

function shared(name: (typeof passedOn)[number], value = ""): string {
  switch (name) {
    case "OTEL_EXPORTER_OTLP_ENDPOINT":
    case "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT":
      return mayBeCredential.test(value) ? "" : value;
    case "OTEL_RESOURCE_ATTRIBUTES":
      return value
        .split(",")
        .filter((pair) => !ofOne.test(pair))
        .join(",");
    default:
      return value;
  }
}

function present(variables: Environment): Variables {
  return Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => Boolean(entry[1])));
}
