import { createHash } from "node:crypto";

/** Clients put a server's name before a tool's, and model providers take 64 characters. */
export const maxShownLength = 60;

/** Two underscores and no fewer: `get_repository` ends in one and ten letters. */
const mark = "__";
const hashLength = 10;
const readableLength = maxShownLength - mark.length - hashLength;
/** So much of an adapter's name stays whole, so that two adapters' shortened names begin alike only if theirs do. */
const keptAdapterLength = 36;

/**
 * What the router calls a tool or prompt of an adapter: `{adapter}_{name}` if every model provider takes that, else a
 * readable form of it that ends in a hash of both. An adapter's name has no underscore, so the first one parts the two;
 * what only looks like a hash is hashed too, so that no server can pick a name that the router gives to another's tool.
 */
export function shownName(adapter: string, name: string): string {
  const plain = `${adapter}_${name}`;
  const isTaken = plain.length > maxShownLength || !/^[A-Za-z0-9_-]+$/.test(name) || hasHash(plain);
  return isTaken ? hashedName(adapter, name) : plain;
}

/** Whether the adapter may have a tool that is shown by this name, so that no other needs to be asked. */
export function mayShow(adapter: string, shown: string): boolean {
  const part = shown.slice(0, shown.indexOf("_"));
  return adapter === part || (part.length >= keptAdapterLength && hasHash(shown) && adapter.startsWith(part));
}

function hasHash(shown: string): boolean {
  return /__[a-z2-7]{10}$/.test(shown);
}

function hashedName(adapter: string, name: string): string {
  const readable = name.slice(0, maxShownLength).replace(/[^A-Za-z0-9_-]+/g, "-");
  const adapterLength = Math.max(keptAdapterLength, readableLength - "_".length - readable.length);
  const start = `${adapter.slice(0, adapterLength)}_${readable}`.slice(0, readableLength);
  const digest = createHash("sha256")
    .update(JSON.stringify([adapter, name]))
    .digest();
  // 50 bits: whoever finds two names with one hash collides with tools of the same adapter, of which the first is shown.
  return start + mark + base32(digest).slice(0, hashLength);
}

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

/** RFC 4648 §6 in lower case, of the first 10 bytes. */
function base32(bytes: Buffer): string {
  let bits = BigInt(`0x${bytes.subarray(0, 10).toString("hex")}`);
  let text = "";
  for (let i = 0; i < 16; i++) {
    text = alphabet[Number(bits & 31n)] + text;
    bits >>= 5n;
  }
  return text;
}
