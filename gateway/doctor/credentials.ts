/** What cannot be used, in words for whoever typed it. */
export class Unusable extends Error {
  override readonly name = "Unusable";
}

/** Reads a file's text, or standard input for `-`; throws when it cannot. */
export type ReadText = (path: string) => Promise<string>;

/** Headers, by name in lower case, from what the command line names. Nothing of a value is in what is thrown. */
export async function credentialsFrom(
  { token, headers }: { token: string | undefined; headers: readonly string[] },
  readText: ReadText,
): Promise<Record<string, string>> {
  const lists = await Promise.all(
    headers.map((text) => (text.startsWith("@") ? linesOf(text.slice(1), readText) : [text])),
  );
  const given = lists.flat().map(headerIn);
  const authorization = token === undefined ? [] : [["authorization", `Bearer ${await tokenIn(token, readText)}`]];
  return Object.fromEntries([...given, ...authorization]);
}

async function linesOf(path: string, readText: ReadText): Promise<string[]> {
  const text = await readText(path).catch(() => {
    throw new Unusable(`The file of headers ${path} cannot be read.`);
  });
  return text.split("\n").filter((line) => line.trim() !== "");
}

function headerIn(line: string): [string, string] {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
  const value = line.slice(colon + 1).trim();
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name) || !/^[\t\x20-\x7e]+$/.test(value)) {
    throw new Unusable('A header is a name, a colon and a value, such as "x-api-key: …".');
  }
  return [name, value];
}

async function tokenIn(path: string, readText: ReadText): Promise<string> {
  const text = await readText(path).catch(() => {
    throw new Unusable(`The token cannot be read from ${path === "-" ? "standard input" : path}.`);
  });
  const token = text.trim().replace(/^bearer +/i, "");
  // RFC 6750 §2.1
  if (!/^[\w.~+/-]+=*$/.test(token))
    throw new Unusable("There is no token: it is one word of letters, digits and -._~+/=.");
  return token;
}
