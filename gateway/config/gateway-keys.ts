import { z } from "zod";

const minKeyLength = 32;
/** A session id names its key, which is looked for among all of them. */
const maxKeys = 32;

/** Sealing keys, current first, with commas or line breaks between them. No message holds any of a key. */
export const GatewayKeys = z
  .string()
  .transform((text) =>
    text
      .split(/[,\r\n]/)
      .map((key) => key.trim())
      .filter(Boolean),
  )
  .pipe(
    z
      .array(z.string().min(minKeyLength, `each key needs ${minKeyLength} characters or more, from a random source`))
      .min(1, "there is no key in it")
      .max(maxKeys, `these are more than ${maxKeys} keys`),
  );
