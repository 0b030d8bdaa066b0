with moved as (
    update calendar set version = version + 1
    where provider_id = ('00000000-0000-7000-8000-' || (:provider::bigint)::text)::uuid and version >= 0
      and not exists (
          select from idempotency_key
          where idempotency_key.provider_id = ('00000000-0000-7000-8000-' || (:provider::bigint)::text)::uuid
            and key_hash = sha256((:slot::bigint)::text::bytea)
      )
    returning provider_id, version
), claimed as (
    insert into idempotency_key (provider_id, key_hash, body_hash, answer, created_at)
    select provider_id, sha256((:slot::bigint)::text::bytea), sha256('a body'), decode(repeat('5a', 700), 'hex'), now()
    from moved where :keyed::bigint = 1
), appointed as (
    insert into appointment
        (provider_id, appointment_id, offering_id, during, blocked, state, capacity, created_at)
    select provider_id, ('00000000-0000-7000-8000-' || (100000000000 + :slot::bigint)::text)::uuid, provider_id,
        tstzrange(to_timestamp(:start::bigint), to_timestamp(:start::bigint + 1800)),
        tstzrange(to_timestamp(:start::bigint), to_timestamp(:start::bigint + 1800)), 'active', 1, now() from moved
), seated as (
    insert into booking
        (provider_id, booking_id, appointment_id, capacity, seat, status, reference, manage_token_hash,
         guest_name, guest_email, guest_phone, guest_notes, guest_time_zone, offering_id, starts_at,
         ends_at, created_at, updated_at, title, location, agreed_local, agreed_zone)
    select provider_id, gen_random_uuid(),
        ('00000000-0000-7000-8000-' || (100000000000 + :slot::bigint)::text)::uuid, 1, 1, 'confirmed',
        'K7QM-' || (:slot::bigint)::text, sha256('a token'), 'A Guest', 'guest@example.com', null, null, null,
        provider_id, to_timestamp(:start::bigint), to_timestamp(:start::bigint + 1800), now(), now(), 'Appointment', '',
        to_timestamp(:start::bigint) at time zone 'UTC', 'UTC'
    from moved
), told as (
    insert into outbox (provider_id, outbox_id, topic, payload, created_at)
    select provider_id, gen_random_uuid(), 'booking.confirmed',
        '{"booking": {"booking_id": "01890a5d-ac96-774b-bcce-b302099a8057", "reference": "K7QM-2XWD",
          "provider_id": "01890a5d-ac96-774b-bcce-b302099a8057", "title": "Appointment", "location": "",
          "offering_id": "01890a5d-ac96-774b-bcce-b302099a8057", "status": "confirmed", "sequence": 0,
          "start": "2027-03-01T09:00:00Z", "end": "2027-03-01T09:30:00Z", "duration_minutes": 30,
          "guest": {"name": "A Guest", "email": "guest@example.com", "phone": null, "notes": null, "time_zone": null},
          "created_at": "2027-03-01T09:00:00Z", "updated_at": "2027-03-01T09:00:00Z"}}', now() from moved
), logged as (
    insert into calendar_change (provider_id, version, kind, changed, created_at)
    select provider_id, version, 'times',
        tstzrange(to_timestamp(:start::bigint - 86400), to_timestamp(:start::bigint + 88200)), now() from moved
)
select version from moved
