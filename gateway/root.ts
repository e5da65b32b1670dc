/**
 * Where programs and data are that are found by their path: the checkout, or the folder that `npm run build` makes, which has
 * them at the same places. There this module is in a file of `gateway/`, as it is here.
 */
export const root = `${import.meta.dirname}/..`;
