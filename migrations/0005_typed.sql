-- An e-mail's host in one spelling. Hosts were put in small letters as far as they were ASCII: one in another script
-- kept its capitals, and its accents as the keyboard sent them. What two accounts would share stays as it is, and so
-- does punycode, which no function of Postgres reads: whoever looks for an account looks for both spellings.
with spelled as (
    select provider_id,
           split_part(email, '@', 1) || '@' || lower(normalize(split_part(email, '@', 2), nfkc)) as email
    from provider where octet_length(email) > char_length(email)
), alone as (
    select (array_agg(provider_id))[1] as provider_id, email from spelled group by email having count(*) = 1
)
update provider set email = alone.email
from alone
where provider.provider_id = alone.provider_id and provider.email <> alone.email
  and not exists (select from provider as other where other.email = alone.email);
