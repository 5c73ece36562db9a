-- Campaigns: one change or one message for many passes. Their passes are chosen when they start and stand in chunks,
-- each of which is done in one transaction with the counters; nothing of it is written for each pass but its errors.

CREATE TABLE campaign (
    tenant_id text NOT NULL,
    campaign_id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    correlation_id text NOT NULL CHECK (length(correlation_id) BETWEEN 10 AND 100),
    request jsonb NOT NULL, -- as it was asked for; the work is read from its members update and notification
    actor text NOT NULL,
    passes_per_s integer NOT NULL CHECK (passes_per_s > 0),
    total bigint NOT NULL CHECK (total >= 0),
    updated bigint NOT NULL DEFAULT 0 CHECK (updated >= 0),
    errors bigint NOT NULL DEFAULT 0 CHECK (errors >= 0),
    apple_deployed bigint NOT NULL DEFAULT 0 CHECK (apple_deployed >= 0), -- deliveries, not passes
    google_deployed bigint NOT NULL DEFAULT 0 CHECK (google_deployed >= 0),
    started_at timestamptz NOT NULL,
    last_activity_at timestamptz NOT NULL,
    cancelled_at timestamptz,
    PRIMARY KEY (tenant_id, campaign_id), -- ids rise with time
    CHECK (updated + errors <= total)
) WITH (fillfactor = 50);
CREATE INDEX campaign_correlation ON campaign (tenant_id, correlation_id, campaign_id);

CREATE TABLE campaign_chunk (
    tenant_id text NOT NULL,
    campaign_id uuid NOT NULL,
    first_position bigint NOT NULL CHECK (first_position > 0), -- of its first pass among all of the campaign's
    pass_ids text[] NOT NULL CHECK (cardinality(pass_ids) > 0),
    changes jsonb, -- of each pass, in the same order; null: all get what the campaign says
    done_at timestamptz,
    PRIMARY KEY (tenant_id, campaign_id, first_position),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign ON DELETE CASCADE
);
CREATE INDEX campaign_chunk_to_do ON campaign_chunk (tenant_id, campaign_id, first_position) WHERE done_at IS NULL;

CREATE TABLE campaign_error (
    tenant_id text NOT NULL,
    campaign_id uuid NOT NULL,
    position bigint NOT NULL CHECK (position > 0),
    code text NOT NULL,
    PRIMARY KEY (tenant_id, campaign_id, position),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaign ON DELETE CASCADE
);

-- Notifications of one pass are read in the order of their ids, which rise with time.
CREATE INDEX pass_notification_history ON pass_notification (tenant_id, pass_id, notification_id);

ALTER TABLE campaign ENABLE ROW LEVEL SECURITY;
ALTER TABLE campaign_chunk ENABLE ROW LEVEL SECURITY;
ALTER TABLE campaign_error ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON campaign TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON campaign_chunk TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
CREATE POLICY one_tenant ON campaign_error TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
GRANT SELECT, INSERT, UPDATE, DELETE ON campaign, campaign_chunk TO guerdon_app;
GRANT SELECT, INSERT, DELETE ON campaign_error TO guerdon_app;
