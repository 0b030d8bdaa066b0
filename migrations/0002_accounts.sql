-- Sessions that their provider can see and end, and what an account is known by.

-- session_id names a session where its token must not: in the list of the settings. `used_at` moves at most
-- once an hour, and `expires_at` with it; address and browser are of the last time it moved. Defaults, because
-- a node of the version before may still write here while this one starts.
alter table session
    add column session_id uuid        not null default gen_random_uuid(),
    add column used_at    timestamptz not null default now(),
    add column address    text        not null default '',
    add column browser    text        not null default '',
    add constraint session_id_unique unique (session_id);
create index session_by_provider on session (provider_id, used_at);

-- From where an account was signed in to with the right password: a browser, by the SHA-256 of its device
-- cookie, or a network, by that of its address. Whoever comes from there is not kept out by strangers who guess
-- the account's password elsewhere.
create table acquaintance (
    mark_hash   bytea       not null,
    provider_id uuid        not null constraint acquaintance_provider references provider on delete cascade,
    used_at     timestamptz not null,
    constraint acquaintance_pkey primary key (mark_hash, provider_id)
);
create index acquaintance_by_provider on acquaintance (provider_id, used_at);
