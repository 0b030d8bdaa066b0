-- Eventide's whole schema. Runs on Postgres 15 and later.
--
-- Every table that grows with use has provider_id first in its key and is only ever queried within
-- one provider, so that the same schema can be spread over Citus by provider_id. Tables that need
-- uniqueness across providers (provider, session, api_token) stand apart, as reference tables, and
-- are not written when a guest books. Constraints are named: the code answers to their names.

create extension if not exists btree_gist;

create table provider (
    provider_id   uuid        not null constraint provider_pkey primary key,
    handle        text        not null constraint provider_handle_unique unique
                              constraint provider_handle_form check (handle ~ '^[a-z0-9-]{3,30}$'),
    email         text        not null constraint provider_email_unique unique,
    password_hash text        not null, -- argon2id, PHC string
    display_name  text        not null,
    bio           text        not null default '',
    time_zone     text        not null, -- IANA name
    created_at    timestamptz not null
);

-- Browser sessions and API tokens: only the SHA-256 of the random token is kept, so that a copy of
-- this table signs nobody in. A fast hash is enough: the tokens have 256 random bits.
create table session (
    token_hash  bytea       not null constraint session_pkey primary key,
    provider_id uuid        not null constraint session_provider references provider on delete cascade,
    created_at  timestamptz not null,
    expires_at  timestamptz not null
);

create table api_token (
    token_id    uuid        not null constraint api_token_pkey primary key,
    token_hash  bytea       not null constraint api_token_hash_unique unique,
    provider_id uuid        not null constraint api_token_provider references provider on delete cascade,
    name        text        not null,
    created_at  timestamptz not null
);
create index api_token_by_provider on api_token (provider_id, token_id);

-- One row a provider: whoever changes what guests may see locks it by raising the version.
create table calendar (
    provider_id uuid   not null constraint calendar_pkey primary key,
    version     bigint not null default 0
);

create table offering (
    provider_id           uuid        not null,
    offering_id           uuid        not null,
    slug                  text        not null,
    title                 text        not null,
    description           text        not null default '',
    location              text        not null default '',
    durations_minutes     integer[]   not null constraint offering_durations check (cardinality(durations_minutes) between 1 and 10),
    step_minutes          integer     not null constraint offering_step check (step_minutes between 5 and 1440),
    buffer_before_minutes integer     not null constraint offering_buffer_before check (buffer_before_minutes between 0 and 1440),
    buffer_after_minutes  integer     not null constraint offering_buffer_after check (buffer_after_minutes between 0 and 1440),
    min_notice_minutes    integer     not null constraint offering_notice check (min_notice_minutes >= 0),
    horizon_days          integer     not null constraint offering_horizon check (horizon_days between 1 and 366),
    daily_limit           integer     constraint offering_daily_limit check (daily_limit >= 1),
    capacity              integer     not null constraint offering_capacity check (capacity between 1 and 1000),
    approval              text        not null constraint offering_approval check (approval in ('automatic', 'manual')),
    active                boolean     not null,
    created_at            timestamptz not null,
    -- Bookings keep pointing at an offering that is no longer offered.
    deleted_at            timestamptz,
    constraint offering_pkey primary key (provider_id, offering_id)
);
create unique index offering_slug_unique on offering (provider_id, slug) where deleted_at is null;

-- Instants are UTC; a series keeps local times and its IANA zone, so that wall clock stays wall clock.
create table availability (
    provider_id     uuid        not null,
    availability_id uuid        not null,
    effect          text        not null constraint availability_effect check (effect in ('open', 'closed')),
    during          tstzrange,  -- of a one-off
    start_minute    smallint    constraint availability_start_minute check (start_minute between 0 and 1439),
    end_minute      smallint    constraint availability_end_minute check (end_minute between 0 and 1440),
    starts_on       date,
    recurrence      text,       -- RFC 5545 RRULE
    time_zone       text,
    exceptions      date[]      not null default '{}',
    note            text,
    version         bigint      not null default 1,
    created_at      timestamptz not null,
    updated_at      timestamptz not null,
    constraint availability_pkey primary key (provider_id, availability_id),
    constraint availability_one_kind check (
        case when during is not null
            then not isempty(during) and num_nonnulls(start_minute, end_minute, starts_on, recurrence, time_zone) = 0
            else num_nonnulls(start_minute, end_minute, starts_on, recurrence, time_zone) = 5
        end
    )
);

