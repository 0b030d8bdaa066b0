-- What was booked stays what was booked: title and place as they were said to the guest. Bookings made before this have
-- them as their offering has them now, deleted or not.
alter table booking add column title text, add column location text,
    -- How often it was changed: a calendar that has an older one takes the newer (SEQUENCE of RFC 5545).
    add column sequence integer not null default 0 constraint booking_sequence check (sequence >= 0),
    add column cancelled_by text constraint booking_cancelled_by check (cancelled_by in ('provider', 'guest'));
update booking set title = offering.title, location = offering.location
from offering where offering.provider_id = booking.provider_id and offering.offering_id = booking.offering_id;
alter table booking alter column title set not null, alter column location set not null;

-- Raised by each change, so that nobody writes over what they have not seen.
alter table offering add column version bigint not null default 1;
