//! `from` and `to` of a provider's own lists.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Moment, TimeRange, TimeZone, moment};
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
    let from = from.map(|text| read_one("from", text)).transpose()?;
    let to = to.map(|text| read_one("to", text)).transpose()?;
    let has_date = [from, to].into_iter().flatten().any(|moment| matches!(moment, Moment::Date(_)));
    let zone = if has_date { providers::me(services, actor).await?.public.time_zone } else { TimeZone::utc() };
    let (from, to) = (from.map(|from| from.instant(&zone)), to.map(|to| to.instant(&zone)));
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

fn read_one(name: &str, text: &str) -> Result<Moment, ApiProblem> {
    let moment = Moment::read(text).ok_or_else(|| {
        ApiProblem::malformed(format!(
            "{name} is neither a date such as 2026-11-23 nor an RFC 3339 instant such as 2026-11-23T09:00:00Z."
        ))
    })?;
    if moment.is_near() { Ok(moment) } else { Err(ApiProblem::invalid(name, "out_of_range", moment::OUT_OF_RANGE)) }
}
