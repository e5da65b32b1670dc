import { parseArgs } from "node:util";

/** What was asked for on the command line. */
export type Command = { readonly verb: "help" } | { readonly verb: "wrong"; readonly why: string } | Move;

export type Move = {
  readonly verb: "export" | "import" | "copy";
  readonly from: string;
  readonly to: string;
} & Options;

type Options = {
  readonly dryRun: boolean;
  readonly skipExisting: boolean;
  readonly withAudit: boolean;
  readonly withSecrets: boolean;
  readonly headers: readonly string[];
};

export const help = `Moves everything that a gateway keeps: adapters, tools, virtual servers, and the audit trail.

  npm run store -- export FROM FILE    writes a store to a new file
  npm run store -- import FILE TO      writes a file into a store
  npm run store -- copy FROM TO        the same without a file between

FROM, TO    pglite:./.data                      a laptop's directory, while no gateway uses it
            postgres://user@host/database
            cosmos+https://account.documents.azure.com
            https://gateway.example.com         a running gateway, the Microsoft one or this: what it lists over REST

  --dry-run            says what would be done, and changes nothing
  --skip-existing      passes over records that are there already and equal, to go on with a move that was broken off
  --without-audit      leaves the audit trail where it is
  --without-secrets    export: leaves the values of secrets out; import, copy: takes records whose secrets have none
  --header TEXT        for https://…, such as "authorization: Bearer …"; @FILE has one in each line
  --help               this

A name that is taken in TO stops a move before anything is written. What is read back at the end is compared.
A file has the values of secrets in it, and only its owner can read it. A path with -- before it begins with a dash.
Exit code 0: done; 1: failed, nothing or whole records written; 2: wrong usage.
`;

/** Reads a command line, without the program's own name. */
export function readArguments(given: readonly string[]): Command {
  const parsed = parse(given);
  if (typeof parsed === "string") return { verb: "wrong", why: parsed };
  const { values, positionals } = parsed;
  if (values.help) return { verb: "help" };
  const [verb, from, to, ...more] = positionals;
  if (verb === undefined) return { verb: "wrong", why: "Say what to do: export, import or copy." };
  if (verb !== "export" && verb !== "import" && verb !== "copy") {
    return { verb: "wrong", why: `There is no "${verb}": it is export, import or copy.` };
  }
  if (from === undefined || to === undefined || more.length > 0) {
    return { verb: "wrong", why: `"${verb}" takes two arguments: ${operands[verb]}.` };
  }
  if (from === to) return { verb: "wrong", why: "From and to are the same." };
  const command: Move = {
    verb,
    from,
    to,
    dryRun: values["dry-run"],
    skipExisting: values["skip-existing"],
    withAudit: !values["without-audit"],
    withSecrets: !values["without-secrets"],
    headers: values.header,
  };
  const why = misplaced(command);
  return why === undefined ? command : { verb: "wrong", why };
}

const operands = { export: "FROM FILE", import: "FILE TO", copy: "FROM TO" };

const options = {
  "dry-run": { type: "boolean", default: false },
  "skip-existing": { type: "boolean", default: false },
  "without-audit": { type: "boolean", default: false },
  "without-secrets": { type: "boolean", default: false },
  header: { type: "string", multiple: true, default: [] as string[] },
  help: { type: "boolean", short: "h", default: false },
} as const;

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { ...options, header: { ...options.header } },
      allowPositionals: true,
    });
  } catch (error) {
    return error instanceof Error ? error.message : "The arguments cannot be read.";
  }
}

/** Whether it is a store's URL, or something that speaks HTTP, and no file. */
const scheme = /^[a-z][a-z0-9+.-]+:/i;
export const isRest = (from: string) => /^https?:/i.test(from);

function misplaced({ verb, from, to, skipExisting, headers }: Move) {
  if (verb === "import" ? scheme.test(from) : !scheme.test(from)) {
    return verb === "import"
      ? "import reads a file; copy moves from one store to another."
      : `"${from}" is no URL of a store.`;
  }
  if (verb === "export" ? scheme.test(to) : !scheme.test(to)) {
    return verb === "export"
      ? "export writes a file; copy moves from one store to another."
      : `"${to}" is no URL of a store.`;
  }
  if (verb !== "export" && isRest(to)) return "TO must be a store of this gateway.";
  if (verb === "export" && skipExisting) return "--skip-existing is for import and copy.";
  if (headers.length > 0 && !isRest(from)) return "--header is for FROM with https://…";
  return undefined;
}
