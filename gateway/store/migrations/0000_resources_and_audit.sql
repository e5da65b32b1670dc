CREATE TABLE "audit" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"uid" uuid NOT NULL,
	"revision" integer NOT NULL,
	"request_id" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "resources" (
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"uid" uuid NOT NULL,
	"revision" integer NOT NULL,
	"deleting" boolean NOT NULL,
	"body" jsonb NOT NULL,
	CONSTRAINT "resources_kind_name_pk" PRIMARY KEY("kind","name")
);
--> statement-breakpoint
CREATE INDEX "audit_by_resource" ON "audit" USING btree ("kind","name","id");