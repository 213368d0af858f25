//! Dates as vCard, vCalendar and iCalendar spell them (ISO 8601 basic and extended), and as epoch milliseconds. Recurrence is
//! elsewhere (carried, not computed). Zones are looked up in the bundled tz database, so a past date is exact.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A date as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// A day.
    Day(Date),
    /// A date and time without a zone of its own: floating, or in the zone that `TZID` names.
    Local(DateTime),
    /// A date and time in UTC.
    Utc(DateTime),
}

/// Reads a date or date-time; an offset is applied. `None` where it is none, or has no year.
pub fn parse(text: &str) -> Option<When> {
    let (date, time) = match text.trim().split_once(['T', 't']) {
        Some((date, time)) => (day(date)?, time),
        None => return day(text.trim()).map(When::Day),
    };
    let clock_length = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at_checked(clock_length)?;
    let local = on_clock(date, clock)?;
    match zone {
        "" => Some(When::Local(local)),
        "Z" | "z" => Some(When::Utc(local)),
        offset => {
            let minutes = offset_minutes(offset)?;
            local.checked_sub(minutes.minutes()).ok().map(When::Utc)
        }
    }
}

fn day(text: &str) -> Option<Date> {
    let is_extended = text.len() == 10 && text.split('-').count() == 3;
    let digits = if is_extended { text.replace('-', "") } else { text.to_owned() };
    if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i32 = digits.parse().ok()?;
    let small = |n: i32| i8::try_from(n).ok();
    Date::new(i16::try_from(number / 10_000).ok()?, small(number / 100 % 100)?, small(number % 100)?).ok()
}

/// 240000 is the midnight after, a leap second the second before.
fn on_clock(date: Date, clock: &str) -> Option<DateTime> {
    let clock: String = clock.split(['.', ',']).next()?.chars().filter(|c| *c != ':').collect();
    let digits = match clock.len() {
        4 => format!("{clock}00"),
        6 => clock,
        _ => return None,
    };
    if digits == "240000" {
        return date.checked_add(1.day()).ok().map(|next| next.to_datetime(Time::midnight()));
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i32 = digits.parse().ok()?;
    let small = |n: i32| i8::try_from(n).ok();
    let second = small(number % 100)?;
    let time = Time::new(small(number / 10_000)?, small(number / 100 % 100)?, second.min(59), 0).ok()?;
    (second <= 60).then(|| date.to_datetime(time))
}

fn offset_minutes(text: &str) -> Option<i64> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let number: i64 = digits.parse().ok()?;
    match digits.len() {
        2 => Some(sign * number * 60),
        4 => Some(sign * (number / 100 * 60 + number % 100)),
        _ => None,
    }
}

/// Epoch milliseconds as a field of dates has them. There 0 is none (MAX 2.3), so the beginning of 1970 is the millisecond after it: no
/// spelling of a date tells the two apart.
pub fn in_field(epoch_ms: i64) -> i64 {
    if epoch_ms == 0 { 1 } else { epoch_ms }
}

/// A zone by its IANA name; a path before it (`/citadel.org/20070227/Europe/London`) is dropped.
pub fn zone(name: &str) -> Option<TimeZone> {
    let mut rest = name.trim_matches('/');
    for _ in 0..8 {
        if let Ok(zone) = TimeZone::get(rest) {
            return Some(zone);
        }
        rest = rest.split_once('/')?.1;
    }
    None
}

impl When {
    /// In UTC where that is known: as it stands, or through its zone. Days and floating times stay.
    pub fn resolved(self, tzid: Option<&str>) -> Self {
        match (self, tzid.and_then(zone)) {
            (Self::Local(local), Some(zone)) => {
                let instant = zone.to_ambiguous_timestamp(local).compatible();
                instant.map_or(self, |instant| Self::Utc(TimeZone::UTC.to_datetime(instant)))
            }
            _ => self,
        }
    }

    /// Epoch milliseconds; a day is its midnight in UTC, a floating time is read as UTC.
    pub fn epoch_ms(self, tzid: Option<&str>) -> Option<i64> {
        let utc = match self.resolved(tzid) {
            Self::Day(day) => day.to_datetime(Time::midnight()),
            Self::Local(time) | Self::Utc(time) => time,
        };
        TimeZone::UTC.to_timestamp(utc).ok().map(Timestamp::as_millisecond)
    }

    /// Whether it says a day and no time.
    pub fn is_day(self) -> bool {
        matches!(self, Self::Day(_))
    }

    /// The day it falls on, as written.
    pub fn date(self) -> Date {
        match self {
            Self::Day(day) => day,
            Self::Local(time) | Self::Utc(time) => time.date(),
        }
    }

    /// `20240131` or `20240131T120000` or `20240131T120000Z`.
    pub fn basic(self) -> String {
        match self {
            Self::Day(day) => basic_day(day),
            Self::Local(time) => basic_time(time),
            Self::Utc(time) => format!("{}Z", basic_time(time)),
        }
    }

    /// The one spelling under which equal dates are equal: in UTC where the zone is known, a floating midnight as the day. With
    /// `is_end`, a floating 23:59 is the midnight after it: phones end all-day events so.
    pub fn normal(self, tzid: Option<&str>, is_end: bool) -> String {
        match self.resolved(tzid) {
            Self::Local(time) if time.time() == Time::midnight() => basic_day(time.date()),
            Self::Local(time) if is_end && time.hour() == 23 && time.minute() == 59 => {
                basic_day(time.date().checked_add(1.day()).unwrap_or(time.date()))
            }
            other => other.basic(),
        }
    }
}

fn basic_day(day: Date) -> String {
    format!("{:04}{:02}{:02}", day.year(), day.month(), day.day())
}

fn basic_time(time: DateTime) -> String {
    format!("{}T{:02}{:02}{:02}", basic_day(time.date()), time.hour(), time.minute(), time.second())
}

/// The wall clock of an instant in a zone, UTC for `None`; `None` outside of the years that can be written.
pub fn wall_clock(epoch_ms: i64, zone: Option<&TimeZone>) -> Option<DateTime> {
    let instant = Timestamp::from_millisecond(epoch_ms).ok()?;
    let time = zone.unwrap_or(&TimeZone::UTC).to_datetime(instant);
    (time.year() >= 0).then_some(time)
}

impl When {
    /// The day of it; the end of something that ends during a day is the day after.
    pub fn to_day(self, is_end: bool) -> Self {
        match self {
            Self::Local(time) | Self::Utc(time) if is_end && time.time() != Time::midnight() => {
                Self::Day(time.date().checked_add(1.day()).unwrap_or(time.date()))
            }
            other => Self::Day(other.date()),
        }
    }

    /// A day's midnight in UTC; a time stays.
    pub fn to_time(self) -> Self {
        match self {
            Self::Day(day) => Self::Utc(day.to_datetime(Time::midnight())),
            time => time,
        }
    }
}

/// A duration (`P1DT2H`, `-PT15M`, `P2W`; RFC 5545 section 3.3.6) in milliseconds; days have 24 hours.
pub fn duration_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mut sum, mut number) = (0_i64, None::<i64>);
    for c in rest.strip_prefix('P')?.chars() {
        if let Some(digit) = c.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(i64::from(digit))?);
            continue;
        }
        let seconds = match c {
            'T' if number.is_none() => continue,
            'W' => 7 * 86_400,
            'D' => 86_400,
            'H' => 3_600,
            'M' => 60,
            'S' => 1,
            _ => return None,
        };
        sum = sum.checked_add(number.take()?.checked_mul(seconds)?)?;
    }
    if number.is_some() { None } else { sum.checked_mul(1000 * sign) }
}
