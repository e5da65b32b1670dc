import { portAnnotation } from "../../../../injector/pod/names.ts";
import { AdapterData } from "../../../../openapi/adapters.ts";
import type { FoundData } from "../../runtime.ts";
import type { Labels } from "./shapes.ts";

/** What people say in annotations of an adapter that they run themselves. */
type Said = Pick<FoundData, "description" | "requiredRoles" | "allowedTools" | "exposeTools" | "affinity">;

type Reading<Value> = {
  readonly annotation: string;
  readonly read: (text: string) => Value;
  readonly absent: Value;
  /** What counts where it cannot be read, and in words: nothing is opened by a spelling mistake. */
  readonly unreadable: readonly [value: Value, words: string];
};

const prefix = "mcp-gateway/";
const { shape } = AdapterData;
/** Of annotations that the gateway does not know. */
const maxNamed = 5;

const readings: { readonly [Field in keyof Said]: Reading<Said[Field]> } = {
  description: {
    annotation: `${prefix}description`,
    read: (text) => shape.description.parse(text),
    absent: "",
    unreadable: ["", "it has none"],
  },
  requiredRoles: {
    annotation: `${prefix}required-roles`,
    read: (text) => shape.requiredRoles.parse(rolesIn(text)),
    absent: [],
    unreadable: [[], "only admins may use it"],
  },
  allowedTools: {
    annotation: `${prefix}allowed-tools`,
    read: (text) => shape.allowedTools.parse(JSON.parse(text)),
    absent: null,
    unreadable: [{}, "no tool is allowed"],
  },
  exposeTools: {
    annotation: `${prefix}expose-tools`,
    read: (text) => shape.exposeTools.parse(JSON.parse(text)),
    absent: false,
    unreadable: [false, "the tool router does not show it"],
  },
  affinity: {
    annotation: `${prefix}affinity`,
    read: (text) => shape.affinity.parse(text),
    absent: "principal",
    unreadable: ["principal", 'it is "principal"'],
  },
};

const known: ReadonlySet<string> = new Set([
  portAnnotation,
  ...Object.values(readings).map(({ annotation }) => annotation),
]);

/** What the annotations say by the contract's own rules, and in words what is wrong with them. */
export function saidIn(annotations: Labels): { said: Said; problems: string[] } {
  const unknown = Object.keys(annotations).filter((name) => name.startsWith(prefix) && !known.has(name));
  const named = unknown.slice(0, maxNamed).join(", ");
  const problems = unknown.length > 0 ? [`What these annotations say is not known to the gateway: ${named}.`] : [];
  const said = {
    description: fieldOf(readings.description),
    requiredRoles: fieldOf(readings.requiredRoles),
    allowedTools: fieldOf(readings.allowedTools),
    exposeTools: fieldOf(readings.exposeTools),
    affinity: fieldOf(readings.affinity),
  };
  return { said, problems };

  function fieldOf<Value>({ annotation, read, absent, unreadable: [closed, words] }: Reading<Value>): Value {
    const text = annotations[annotation];
    if (text === undefined) return absent;
    try {
      return read(text);
    } catch {
      problems.push(`The annotation ${annotation} cannot be read, so ${words}.`);
      return closed;
    }
  }
}

function rolesIn(text: string): string[] {
  return text
    .split(",")
    .map((role) => role.trim())
    .filter((role) => role !== "");
}
