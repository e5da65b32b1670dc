import { issuer } from "../../injector/certificates/issue.ts";
import { certificateLimits } from "../../injector/certificates/limits.ts";

type Asked = {
  request: { uid: string; object: { metadata: { labels?: object }; spec: { initContainers?: { name: string }[] } } };
};

/** Somebody else's webhook, which puts an init container before all others, and is asked after the injector. */
export async function otherWebhook() {
  const issuing = issuer({ names: ["localhost"], now: Date.now, limits: certificateLimits });
  const authority = await issuing.authority();
  const { pem: cert, key } = await issuing.leaf(authority);
  const asked: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: { cert, key },
    async fetch(request) {
      const { request: review } = (await request.json()) as Asked;
      asked.push(review.uid);
      const { initContainers = [] } = review.object.spec;
      const value = [{ name: "other", image: "other:1" }, ...initContainers];
      const isDone = initContainers.some(({ name }) => name === "other");
      const patch = isDone ? [] : [{ op: "add", path: "/spec/initContainers", value }];
      const changes = { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") };
      const response = { uid: review.uid, allowed: true, ...changes };
      return Response.json({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response });
    },
  });
  const configuration = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name: "other-webhook" },
    webhooks: [
      {
        name: "other.webhook.test",
        clientConfig: {
          url: `https://localhost:${server.port}/`,
          caBundle: Buffer.from(authority.pem).toString("base64"),
        },
        rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }],
        objectSelector: { matchExpressions: [{ key: "mcp-gateway/adapter", operator: "Exists" }] },
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
      },
    ],
  };
  return { asked, webhook: { configuration, [Symbol.asyncDispose]: () => server.stop(true) } };
}
