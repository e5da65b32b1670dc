CREATE UNIQUE INDEX "resources_by_workload" ON "resources" USING btree ("name") WHERE kind in ('adapter', 'tool');--> statement-breakpoint
-- Adapters from before the tool router stay out of it.
UPDATE "resources" SET "body" = '{"exposeTools": false}'::jsonb || "body" WHERE "kind" = 'adapter';