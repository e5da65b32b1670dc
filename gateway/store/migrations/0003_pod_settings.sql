-- Adapters and tools from before pod settings run by the defaults.
UPDATE "resources" SET "body" = '{"pod": null}'::jsonb || "body" WHERE "kind" in ('adapter', 'tool');
