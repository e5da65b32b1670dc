import { createHash } from "node:crypto";
import { AdapterResource } from "../../../openapi/adapters.ts";
import { ToolResource } from "../../../openapi/tools.ts";
import type { AuditEntry } from "../../../openapi/audit.ts";
import { type Bodies, type Kind, type Resource, type WorkloadKind, workloadKinds } from "../store.ts";
import type { Items, Stored } from "./items.ts";

/**
 * One record. What the Microsoft gateway knows has its names; all else is in one property, which that gateway drops
 * whenever it writes: a document without it was last written there.
 */
export type RecordDocument = { id: string; McpGateway?: Ours } & Record<string, unknown>;
export type OwnDocument = RecordDocument & { McpGateway: Ours };
export type RecordItems = { readonly [K in Kind]: Items<RecordDocument> };

export type Ours = {
  readonly uid: string;
  readonly revision: number;
  readonly deleting: boolean;
  /** The fields of the body that the Microsoft gateway does not know. */
  readonly rest: Readonly<Record<string, unknown>>;
  /** The write that made this document, until its audit entry is in the trail. */
  readonly pending?: PendingEntry;
};

export type Write = Exclude<AuditEntry["action"], "call">;

/** The audit entry of a write, as it travels inside the record's document. */
export type PendingEntry = {
  readonly action: Write;
  readonly actor: string;
  readonly requestId: string;
  readonly at: string;
  readonly position: string;
};

const microsoftNames: Readonly<Record<string, string>> = {
  name: "Name",
  imageName: "ImageName",
  imageVersion: "ImageVersion",
  replicaCount: "ReplicaCount",
  description: "Description",
  useWorkloadIdentity: "UseWorkloadIdentity",
  requiredRoles: "RequiredRoles",
  toolDefinition: "ToolDefinition",
  createdBy: "CreatedBy",
  createdAt: "CreatedAt",
  lastUpdatedAt: "LastUpdatedAt",
};

/** What a record has that was written before there was such a field, or by the Microsoft gateway. */
const defaults: Readonly<Record<Kind, Readonly<Record<string, unknown>>>> = {
  adapter: { pod: null, allowedTools: null, exposeTools: false, affinity: "principal" },
  tool: { pod: null },
  server: {},
};

const AdapterBody = AdapterResource.partial({ managedBy: true });

/** Whether the Microsoft gateway may write such records, too. */
export function isWorkload(kind: Kind): kind is WorkloadKind {
  return workloadKinds.some((workload) => workload === kind);
}

export function isOwn(document: Stored<RecordDocument>): document is Stored<OwnDocument> {
  return document.McpGateway !== undefined;
}

/** `pending`: the write that makes it. */
export function documentOf(
  { kind, name, uid, revision, deleting, body }: Resource,
  pending?: PendingEntry,
): OwnDocument {
  const { known, rest } = kind === "server" ? { known: {}, rest: { ...body } } : split(body as Bodies["adapter"]);
  return { ...known, id: name, McpGateway: { uid, revision, deleting, rest, ...(pending ? { pending } : {}) } };
}

export function resourceOf<K extends Kind>(kind: K, document: OwnDocument): Resource<K> {
  const { uid, revision, deleting, rest } = document.McpGateway;
  return { kind, name: document.id, uid, revision, deleting, body: bodyOf(kind, document, rest) };
}

/**
 * A body of a document that the Microsoft gateway wrote, with the fields of `rest`; undefined if it is none. Its default
 * port of a tool, 443, is none on which a tool of it could ever be reached, since its Services have 8000 only.
 */
export function foreignBody<K extends Kind>(
  kind: K,
  document: RecordDocument,
  rest: Ours["rest"],
): Bodies[K] | undefined {
  const body: Record<string, unknown> = bodyOf(kind, document, rest);
  const cleaned = {
    ...body,
    id: document.id,
    name: document.id,
    description: body["description"] ?? "",
    requiredRoles: body["requiredRoles"] ?? [],
    createdAt: inUtc(body["createdAt"]),
    lastUpdatedAt: inUtc(body["lastUpdatedAt"]),
    ...(kind === "tool" ? { toolDefinition: reachable(body["toolDefinition"]) } : {}),
  };
  const isValid = (kind === "tool" ? ToolResource : AdapterBody).safeParse(cleaned).success;
  return isValid ? (cleaned as unknown as Bodies[K]) : undefined;
}

/** Always the same one for a document, in the form of a UUID (RFC 9562 §5.8). */
export function uidOf(document: { readonly _rid: string }): string {
  const hex = createHash("sha256").update(document._rid).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}

function split(body: Bodies["adapter"]) {
  const { id: _, environmentVariables, ...fields } = body;
  const variables = Object.entries(environmentVariables);
  // The Microsoft gateway cannot read a list with one variable that is not text, and would show secrets to every reader.
  const isText = ([name, value]: [string, unknown]) => typeof value === "string" && name !== "__proto__";
  const known: Record<string, unknown> = { EnvironmentVariables: Object.fromEntries(variables.filter(isText)) };
  const rest: Record<string, unknown> = { environmentVariables: variables.filter((variable) => !isText(variable)) };
  for (const [field, value] of Object.entries(fields)) {
    const microsoftName = microsoftNames[field];
    if (microsoftName) known[microsoftName] = value;
    else rest[field] = value;
  }
  return { known, rest };
}

function bodyOf<K extends Kind>(kind: K, document: RecordDocument, rest: Ours["rest"]): Bodies[K] {
  if (kind === "server") return { ...rest } as unknown as Bodies[K];
  const known: Record<string, unknown> = {};
  for (const [field, microsoftName] of Object.entries(microsoftNames)) {
    if (document[microsoftName] !== undefined) known[field] = document[microsoftName];
  }
  const variables = Object.entries(asObject(document["EnvironmentVariables"]));
  const others = Array.isArray(rest["environmentVariables"]) ? rest["environmentVariables"] : [];
  const environmentVariables = Object.fromEntries([...others, ...variables]);
  return { ...defaults[kind], ...rest, ...known, id: document.id, environmentVariables } as unknown as Bodies[K];
}

/** .NET writes offsets and seven digits; the contract has UTC and three. */
function inUtc(time: unknown): unknown {
  const ms = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return Number.isNaN(ms) ? time : new Date(ms).toISOString();
}

function reachable(definition: unknown): unknown {
  const { tool, port, path } = asObject(definition);
  const { annotations, ...fields } = withoutNulls(tool);
  const cleaned = annotations === undefined ? fields : { ...fields, annotations: withoutNulls(annotations) };
  return { tool: cleaned, port: port === undefined || port === 443 ? 8000 : port, path: path ?? "/score" };
}

/** .NET writes what is not set as null. */
function withoutNulls(value: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(asObject(value)).filter(([, member]) => member !== null));
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
