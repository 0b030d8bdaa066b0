-- What a clock on the provider's wall was to show at the start, as it was agreed. `starts_at` was computed of it by the
-- rules of zones as they were then; when a law changes them, the two no longer say the same, and a booking can be found
-- whose people may come at another hour. Null: booked before this was kept.
alter table booking
    add column agreed_local timestamp,
    add column agreed_zone  text,
    add constraint booking_agreed check ((agreed_local is null) = (agreed_zone is null));
