-- Names under which phones know passes that another system issued; and persons, whose data can be found and erased.

CREATE TABLE pass_alias (
    tenant_id text NOT NULL,
    provider text NOT NULL CHECK (provider IN ('apple', 'google')),
    alias text NOT NULL CHECK (length(alias) BETWEEN 1 AND 200), -- Apple's serial number, Google's object id
    pass_id text NOT NULL,
    PRIMARY KEY (tenant_id, provider, alias),
    FOREIGN KEY (tenant_id, pass_id) REFERENCES pass ON DELETE CASCADE
);
CREATE UNIQUE INDEX pass_alias_pass ON pass_alias (tenant_id, pass_id, provider);

-- The events of a pass can be found, but for movements: those are in the ledger, and their writers pay for no index.
CREATE INDEX event_subject ON event (tenant_id, subject_id, event_id) WHERE kind <> 'Privilege:Moved';

ALTER TABLE pass_alias ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_tenant ON pass_alias TO guerdon_app USING (tenant_id = current_setting('app.tenant_id', true));
GRANT SELECT, INSERT, DELETE ON pass_alias TO guerdon_app;
-- Events stay for ever; what they say of a person can be erased (platform/events.py).
GRANT UPDATE (payload) ON event TO guerdon_app;
