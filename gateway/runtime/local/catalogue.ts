import { readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { z } from "zod";

/** A program that an image name stands for. */
export type Image = {
  /** `{PORT}` in an argument becomes the replica's port. `bun` is the Bun that runs the gateway. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly description: string;
  /** Where it runs; relative paths in its command start there. */
  readonly directory: string;
  /** Why it cannot run with these declared variables, in words. */
  readonly refusal?: (declared: Readonly<Record<string, string>>) => string | undefined;
};
export type Images = Readonly<Record<string, Image>>;

export interface Catalogue {
  /** Where users add images. */
  readonly file: string;
  /** Reads the file again if it has changed. @throws Error that names the file and the field, when it is not as it should be */
  images(): Images;
}

const Entry = z.strictObject({
  command: z.array(z.string().min(1)).min(1).max(256),
  environment: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).default({}),
  description: z.string().max(4096).default(""),
});
const Entries = z.record(
  z
    .string()
    .max(255)
    .regex(
      /^[a-z0-9]+([._/-][a-z0-9]+)*$/,
      "an image name has lowercase letters and numbers, separated by '.', '_', '/' or '-'",
    ),
  Entry,
);

/**
 * The bundled images and those of the user's JSON file: `{ "name": { "command": ["bun", "server.ts"], "environment": {},
 * "description": "" } }`. Programs run in the file's folder. A file that is not there is an empty one, unless it is `required`.
 *
 * @throws Error that names the file and the field, when the file is not as it should be
 */
export function openCatalogue(options: { bundled: Images; file: string; required: boolean }): Catalogue {
  const file = resolve(options.file);
  let readAt = "";
  let images = options.bundled;

  const catalogue: Catalogue = {
    file,
    images() {
      const stat = statSync(file, { throwIfNoEntry: false });
      if (stat === undefined && options.required) throw new Error(`The image catalogue ${file} does not exist.`);
      const version = stat === undefined ? "absent" : `${stat.mtimeMs}:${stat.size}:${stat.ino}`;
      if (version === readAt) return images;
      images = stat === undefined ? options.bundled : { ...options.bundled, ...readImages(file, options.bundled) };
      readAt = version;
      return images;
    },
  };
  catalogue.images();
  return catalogue;
}

function readImages(file: string, bundled: Images): Images {
  const entries = Entries.safeParse(parseJson(file));
  if (!entries.success) {
    const problems = entries.error.issues.map((issue) => `${issue.path.join(".") || "the file"}: ${problemOf(issue)}`);
    throw new Error(`The image catalogue ${file} is not valid: ${problems.join("; ")}.`);
  }
  const taken = Object.keys(entries.data).find((name) => Object.hasOwn(bundled, name));
  if (taken !== undefined) {
    throw new Error(
      `The image catalogue ${file} is not valid: ${taken}: a bundled image has that name, choose another.`,
    );
  }
  const directory = dirname(file);
  return Object.fromEntries(Object.entries(entries.data).map(([name, entry]) => [name, { ...entry, directory }]));
}

/** What is wrong with a record's key is one level deeper than the other problems. */
function problemOf(issue: z.core.$ZodIssue): string {
  return issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
}

function parseJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Error(`The image catalogue ${file} is not valid: ${error instanceof Error ? error.message : error}.`);
  }
}

/** What to spawn for a replica on this port. */
export function commandOf(image: Image, port: number): string[] {
  const [program = "", ...args] = image.command;
  const words = args.map((word) => word.replaceAll("{PORT}", String(port)));
  // A .env file in the folder may be the gateway's own, with its secrets.
  if (program === "bun") return [process.execPath, "--no-env-file", ...words];
  return [program.includes("/") && !isAbsolute(program) ? resolve(image.directory, program) : program, ...words];
}
