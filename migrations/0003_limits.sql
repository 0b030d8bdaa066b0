-- Who is kept from taking all of it: seats of one session, and names that were somebody's.

-- A group's seats are for different guests unless the offering says otherwise.
alter table offering add column seats_per_guest integer not null default 1
    constraint offering_seats_per_guest check (seats_per_guest between 1 and 1000);

-- Handles given up. Links to them stand on cards and in mails: for a time they are nobody else's and lead on to
-- whatever their provider is called by then. A reference table beside provider; not written when a guest books.
-- provider_handle_unique knows nothing of it: whoever takes a handle looks here after that constraint has let them
-- pass, when a handle given up at the same moment is visible.
create table former_handle (
    handle      text        not null constraint former_handle_pkey primary key,
    provider_id uuid        not null constraint former_handle_provider references provider on delete cascade,
    given_up_at timestamptz not null
);
create index former_handle_by_provider on former_handle (provider_id, given_up_at);
