/** Values that must never be seen again, and what is known of them. */
export type Plants = {
  /** A value of its own. `what` says whose it is. */
  plant(what: string): string;
  /** A value that somebody else has made, such as a token. */
  keep(what: string, value: string): string;
  /** What of them is in such a text or bytes: as they are, or in one of the forms that programs give to values. */
  foundIn(text: string | Uint8Array): string[];
};

const minLength = 16;

export function plants(): Plants {
  const whatByForm = new Map<string, string>();
  const keep = (what: string, value: string) => {
    if (value.length < minLength) throw new Error(`${what} is too short: it would be found in anything`);
    for (const form of formsOf(Buffer.from(value))) whatByForm.set(form, what);
    return value;
  };
  return {
    keep,
    plant: (what) => keep(what, `planted${Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("hex")}`),
    foundIn(given) {
      const text = typeof given === "string" ? given : Buffer.from(given).toString();
      const lower = text.toLowerCase();
      const found = [...whatByForm].filter(([form]) => text.includes(form) || lower.includes(form));
      return [...new Set(found.map(([, what]) => what))].toSorted();
    },
  };
}

function formsOf(value: Buffer): string[] {
  const text = value.toString();
  const hex = value.toString("hex");
  const percent = hex.replace(/../g, "%$&");
  const escaped = JSON.stringify(text).slice(1, -1);
  return [text, escaped, encodeURIComponent(text), percent, hex, ...base64Of(value)];
}

/** At each of the three places that it may have in what is encoded, without what its neighbours share with it. */
function base64Of(value: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), value]);
    const bytes = whole.subarray(0, whole.length - (whole.length % 3));
    const own = bytes.toString("base64").slice(before === 0 ? 0 : 4);
    return [own, own.replaceAll("+", "-").replaceAll("/", "_")];
  });
}
