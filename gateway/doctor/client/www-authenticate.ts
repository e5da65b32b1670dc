export type AuthChallenge = {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
};

const token = "[!#$%&'*+.^_`|~\\w-]+";
const schemeAt = new RegExp(`[\\s,]*(${token})(?=\\s|,|$)`, "y");
const parameterAt = new RegExp(`[\\s,]*(${token})\\s*=\\s*(?:([^\\s,"=][^\\s,"]*)|"((?:[^"\\\\]|\\\\.)*)")`, "y");
const creditAt = /[\s,]*[\w.~+/-]+=*(?=[\s,]|$)/y;

/**
 * The challenges of a WWW-Authenticate header, several of which may be joined by commas (RFC 9110 §11.6.1). A URL without quotes
 * is taken as well, since clients do.
 */
export function challengesIn(header: string): readonly AuthChallenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  for (let at = 0; at < header.length;) {
    const parameter = match(parameterAt, header, at);
    const current = challenges.at(-1);
    if (parameter && current) {
      const [whole, name = "", plain, inQuotes = ""] = parameter;
      current.parameters.set(name.toLowerCase(), plain ?? inQuotes.replace(/\\(.)/g, "$1"));
      at += whole.length;
      continue;
    }
    const scheme = match(schemeAt, header, at);
    // `token68`, which no bearer challenge has.
    const skippedOver = scheme ?? match(creditAt, header, at);
    if (!skippedOver) return challenges;
    if (scheme?.[1]) challenges.push({ scheme: scheme[1].toLowerCase(), parameters: new Map() });
    at += skippedOver[0].length;
  }
  return challenges;
}

export function bearerIn(header: string | null): AuthChallenge | undefined {
  return challengesIn(header ?? "").find(({ scheme }) => scheme === "bearer");
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}
