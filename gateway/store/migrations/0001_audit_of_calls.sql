DROP INDEX "audit_by_resource";--> statement-breakpoint
ALTER TABLE "audit" ALTER COLUMN "at" SET DATA TYPE timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "audit" ALTER COLUMN "at" SET DEFAULT now();--> statement-breakpoint
ALTER TABLE "audit" ALTER COLUMN "revision" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "audit" ADD COLUMN "outcome" text DEFAULT 'ok' NOT NULL;--> statement-breakpoint
ALTER TABLE "audit" ADD COLUMN "tool" text;--> statement-breakpoint
ALTER TABLE "audit" ADD COLUMN "session" text;--> statement-breakpoint
ALTER TABLE "audit" ADD COLUMN "status" integer;--> statement-breakpoint
ALTER TABLE "audit" ADD COLUMN "duration_ms" integer;--> statement-breakpoint
ALTER TABLE "audit" ADD COLUMN "arguments_hash" text;--> statement-breakpoint
ALTER TABLE "audit" ADD COLUMN "arguments" text;--> statement-breakpoint
CREATE INDEX "audit_by_time" ON "audit" USING btree ("at","id");--> statement-breakpoint
CREATE INDEX "audit_by_actor" ON "audit" USING btree ("actor","at","id");--> statement-breakpoint
CREATE INDEX "audit_by_name" ON "audit" USING btree ("name","at","id");