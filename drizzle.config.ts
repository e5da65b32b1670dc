import { defineConfig } from "drizzle-kit";

/** After a change of the tables: `npx drizzle-kit generate --name <what changed>`, and commit what it writes. */
export default defineConfig({
  dialect: "postgresql",
  schema: "./gateway/store/schema.ts",
  out: "./gateway/store/migrations",
});
