/** A move cannot be made, or was not. The message is for whoever asked for it, and names no secret. */
export class TransferFailure extends Error {
  override readonly name = "TransferFailure";
}

const maxListed = 20;
const maxItemLength = 300;

/** A sentence, and below it what it is about, in lines; of many the first ones. */
export function failureOver(sentence: string, items: readonly string[]): TransferFailure {
  return new TransferFailure([sentence, ...listed(items)].join("\n"));
}

export function listed(items: readonly string[]): string[] {
  const more = items.length - maxListed;
  const shown = items.slice(0, maxListed).map((item) => `  ${printable(item).slice(0, maxItemLength)}`);
  return more > 0 ? [...shown, `  and ${more} more`] : shown;
}

/** Strangers' names are shown on a terminal, which obeys control characters. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, "?");
}
