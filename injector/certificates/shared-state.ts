import { type Answer, failureInWords } from "../../gateway/runtime/kubernetes/api/answer.ts";
import type { KubeClient } from "../../gateway/runtime/kubernetes/api/client.ts";
import type { KubeObject, ObjectMeta } from "../../gateway/runtime/kubernetes/api/object-meta.ts";
import type { Resource } from "../../gateway/runtime/kubernetes/api/resources.ts";
import type { Texts } from "./held.ts";

/** The two objects that injectors meet in, as they were read; writes say which version they go by. */
export type Seen = {
  readonly texts: Texts;
  readonly secretVersion: string;
  readonly configuration: Configuration;
};

/** `unknown`: it is not there, or may not be read. */
export type Configuration =
  | {
      readonly state: "known";
      readonly version: string;
      /** Of those webhooks that ask the injectors: where it is, and what it trusts, PEM. */
      readonly bundles: readonly { readonly index: number; readonly pem: string }[];
    }
  | { readonly state: "unknown"; readonly why: string };

/** `conflict`: somebody else was faster. */
export type Written = { readonly state: "written" | "conflict" } | { readonly state: "failed"; readonly why: string };

export type SharedState = {
  read(): Promise<{ readonly state: "seen"; readonly seen: Seen } | { readonly state: "failed"; readonly why: string }>;
  /** Null takes a text away; others stay. */
  writeSecret(seen: Seen, texts: Readonly<Record<string, string | null>>): Promise<Written>;
  /** Into every webhook that asks the injectors; nothing else of the configuration is touched. */
  publish(seen: Seen, pem: string): Promise<Written>;
};

type Secret = KubeObject & {
  readonly apiVersion: "v1";
  readonly kind: "Secret";
  readonly data?: Readonly<Record<string, string>>;
};

type WebhookConfiguration = {
  readonly metadata: ObjectMeta;
  readonly webhooks?: readonly {
    readonly clientConfig?: {
      readonly caBundle?: string;
      readonly service?: { readonly namespace?: string; readonly name?: string };
    };
  }[];
};

const secrets: Resource<Secret> = { apiVersion: "v1", kind: "Secret", plural: "secrets" };
const configurations = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

/** The Secret and the MutatingWebhookConfiguration of this name; they are never created. */
export function sharedState({
  client,
  namespace,
  secret,
  service,
  configuration,
  signal,
}: {
  client: Pick<KubeClient, "get" | "patch" | "request">;
  /** Of Secret and Service. */
  namespace: string;
  secret: string;
  service: string;
  configuration: string;
  signal: AbortSignal;
}): SharedState {
  const path = `${configurations}/${encodeURIComponent(configuration)}`;
  return {
    async read() {
      // In this order: whatever was published goes by a Secret that is no newer than the one read here, so that nothing is taken
      // for superfluous that somebody has published in between.
      const asked = await client.request<WebhookConfiguration>({ method: "GET", path, signal });
      const answer = await client.get(secrets, { namespace, name: secret, signal });
      if (answer.state !== "ok") return { state: "failed", why: `Secret ${secret}: ${failureInWords(answer)}` };
      const { data, metadata } = answer.object;
      const texts = Object.fromEntries(Object.entries(data ?? {}).map(([name, value]) => [name, textOf(value)]));
      return {
        state: "seen",
        seen: { texts, secretVersion: metadata.resourceVersion, configuration: configurationIn(asked) },
      };
    },

    async writeSecret({ secretVersion }, texts) {
      const data = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, text && base64(text)]));
      const patch = { metadata: { resourceVersion: secretVersion }, data };
      const answer = await client.patch(secrets, { namespace, name: secret, type: "merge", patch, signal });
      return writtenBy(answer, `Secret ${secret}`);
    },

    async publish({ configuration: known }, pem) {
      if (known.state === "unknown") return { state: "failed", why: known.why };
      const operations = [
        // A version that is not the current one any more is a conflict.
        { op: "replace", path: "/metadata/resourceVersion", value: known.version },
        ...known.bundles.map(({ index }) => ({
          op: "add",
          path: `/webhooks/${index}/clientConfig/caBundle`,
          value: base64(pem),
        })),
      ];
      const body = { type: "application/json-patch+json", text: JSON.stringify(operations) };
      const answer = await client.request<WebhookConfiguration>({ method: "PATCH", path, body, signal });
      return writtenBy(answer, `MutatingWebhookConfiguration ${configuration}`);
    },
  };

  function configurationIn(answer: Answer<WebhookConfiguration>): Configuration {
    const what = `MutatingWebhookConfiguration ${configuration}`;
    if (answer.state !== "ok") return { state: "unknown", why: `${what}: ${failureInWords(answer)}` };
    const { metadata, webhooks = [] } = answer.object;
    const bundles = webhooks.flatMap(({ clientConfig }, index) => {
      const asks = clientConfig?.service?.name === service && clientConfig.service.namespace === namespace;
      return asks ? [{ index, pem: textOf(clientConfig.caBundle ?? "") }] : [];
    });
    if (bundles.length > 0) return { state: "known", version: metadata.resourceVersion, bundles };
    return { state: "unknown", why: `${what}: none of its webhooks asks the Service ${namespace}/${service}` };
  }
}

function writtenBy(answer: Answer<unknown>, what: string): Written {
  if (answer.state === "ok") return { state: "written" };
  if (answer.state === "failed" && answer.status === 409) return { state: "conflict" };
  return { state: "failed", why: `${what}: ${failureInWords(answer)}` };
}

function textOf(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
