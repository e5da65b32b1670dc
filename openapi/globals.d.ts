/** The generated client names it as browsers do; Bun's types have it only under this name. */
type BodyInit = Bun.BodyInit;
