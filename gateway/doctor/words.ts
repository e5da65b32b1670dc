import type { Answer, Answered } from "./answer.ts";
import { errorOf } from "./json-rpc.ts";

/** Longer than any token: whatever repeats one repeats all of it, so that it can be taken out as a whole. */
const maxQuotedLength = 64 * 1024;

/** A stranger's words, on one line. */
export function quoted(text: string): string {
  return `"${text.slice(0, maxQuotedLength).replace(/\s+/g, " ").trim()}"`;
}

/** What came, in words: status, type, time, and what the server says. */
export function inWords(answer: Answer): string {
  switch (answer.state) {
    case "silent":
      return `nothing came within ${seconds(answer.afterMs)}`;
    case "unanswered":
      return `no answer: ${answer.reason}`;
    case "answered":
      return `${statusOf(answer)}${saidIn(answer)}`;
  }
}

/** The same as a sentence. */
export function said(answer: Answer): string {
  return `${sentence(inWords(answer))}.`;
}

export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function statusOf({ status, headers, headMs }: Answered): string {
  const type = headers.get("content-type")?.split(";")[0]?.trim();
  return `HTTP ${status}${type ? ` (${type})` : ""} after ${headMs} ms`;
}

function saidIn({ message, text, headers }: Answered): string {
  const error = errorOf(message);
  if (error) return `, error${error.code === undefined ? "" : ` ${error.code}`} ${quoted(error.message)}`;
  if (message || text.trim() === "") return "";
  const title = /<title[^>]*>([^<]*)/i.exec(text)?.[1];
  const isPage = headers.get("content-type")?.includes("html") ?? false;
  return isPage ? `, a web page${title ? ` ${quoted(title)}` : ""}` : `: ${quoted(text)}`;
}

export function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : noun.endsWith("s") ? "es" : "s"}`;
}
