import { randomBytes } from "node:crypto";

/**
 * Where entries stand in the trail, as text that sorts: by their time, and of one time by when this gateway noted them.
 * Cosmos DB has no sequence; entries of several gateways within one millisecond stand in any order, but always the same.
 */
export function trailPositions(now: () => number): (at: Date) => string {
  const gateway = randomBytes(4).toString("hex");
  let count = 0;
  let notedAtMs = 0;
  return (at) => {
    notedAtMs = Math.max(notedAtMs, now());
    count = (count + 1) % 10 ** countDigits;
    return `${positionOf(at)}.${padded(notedAtMs, 13)}-${padded(count, countDigits)}-${gateway}`;
  };
}

const countDigits = 9;
const shape = /^\d{15}\.\d{13}-\d{9}-[0-9a-f]{8}$/;

/** Before every position of this time. */
export function positionOf(at: Date): string {
  return padded(at.getTime(), 15);
}

/** The position at which a page ended, for a client, who is not to look into it. */
export function cursorOf(position: string): string {
  return Buffer.from(position).toString("base64url");
}

/** Undefined for what {@link cursorOf} cannot have given. */
export function positionFrom(cursor: string): string | undefined {
  const position = Buffer.from(cursor, "base64url").toString("latin1");
  return shape.test(position) && cursorOf(position) === cursor ? position : undefined;
}

const padded = (count: number, digits: number) => String(Math.max(0, count)).padStart(digits, "0");