-- A stretch of the provider's time. `blocked` is `during` with the buffers it was booked with.
create table appointment (
    provider_id    uuid        not null,
    appointment_id uuid        not null,
    offering_id    uuid        not null,
    during         tstzrange   not null constraint appointment_during check (not isempty(during)),
    blocked        tstzrange   not null constraint appointment_blocked check (blocked @> during),
    state          text        not null constraint appointment_state check (state in ('held', 'active', 'released')),
    capacity       integer     not null constraint appointment_capacity check (capacity >= 1),
    expires_at     timestamptz constraint appointment_only_holds_expire check ((expires_at is not null) = (state = 'held')),
    created_at     timestamptz not null,
    constraint appointment_pkey primary key (provider_id, appointment_id),
    -- What a seat refers to, so that the seat's own check knows the capacity.
    constraint appointment_capacity_key unique (provider_id, appointment_id, capacity),
    constraint appointment_offering foreign key (provider_id, offering_id) references offering,
    -- The first promise: active appointments of one provider never overlap, buffers included. Ranges
    -- that touch do not overlap. Everything above this line of defence is kindness.
    constraint appointment_no_overlap exclude using gist (provider_id with =, blocked with &&)
        where (state in ('held', 'active'))
);

-- A guest's seat in an appointment.
create table booking (
    provider_id       uuid        not null,
    booking_id        uuid        not null,
    appointment_id    uuid        not null,
    capacity          integer     not null,
    seat              integer     not null,
    status            text        not null constraint booking_status
                                  check (status in ('pending', 'confirmed', 'cancelled', 'declined', 'completed', 'no_show')),
    reference         text        not null,
    manage_token_hash bytea       not null,
    guest_name        text        not null,
    guest_email       text        not null,
    guest_phone       text,
    guest_notes       text,
    guest_time_zone   text,
    reason            text,
    -- Copies of the appointment's, for lists in order of time.
    offering_id       uuid        not null,
    starts_at         timestamptz not null,
    ends_at           timestamptz not null,
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    constraint booking_pkey primary key (provider_id, booking_id),
    constraint booking_reference_unique unique (provider_id, reference),
    constraint booking_appointment foreign key (provider_id, appointment_id, capacity)
        references appointment (provider_id, appointment_id, capacity),
    constraint booking_seat_exists check (seat between 1 and capacity)
);
-- The second promise: a seat is taken once.
create unique index booking_seat_once on booking (provider_id, appointment_id, seat)
    where status not in ('cancelled', 'declined');
create index booking_by_start on booking (provider_id, starts_at, booking_id);

-- The numbered log behind live refresh: per provider gapless and in commit order, because its number
-- is the version taken under the lock on the calendar row.
create table calendar_change (
    provider_id uuid        not null,
    version     bigint      not null,
    -- What changed: 'times', or 'profile' when offerings or the public profile did.
    kind        text        not null constraint calendar_change_kind check (kind in ('times', 'profile')),
    -- The stretch in which windows may differ.
    changed     tstzrange   not null,
    created_at  timestamptz not null,
    constraint calendar_change_pkey primary key (provider_id, version)
);

-- What has to leave the house (mail, webhooks): written with the change it tells of, sent after commit.
create table outbox (
    provider_id uuid        not null,
    outbox_id   uuid        not null,
    topic       text        not null, -- 'booking.created', 'booking.cancelled', ...
    payload     jsonb       not null,
    created_at  timestamptz not null,
    sent_at     timestamptz,
    constraint outbox_pkey primary key (provider_id, outbox_id)
);

-- The answer to a request that may be repeated. The key is kept as a hash, and the answer sealed with
-- a key made of it, because answers hold tokens.
create table idempotency_key (
    provider_id uuid        not null, -- nil where the request makes a provider
    key_hash    bytea       not null,
    body_hash   bytea       not null,
    answer      bytea,
    created_at  timestamptz not null,
    constraint idempotency_key_pkey primary key (provider_id, key_hash)
);
create index idempotency_key_by_age on idempotency_key (created_at);
