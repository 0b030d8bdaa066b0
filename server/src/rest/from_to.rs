//! `from` and `to` of a provider's own lists.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::{TimeRange, TimeZone};
use service::{Actor, Services, providers};

use super::ApiProblem;

const LONGEST: TimeDelta = TimeDelta::days(366);

/// Either end may be missing.
pub struct Stretch {
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

/// Dates are read in the provider's zone.
pub async fn read(
    services: &Services,
    actor: &Actor,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<Stretch, ApiProblem> {
    let has_date = [from, to].iter().flatten().any(|text| text.parse::<NaiveDate>().is_ok());
    let zone = if has_date { providers::me(services, actor).await?.public.time_zone } else { TimeZone::utc() };
    let from = from.map(|text| moment("from", text, &zone)).transpose()?;
    let to = to.map(|text| moment("to", text, &zone)).transpose()?;
    if from.zip(to).is_some_and(|(from, to)| to <= from) {
        return Err(ApiProblem::invalid("to", "invalid", "“to” must be after “from”."));
    }
    Ok(Stretch { from, to })
}

impl Stretch {
    /// Both ends or neither: with one end the other is 366 days away, the most there may be.
    pub fn closed(self) -> Result<Option<TimeRange>, ApiProblem> {
        let (from, to) = match (self.from, self.to) {
            (None, None) => return Ok(None),
            (Some(from), None) => (from, from + LONGEST),
            (None, Some(to)) => (to - LONGEST, to),
            // An hour more for a year of local dates that ends in another offset.
            (Some(from), Some(to)) if to - from > LONGEST + TimeDelta::hours(1) => {
                return Err(ApiProblem::invalid("to", "out_of_range", "At most 366 days after “from”."));
            }
            (Some(from), Some(to)) => (from, to),
        };
        Ok(TimeRange::new(from, to).ok())
    }
}

fn moment(name: &str, text: &str, zone: &TimeZone) -> Result<DateTime<Utc>, ApiProblem> {
    // chrono reads 2026-1-5 and +2026-01-05 too.
    let date = text.parse::<NaiveDate>().map(|date| (date.year(), date)).ok().filter(|_| text.len() == 10);
    let instant = DateTime::parse_from_rfc3339(text).map(|instant| instant.with_timezone(&Utc));
    let year = match (&date, &instant) {
        (Some((year, _)), _) => *year,
        (_, Ok(instant)) => instant.year(),
        _ => {
            return Err(ApiProblem::malformed(format!(
                "{name} is neither a date such as 2026-11-23 nor an RFC 3339 instant such as 2026-11-23T09:00:00Z."
            )));
        }
    };
    if !(1970..2200).contains(&year) {
        return Err(ApiProblem::invalid(name, "out_of_range", "From the year 1970 to 2199."));
    }
    Ok(match (date, instant) {
        (Some((_, date)), _) => zone.instant(date.and_time(NaiveTime::MIN)),
        (_, instant) => instant.unwrap_or_default(),
    })
}
